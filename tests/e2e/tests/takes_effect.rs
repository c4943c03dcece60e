//! A change of a person's rights at one replica reaches every replica and a linked edge within the
//! time that docs/security.md promises. Two gateways, each with its own auth, share one set of
//! servers.

mod replicas;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::eventually;
use wire::Role;

use replicas::{PASSWORD, Replicas, Signed};

/// For changes that write the revocation list at once.
const AT_ONCE: Duration = Duration::from_secs(15);
/// The interval between two reads of the keys, plus the time that auth's replicas need first.
const KEYS_READ: Duration = Duration::from_secs(30);
/// The next feed message, with slack for a busy machine.
const FEED: Duration = Duration::from_secs(30);
const WHY: &str = "It was looked into.";

/// Waits until both gateways refuse the token.
async fn shut_at_gateways(replicas: &Replicas, token: &str, limit: Duration) {
    for gateway in replicas.gateways() {
        eventually(&format!("{gateway} refuses the token"), limit, async || {
            let (status, _) = replicas.get(&gateway, "/api/v1/orders", token).await;
            (status == 401).then_some(())
        })
        .await;
    }
}

async fn edge_says(replicas: &Replicas, token: &str, code: &str) {
    eventually(&format!("the linked edge says {code}"), FEED, async || {
        let (_, said) = replicas.get(&replicas.edge(), "/board", token).await;
        (said["code"] == code).then_some(())
    })
    .await;
}

async fn edge_opens(replicas: &Replicas, token: &str) {
    eventually("the linked edge opens", FEED, async || {
        (replicas.get(&replicas.edge(), "/board", token).await.0 == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lockout_holds_at_every_replica_at_once() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let name = replicas.register(&one, Role::Customer).await;
    for _ in 0..10 {
        let (status, said) = replicas
            .sign_in(&one, &name, "not-the-password", None)
            .await;
        assert_eq!(status, 401, "{said}");
    }
    for gateway in [one, other, replicas.edge()] {
        let (status, said) = match gateway == replicas.edge() {
            true => replicas.sign_in_at_edge(&name, PASSWORD, None).await,
            false => replicas.sign_in(&gateway, &name, PASSWORD, None).await,
        };
        assert_eq!(
            (status, &said["code"]),
            (429, &json!("account_locked")),
            "{gateway}"
        );
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_family_everywhere() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let name = replicas.register(&one, Role::Provider).await;
    let first = replicas.signed(&one, &name).await;
    let second = replicas.refreshed(&other, &first).await;
    let third = replicas.refreshed(&one, &second).await;
    edge_opens(replicas, &first.edge_token).await;
    let (status, _) = replicas.refresh(&other, &first.refresh_token).await;
    assert_eq!(status, 401, "the copy of a spent token");
    for token in [&first, &second, &third] {
        shut_at_gateways(replicas, &token.access_token, AT_ONCE).await;
        for gateway in replicas.gateways() {
            let (status, said) = replicas.refresh(&gateway, &token.refresh_token).await;
            assert_eq!(status, 401, "{gateway}: {said}");
        }
    }
    edge_says(replicas, &first.edge_token, "session_ended").await;
}

#[tokio::test]
async fn a_sign_out_ends_its_session_everywhere() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let name = replicas.register(&one, Role::Provider).await;
    let gone = replicas.signed(&one, &name).await;
    let stays = replicas.signed(&other, &name).await;
    edge_opens(replicas, &gone.edge_token).await;
    let path = "/api/v1/auth/logout";
    let (status, _) = replicas
        .ask(&one, Method::POST, path, &gone.access_token, None)
        .await;
    assert_eq!(status, 204);
    shut_at_gateways(replicas, &gone.access_token, AT_ONCE).await;
    edge_says(replicas, &gone.edge_token, "session_ended").await;
    for gateway in replicas.gateways() {
        assert_eq!(
            replicas
                .get(&gateway, "/api/v1/orders", &stays.access_token)
                .await
                .0,
            200
        );
    }
    edge_opens(replicas, &stays.edge_token).await;
}

#[tokio::test]
async fn another_role_ends_the_tokens_of_before_everywhere() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let admin = replicas.admin(&one).await;
    let name = replicas.register(&one, Role::Customer).await;
    let before = replicas.signed(&other, &name).await;
    edge_opens(replicas, &before.edge_token).await;
    let rolename = format!("desk-{}", &name[name.len() - 6..]);
    let permissions = json!(["verify_providers", "read_people"]);
    let form = json!({"name": rolename, "permissions": permissions, "reason": WHY});
    let (status, role) = replicas
        .ask(
            &one,
            Method::POST,
            "/api/v1/admin/roles",
            &admin,
            Some(form),
        )
        .await;
    assert_eq!(status, 201, "{role}");
    let gift = json!({"role_id": role["role_id"], "reason": WHY});
    let path = format!("/api/v1/admin/users/{}/role", before.user_id.unwrap());
    assert_eq!(
        replicas
            .ask(&one, Method::PUT, &path, &admin, Some(gift))
            .await
            .0,
        200
    );
    shut_at_gateways(replicas, &before.access_token, AT_ONCE).await;
    edge_says(replicas, &before.edge_token, "session_ended").await;

    let clerk = replicas.signed(&other, &name).await;
    let people = "/api/v1/admin/users";
    for gateway in replicas.gateways() {
        let (status, said) = replicas.get(&gateway, people, &clerk.access_token).await;
        assert_eq!(status, 200, "{gateway}: {said}");
    }
    let form = json!({"name": rolename, "permissions": ["verify_providers"], "reason": WHY});
    let path = format!("/api/v1/admin/roles/{}", role["role_id"]);
    let (status, said) = replicas
        .ask(&one, Method::PUT, &path, &admin, Some(form))
        .await;
    assert_eq!(status, 200, "{said}");
    for gateway in replicas.gateways() {
        eventually(
            "a permission that was taken is gone",
            KEYS_READ,
            async || {
                let (_, said) = replicas.get(&gateway, people, &clerk.access_token).await;
                (said["code"] == "permission_missing").then_some(())
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_grant_that_was_ended_opens_the_linked_edge_no_more() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let name = replicas.register(&one, Role::Provider).await;
    let tablet = format!("t-{}", &name[name.len() - 8..]);
    let (status, grant) = replicas
        .sign_in_at_edge(&name, PASSWORD, Some(&tablet))
        .await;
    assert_eq!(status, 200, "{grant}");
    let token = grant["edge_token"].as_str().unwrap();
    edge_opens(replicas, token).await;
    let owner = replicas.signed(&other, &name).await.access_token;
    let (_, list) = replicas.get(&other, "/api/v1/auth/sessions", &owner).await;
    let mut items = list["items"].as_array().unwrap().iter();
    let lost = items
        .find(|item| item["device"] == json!(tablet))
        .expect("the grant is listed");
    let path = format!(
        "/api/v1/auth/sessions/{}",
        lost["session_id"].as_str().unwrap()
    );
    let (status, said) = replicas
        .ask(&other, Method::DELETE, &path, &owner, None)
        .await;
    assert_eq!(status, 204, "{said}");
    edge_says(replicas, token, "device_closed").await;
    let (_, list) = replicas.get(&one, "/api/v1/auth/sessions", &owner).await;
    assert!(
        !list.to_string().contains(&tablet),
        "no replica lists it: {list}"
    );
}

#[tokio::test]
async fn a_revocation_and_a_readmission_hold_everywhere() {
    let replicas = Replicas::shared().await;
    let [one, other] = replicas.gateways();
    let admin = replicas.admin(&one).await;
    let name = replicas.register(&one, Role::Provider).await;
    let before = replicas.signed(&other, &name).await;
    edge_opens(replicas, &before.edge_token).await;
    let act = async |gateway: &str, act: &str| {
        let path = format!("/api/v1/admin/users/{}/{act}", before.user_id.unwrap());
        let form = Some(json!({"reason": WHY}));
        let (status, said) = replicas
            .ask(gateway, Method::POST, &path, &admin, form)
            .await;
        assert_eq!(status, 200, "{act}: {said}");
    };
    act(&one, "revoke").await;
    shut_at_gateways(replicas, &before.access_token, AT_ONCE).await;
    edge_says(replicas, &before.edge_token, "revoked").await;
    let (status, said) = replicas.sign_in(&other, &name, PASSWORD, None).await;
    assert_ne!(status, 200, "{said}");
    act(&other, "readmit").await;
    let after = replicas.signed(&one, &name).await;
    for gateway in replicas.gateways() {
        eventually("the new token opens every gateway", AT_ONCE, async || {
            let (status, _) = replicas
                .get(&gateway, "/api/v1/orders", &after.access_token)
                .await;
            (status == 200).then_some(())
        })
        .await;
    }
    edge_opens(replicas, &after.edge_token).await;
    shut_at_gateways(replicas, &before.access_token, Duration::from_secs(1)).await;
    edge_says(replicas, &before.edge_token, "revoked").await;
}

/// Uses separate replicas, because it ends all sessions.
#[tokio::test]
async fn a_key_that_was_rotated_or_killed_is_so_everywhere() {
    let replicas = Replicas::start().await;
    let [one, other] = replicas.gateways();
    let admin = replicas.admin(&one).await;
    let name = replicas.register(&one, Role::Provider).await;
    let before = replicas.signed(&one, &name).await;
    let opens = async |signed: &Signed| {
        for gateway in replicas.gateways() {
            eventually(&format!("{gateway} knows the key"), KEYS_READ, async || {
                let token = &signed.access_token;
                let (status, _) = replicas.get(&gateway, "/api/v1/orders", token).await;
                (status == 200).then_some(())
            })
            .await;
        }
        edge_opens(&replicas, &signed.edge_token).await;
    };
    opens(&before).await;
    replicas.next_key_is_known().await;
    let form = Some(json!({"reason": WHY}));
    let path = "/api/v1/admin/keys/rotate";
    let (status, said) = replicas.ask(&one, Method::POST, path, &admin, form).await;
    assert_eq!(status, 200, "{said}");
    let signed_by = |token: &str| kid(token);
    let rotated = eventually(
        "both replicas of auth sign by the new key",
        KEYS_READ,
        async || {
            let at_one = replicas.signed(&one, &name).await;
            let at_other = replicas.signed(&other, &name).await;
            let old = signed_by(&before.access_token);
            let both = [&at_one, &at_other].map(|signed| signed_by(&signed.access_token));
            both.iter().all(|kid| *kid != old).then_some(at_other)
        },
    )
    .await;
    opens(&rotated).await;
    opens(&before).await;

    let admin = replicas.admin(&other).await;
    let killed = signed_by(&rotated.access_token);
    let form = json!({"kid": killed, "reason": WHY});
    let path = "/api/v1/admin/keys/kill";
    let (status, said) = replicas
        .ask(&other, Method::POST, path, &admin, Some(form))
        .await;
    assert_eq!(status, 200, "{said}");
    shut_at_gateways(&replicas, &rotated.access_token, KEYS_READ).await;
    edge_says(&replicas, &rotated.edge_token, "invalid_token").await;
    let after = eventually("a sign-in by the next key", KEYS_READ, async || {
        let after = replicas.signed(&one, &name).await;
        (signed_by(&after.access_token) != killed).then_some(after)
    })
    .await;
    opens(&after).await;
}

fn kid(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let head = token.split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}
