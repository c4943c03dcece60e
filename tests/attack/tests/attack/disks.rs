//! Secrets on disks and in logs.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use attack::{AttackedPlatform, HttpCall, MqttGreeting, MqttLine, Somebody, Station, files_below};
use memchr::memmem;
use serde_json::json;
use support::{Mqtt, Place, Tablet, eventually};
use wire::{CommandBody, EdgeId, OrderId, Region, Role};

/// The files that contain one of the secrets.
fn holding(folder: &Path, secrets: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files_below(folder) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for (whose, secret) in secrets {
            if memmem::find(&bytes, secret).is_some() {
                found.push(format!("{whose} in {}", file.display()));
            }
        }
    }
    found
}

async fn publish_approved_orders(customer: &Somebody, admin: &Somebody) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = customer
            .publish_approved(admin, Region::North, "Mend the tap")
            .await;
        orders.push(order);
    }
    orders
}

/// Accepts the orders on the provider's tablet, once the edge's board shows the first of them.
async fn accept_on_tablet(
    platform: &AttackedPlatform,
    provider: &Somebody,
    orders: [OrderId; 2],
) -> Tablet {
    let edge = EdgeId::new(&platform.edge().edge).unwrap();
    let place = Place {
        region: Region::North,
        edge,
        host: "127.0.0.1".into(),
        port: platform.edge().mqtt,
    };
    let mut offline = provider.person.clone();
    offline.token = provider.edge_token.clone();
    let tablet = Tablet::new(place, "day-tablet", &offline, Mqtt::V5);
    let board = HttpCall::get("/board").bearer(&offline.token);
    eventually("the board has the order", attack::PATIENCE, async || {
        let seen = provider
            .station
            .ask(platform.edge().http, &board)
            .await
            .ok()?;
        seen.text().contains(&orders[0].to_string()).then_some(())
    })
    .await;
    for order_id in orders {
        let command = tablet.prepare(CommandBody::AcceptOrder { order_id });
        tablet
            .until_decided(command, attack::PATIENCE)
            .await
            .unwrap();
    }
    tablet
}

/// Signs in at the page, then tries a wrong password and a bad token at the broker.
async fn use_right_and_wrong_secrets(platform: &AttackedPlatform, customer: &Somebody) {
    let page = json!({"username": customer.username, "password": "correct-horse-battery"});
    let own = format!("http://127.0.0.1:{}", platform.gateway());
    let call = HttpCall::post("/api/v1/session")
        .json(&page)
        .header("origin", own);
    let signed = Station::fresh()
        .ask(platform.gateway(), &call)
        .await
        .unwrap();
    assert_eq!(signed.status, 200);
    let wrong = platform
        .sign_in(Station::fresh(), &customer.username, "a-wrong-password-77")
        .await;
    assert!(wrong.is_err());
    let greeting = MqttGreeting::of("day-stranger", "a.bad.token-88");
    let _refused = MqttLine::open(Station::fresh(), platform.edge().mqtt, &greeting).await;
}

fn signature_of(token: &str) -> Vec<u8> {
    token
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .as_bytes()
        .to_vec()
}

/// After a working day the disks hold no token that opens the gateway, and the logs hold no secret.
#[tokio::test]
async fn somebody_with_the_disks_finds_a_live_token_or_a_password() {
    let platform = AttackedPlatform::with_own_servers().await;
    let customer = platform.somebody(Role::Customer).await;
    let [at_portal, at_tablet] = [platform.provider().await, platform.provider().await];
    let admin = platform.admin().await;
    let orders = publish_approved_orders(&customer, &admin).await;
    assert!(at_portal.act(orders[0], "accept").await.unwrap().status < 300);
    let tablet = accept_on_tablet(&platform, &at_tablet, [orders[1], orders[0]]).await;
    use_right_and_wrong_secrets(&platform, &customer).await;
    tablet.stop().await;

    let people = [
        ("customer", &customer),
        ("portal", &at_portal),
        ("tablet", &at_tablet),
        ("admin", &admin),
    ];
    let tokens: Vec<_> = people
        .iter()
        .map(|(whose, somebody)| {
            (
                format!("the {whose}'s token"),
                signature_of(&somebody.person.token),
            )
        })
        .collect();
    let folder = platform.stack.layout().folder.clone();
    assert_eq!(
        holding(&folder, &tokens),
        Vec::<String>::new(),
        "tokens on disk"
    );
    let mut secrets = tokens;
    secrets.push((
        "the tablet's own token".into(),
        signature_of(&at_tablet.edge_token),
    ));
    for (whose, secret) in [
        ("a password", "correct-horse-battery"),
        ("the admin's password", stack::sign_ins::PASSWORD),
        ("a wrong password", "a-wrong-password-77"),
        ("an address", "1 Harbour Road"),
        ("a bad token", "bad.token-88"),
    ] {
        secrets.push((whose.into(), secret.as_bytes().to_vec()));
    }
    let logs = platform.stack.layout().logs_folder();
    assert_eq!(
        holding(&logs, &secrets),
        Vec::<String>::new(),
        "secrets in logs"
    );
}

#[tokio::test]
async fn another_user_of_the_machine_reads_keys_and_data() {
    use std::os::unix::fs::PermissionsExt;
    let platform = AttackedPlatform::shared().await;
    let folder = &platform.stack.layout().folder;
    let mut open = Vec::new();
    for file in files_below(folder) {
        let Ok(metadata) = std::fs::metadata(&file) else {
            continue;
        };
        let is_secret = file
            .extension()
            .is_some_and(|ending| ending == "key" || ending == "db")
            || file.to_string_lossy().ends_with("-wal");
        if is_secret && metadata.permissions().mode() & 0o077 != 0 {
            open.push(format!(
                "{:o} {}",
                metadata.permissions().mode() & 0o777,
                file.display()
            ));
        }
    }
    assert_eq!(open, Vec::<String>::new());
}
