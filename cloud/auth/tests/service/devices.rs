//! Devices: tablets that registered a key. Their grants are bound to it, and end with the device.

use axum::http::{Method, StatusCode};
use process::tokens::TokenKind;
use rstest::rstest;
use serde_json::{Value, json};
use support::DeviceSigner;
use wire::DeviceKey;

use crate::{
    common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD},
    edge_tokens::claims,
};

const DEVICES: &str = "/api/v1/auth/devices";

/// Two providers, `lisi` and `wang`, and an admin `boss`.
async fn people(engine: Engine) -> Auth {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    auth.register("wang", "provider").await;
    auth.register("boss", "customer").await;
    auth.make_admin("boss").await;
    auth
}

/// A tablet's sign-in in that region.
struct SignIn<'s> {
    username: &'s str,
    tablet: &'s str,
    region: &'s str,
    key: Option<&'s DeviceKey>,
}

impl SignIn<'_> {
    async fn send(&self, auth: &Auth, label: &str) -> Answer {
        let form = json!({
            "username": self.username, "password": PASSWORD, "region": self.region,
            "edge_only": true, "tablet": self.tablet, "tablet_key": self.key,
            "tablet_label": label,
        });
        auth.post("login", form).await
    }

    /// Returns the session of the grant.
    async fn grant(&self, auth: &Auth) -> Value {
        let answer = self.send(auth, "Chrome on Android").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let token = answer.body["edge_token"].as_str().unwrap();
        json!(claims(auth, token).await.jti)
    }
}

fn at_north<'s>(username: &'s str, tablet: &'s str, key: &'s DeviceKey) -> SignIn<'s> {
    SignIn {
        username,
        tablet,
        region: "NORTH",
        key: Some(key),
    }
}

async fn listed(auth: &Auth, path: &str, token: &str) -> Vec<Value> {
    let answer = auth.send(Method::GET, path, Some(token), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["items"].as_array().unwrap().clone()
}

async fn end(auth: &Auth, path: &str, token: &str) -> Answer {
    auth.send(Method::DELETE, path, Some(token), None).await
}

fn path_of(device: &Value) -> String {
    format!("{DEVICES}/{}", device["device_id"].as_str().unwrap())
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_tablet_with_a_key_gets_a_bound_grant_and_stays_one_device(#[case] engine: Engine) {
    let auth = people(engine).await;
    let key = DeviceSigner::new().key();
    let tablet = at_north("lisi", "tablet-7", &key);
    let first = tablet.send(&auth, "Chrome on Android").await;
    let granted = claims(&auth, first.body["edge_token"].as_str().unwrap()).await;
    assert_eq!(granted.kind, TokenKind::DeviceGrant);
    assert_eq!(granted.binding.unwrap().key, key);

    auth.clock.advance(MINUTE_MS);
    let again = tablet.send(&auth, "Another label").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    let own = auth.token("lisi").await;
    let devices = listed(&auth, DEVICES, &own).await;
    assert_eq!(devices.len(), 1, "{devices:?}");
    assert_eq!(devices[0]["label"], "Chrome on Android", "the label stays");
    assert_eq!(devices[0]["tablet"], "tablet-7");
    assert_ne!(devices[0]["renewed_at"], devices[0]["first_seen_at"]);

    let without = json!({ "region": "NORTH", "device": "tablet-8" });
    let path = "/api/v1/auth/device-grants";
    let unbound = auth
        .send(Method::POST, path, Some(&own), Some(without.clone()))
        .await;
    let token = unbound.body["edge_token"].as_str().unwrap();
    assert_eq!(claims(&auth, token).await.binding, None);
    let mut with = without;
    with["key"] = json!(DeviceSigner::new().key());
    let bound = auth.send(Method::POST, path, Some(&own), Some(with)).await;
    let token = bound.body["edge_token"].as_str().unwrap();
    assert!(claims(&auth, token).await.binding.is_some());
    let devices = listed(&auth, DEVICES, &own).await;
    assert_eq!(devices.len(), 2);
    assert!(
        devices.iter().any(|one| one["label"] == "tablet-8"),
        "a device without a label is called by its name"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_end_of_a_device_ends_its_grants_in_every_region(#[case] engine: Engine) {
    let auth = people(engine).await;
    let [lost, kept] = [DeviceSigner::new().key(), DeviceSigner::new().key()];
    let north = at_north("lisi", "tablet-1", &lost);
    let south = SignIn {
        region: "SOUTH",
        ..at_north("lisi", "tablet-1", &lost)
    };
    let unbound = SignIn {
        region: "EAST",
        key: None,
        ..at_north("lisi", "tablet-1", &lost)
    };
    let mut grants = Vec::new();
    for tablet in [&north, &south, &unbound] {
        grants.push(tablet.grant(&auth).await);
    }
    at_north("lisi", "tablet-2", &kept).grant(&auth).await;
    let own = auth.token("lisi").await;
    let other = auth.token("wang").await;
    let devices = listed(&auth, DEVICES, &own).await;
    let device = devices.iter().find(|one| one["tablet"] == "tablet-1");
    let path = path_of(device.unwrap());
    assert_eq!(end(&auth, &path, &other).await.code(), "not_found");
    assert!(listed(&auth, DEVICES, &other).await.is_empty());

    let done = end(&auth, &path, &own).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    let mut told = auth.ended_sessions().await;
    told.sort_by_key(Value::to_string);
    grants.sort_by_key(Value::to_string);
    assert_eq!(told, grants, "edges hear of all three, and of no other");
    assert_eq!(listed(&auth, DEVICES, &own).await.len(), 1);
    assert_eq!(end(&auth, &path, &own).await.code(), "not_found");

    north.grant(&auth).await;
    let devices = listed(&auth, DEVICES, &own).await;
    assert!(
        devices.iter().any(|one| path_of(one) == path),
        "a new sign-in opens it again"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_ends_a_device_and_nobody_else_ends_another_persons(#[case] engine: Engine) {
    let auth = people(engine).await;
    let key = DeviceSigner::new().key();
    at_north("lisi", "tablet-1", &key).grant(&auth).await;
    let own = auth.token("lisi").await;
    let admin = auth.token("boss").await;
    let lisi = claims(&auth, &own).await.sub;
    let wang = claims(&auth, &auth.token("wang").await).await.sub;
    let of_lisi = format!("/api/v1/admin/users/{lisi}/devices");
    let devices = listed(&auth, &of_lisi, &admin).await;
    let id = devices[0]["device_id"].as_str().unwrap();
    let path = format!("{of_lisi}/{id}");
    assert_eq!(end(&auth, &path, &own).await.code(), "role_forbidden");
    let wrong = format!("/api/v1/admin/users/{wang}/devices/{id}");
    assert_eq!(end(&auth, &wrong, &admin).await.code(), "not_found");
    let done = end(&auth, &path, &admin).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    let on_record = "SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.ended_by \
        WHERE s.ended_why = 'by_admin' AND u.username = 'boss'";
    assert_eq!(auth.count(on_record).await, 1);
    assert!(listed(&auth, DEVICES, &own).await.is_empty());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_twenty_first_device_ends_the_one_that_was_unused_for_longest(#[case] engine: Engine) {
    let auth = people(engine).await;
    let keys: Vec<_> = (0..21).map(|_| DeviceSigner::new().key()).collect();
    for (n, key) in keys.iter().enumerate().take(20) {
        at_north("lisi", &format!("tablet-{n}"), key)
            .grant(&auth)
            .await;
        auth.clock.advance(MINUTE_MS);
    }
    // The first device is used again, so the second is now the oldest.
    at_north("lisi", "tablet-0", &keys[0]).grant(&auth).await;
    auth.clock.advance(MINUTE_MS);
    at_north("lisi", "tablet-20", &keys[20]).grant(&auth).await;
    let own = auth.token("lisi").await;
    let devices = listed(&auth, DEVICES, &own).await;
    assert_eq!(devices.len(), 20);
    assert_eq!(devices[0]["tablet"], "tablet-20", "the last used is first");
    assert_eq!(devices[1]["tablet"], "tablet-0");
    assert!(!devices.iter().any(|one| one["tablet"] == "tablet-1"));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_device_is_called_as_its_person_says_and_the_database_does_not_tell(
    #[case] engine: Engine,
) {
    let auth = people(engine).await;
    let key = DeviceSigner::new().key();
    let tablet = at_north("lisi", "tablet-1", &key);
    tablet.grant(&auth).await;
    let own = auth.token("lisi").await;
    let path = path_of(&listed(&auth, DEVICES, &own).await[0]);
    let label = async |label: &str, token: &str| {
        let form = json!({ "label": label });
        auth.send(Method::PUT, &path, Some(token), Some(form)).await
    };
    let other = auth.token("wang").await;
    assert_eq!(label("Mine", &other).await.code(), "not_found");
    for wrong in ["", "  ", &"x".repeat(41), "two\nlines"] {
        assert_eq!(label(wrong, &own).await.fields(), ["label"], "{wrong:?}");
    }
    let done = label(" The van's tablet ", &own).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    let devices = listed(&auth, DEVICES, &own).await;
    assert_eq!(devices[0]["label"], "The van's tablet");
    let stored: Option<String> = auth
        .sql
        .fetch_optional("SELECT label FROM devices", Vec::new())
        .await
        .unwrap();
    assert!(auth.sql.data_keys().is_sealed_text(&stored.unwrap()));

    let keyless = SignIn {
        key: None,
        ..tablet
    };
    for tablet in [&tablet, &keyless] {
        let refused = tablet.send(&auth, &"x".repeat(41)).await;
        assert_eq!(refused.fields(), ["tablet_label"]);
    }
    let form = json!({
        "username": "lisi", "password": PASSWORD, "region": "NORTH", "edge_only": true,
        "tablet": "tablet-1", "tablet_key": "no key",
    });
    assert_eq!(auth.post("login", form).await.fields(), ["tablet_key"]);
}
