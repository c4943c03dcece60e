//! Tokens stored at an edge, and their powers.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use attack::{
    AttackedPlatform, HttpAnswer, HttpCall, MqttGreeting, MqttLine, PATIENCE, Somebody, Station,
};
use process::clock::Clock;
use serde_json::{Value, json};
use support::eventually;
use wire::{OrderId, Region, Role};

const SESSION: &str = "/api/v1/session";

/// Routes for a thief to test if a token opens the cloud.
fn probes(token: &str) -> Vec<HttpCall> {
    let form = json!({ "region": "NORTH" });
    vec![
        HttpCall::get(SESSION).bearer(token),
        HttpCall::get("/api/v1/orders").bearer(token),
        HttpCall::get("/api/v1/notifications").bearer(token),
        HttpCall::post("/api/v1/auth/edge-token")
            .bearer(token)
            .json(&form),
        HttpCall::post("/api/v1/auth/logout").bearer(token),
        HttpCall::post("/api/v1/auth/verify-token").json(&json!({ "token": token })),
    ]
}

async fn opens_no_cloud(platform: &AttackedPlatform, why: &str, token: &str) {
    let thief = Station::fresh();
    for call in probes(token) {
        let answer = thief.ask(platform.gateway(), &call).await.unwrap();
        let said = (answer.status, answer.code());
        assert_eq!(
            said,
            (401, "invalid_token".to_owned()),
            "{why}: {call:?}: {}",
            answer.text()
        );
    }
}

/// Asserts that the token opens no entrance of the edge.
async fn opens_no_edge(platform: &AttackedPlatform, why: &str, token: &str) {
    let thief = Station::fresh();
    let edge = platform.edge();
    for path in ["/board", "/session"] {
        let answer = thief
            .ask(edge.http, &HttpCall::get(path).bearer(token))
            .await
            .unwrap();
        let said = (answer.status, answer.code());
        assert_eq!(said, (401, "invalid_token".to_owned()), "{why} at {path}");
    }
    let answer = command(platform, thief, token, OrderId(Clock::system().new_id())).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token"),
        "{why}"
    );
    assert_eq!(
        answer.json()["reply"]["verdict"],
        json!("not_taken"),
        "{why}"
    );
    let greeting = MqttGreeting::of("a-thiefs-tablet", token);
    let (code, _) = MqttLine::open(thief, edge.mqtt, &greeting).await.unwrap();
    assert_ne!(code, 0, "{why} at the broker");
}

/// Accepts an order at the edge over HTTP.
async fn command(
    platform: &AttackedPlatform,
    from: Station,
    token: &str,
    order: OrderId,
) -> HttpAnswer {
    let frame = json!({
        "v": 1, "id": Clock::system().new_id(), "device_seq": 1, "tapped_at": "2026-11-21T12:00:00Z",
        "token": token, "body": { "type": "accept_order", "order_id": order },
    });
    let call = HttpCall::post("/commands").json(&frame);
    from.ask(platform.edge().http, &call).await.unwrap()
}

/// Every token in the files below the folder, including free pages of a database.
fn tokens_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    // SQLite may delete a file during the search.
                    found.extend(tokens_in(&fs::read(entry.path()).unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
    found
}

/// Three parts in base64: a header, claims, and 64 bytes of signature.
fn tokens_in(bytes: &[u8]) -> Vec<String> {
    const SIGNATURE_CHARS: usize = 86;
    let is_char = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |from: usize| bytes[from..].iter().take_while(is_char).count();
    let at = |start: usize| {
        let claims = start + part(start) + 1;
        let signature = claims + bytes.get(claims..).map_or(0, |_| part(claims)) + 1;
        let end = signature + SIGNATURE_CHARS;
        let dots = [claims - 1, signature - 1].map(|at| bytes.get(at) == Some(&b'.'));
        let is_token = dots == [true, true]
            && bytes[claims..].starts_with(b"eyJ")
            && bytes
                .get(signature..end)
                .is_some_and(|text| text.iter().all(|b| is_char(&b)));
        is_token.then(|| String::from_utf8_lossy(&bytes[start..end]).into_owned())
    };
    let starts = bytes
        .windows(3)
        .enumerate()
        .filter(|(_, three)| *three == b"eyJ");
    starts.filter_map(|(start, _)| at(start)).collect()
}

async fn open_order(admin: &Somebody, customer: &Somebody) -> OrderId {
    customer
        .publish_approved(admin, Region::North, "Mend the tap")
        .await
}

/// Assigns NORTH to its edge, and waits until the edge has synced the assignment.
async fn hold(platform: &AttackedPlatform, admin: &Somebody) {
    let edge = &platform.edge().edge;
    let form = json!({ "policy": "exclusive", "holder": edge, "epoch": 1 });
    admin
        .done(HttpCall::new("PUT", "/api/v1/admin/assignments/NORTH").json(&form))
        .await;
    eventually("the edge holds its region", PATIENCE, async || {
        let station = Station::fresh();
        let call = HttpCall::get("/standing");
        let standing: Value = station.ask(platform.edge().http, &call).await.ok()?.json();
        (standing["holder"] == json!(edge)).then_some(())
    })
    .await;
}

async fn until_accepted_by(admin: &Somebody, order: OrderId, provider: &Somebody) {
    eventually("the acceptance is decided", PATIENCE, async || {
        let call = HttpCall::get(&format!("/api/v1/orders/{order}"));
        let order = admin.ask(call).await.ok()?.json();
        (order["provider_id"] == json!(provider.person.user_id)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_node_thief_opens_the_gateway_as_somebody_who_never_used_that_node() {
    let platform = AttackedPlatform::on_any_stores().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    hold(&platform, &admin).await;
    let order = open_order(&admin, &customer).await;
    // The accept waits at the portal, and goes to the node that holds the region.
    let accepted = provider.act(order, "accept").await.unwrap();
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    until_accepted_by(&admin, order, &provider).await;

    let layout = platform.stack.layout();
    let found = tokens_below(&layout.edge_folder(platform.edge()));
    assert!(
        !found.is_empty(),
        "the node vouches for the accept by a token"
    );
    for token in &found {
        opens_no_cloud(&platform, "on the node's disk", token).await;
        opens_no_edge(&platform, "on the node's disk", token).await;
    }
    for token in tokens_below(&layout.folder) {
        opens_no_cloud(&platform, "on the platform's disks", &token).await;
    }
    let own = provider.ask(HttpCall::get(SESSION)).await.unwrap();
    assert_eq!(own.status, 200, "the provider himself goes on");
}

#[tokio::test]
async fn a_node_thief_opens_the_gateway_with_what_tablets_left_there() {
    let platform = AttackedPlatform::on_any_stores().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let order = open_order(&admin, &customer).await;
    let form = json!({ "username": provider.username, "password": "correct-horse-battery" });
    let edge = platform.edge();
    let signed = provider
        .station
        .ask(edge.http, &HttpCall::post("/session").json(&form))
        .await;
    let grant = signed.unwrap().json();
    let token = ["edge_token", "access_token"]
        .iter()
        .find_map(|name| grant[name].as_str());
    let token = token.expect("a sign-in").to_owned();
    let session = HttpCall::get("/session?device=t-1").bearer(&token);
    assert_eq!(
        provider
            .station
            .ask(edge.http, &session)
            .await
            .unwrap()
            .status,
        200
    );
    let greeting = MqttGreeting::of("t-1", &token);
    let (code, line) = MqttLine::open(provider.station, edge.mqtt, &greeting)
        .await
        .unwrap();
    assert_eq!(code, 0, "the broker knows him");
    drop(line);
    eventually("the node has heard of the order", PATIENCE, async || {
        let board = HttpCall::get("/board").bearer(&token);
        let board = provider.station.ask(edge.http, &board).await.ok()?.json();
        let items = board["items"].as_array()?;
        items
            .iter()
            .any(|item| item["id"] == json!(order))
            .then_some(())
    })
    .await;
    let reply = command(&platform, provider.station, &token, order)
        .await
        .json();
    assert_eq!(reply["verdict"], json!("provisional"), "{reply}");
    until_accepted_by(&admin, order, &provider).await;

    assert!(
        grant.get("access_token").is_none(),
        "the node handed out {grant}"
    );
    opens_no_cloud(&platform, "from the sign-in at the node", &token).await;
    let found = tokens_below(&platform.stack.layout().folder);
    assert!(
        found.contains(&token),
        "the node keeps it to vouch for the command"
    );
    for token in found {
        opens_no_cloud(&platform, "on a disk of the platform", &token).await;
    }
}

#[tokio::test]
async fn a_tablets_token_for_the_cloud_comes_to_rest_at_a_node() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let token = &provider.person.token;
    opens_no_edge(platform, "the cloud's own", token).await;
    let kept = tokens_below(&platform.stack.layout().edge_folder(platform.edge()));
    assert!(!kept.contains(token));
}

#[tokio::test]
async fn a_provider_acts_at_another_regions_node() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let token = provider.edge_token_of(Region::South).await;
    opens_no_edge(platform, "SOUTH's", &token).await;
    let here = provider.edge_token.clone();
    let board = HttpCall::get("/board").bearer(&here);
    let answer = provider
        .station
        .ask(platform.edge().http, &board)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}
