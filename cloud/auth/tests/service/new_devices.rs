//! News of a sign-in from a device or an address that the account has not used before.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, RegisteredDeviceId, UserId};

use crate::common::{Auth, Engine, MINUTE_MS, PASSWORD};

const HOME: &str = "203.0.113.7";
const CAFE: &str = "198.51.100.9";
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// `lisi`, who registered long ago and has signed in at home since.
async fn auth_with_lisi(engine: Engine) -> Auth {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    sign_in(&auth, HOME, json!({})).await;
    auth.clock.advance(2 * DAY_MS);
    auth
}

/// Signs in from that address, with more in the form.
async fn sign_in(auth: &Auth, address: &str, more: Value) -> Value {
    let mut form = json!({ "username": "lisi", "password": PASSWORD });
    form.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = auth.post_from(address, "login", form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body
}

async fn news(auth: &Auth) -> usize {
    let events = auth.events().await.into_iter();
    events
        .filter(|event| event.kind == EventType::UserNewDeviceSeen)
        .count()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_new_device_and_address_is_news_once(#[case] engine: Engine) {
    let auth = auth_with_lisi(engine).await;
    sign_in(&auth, HOME, json!({})).await;
    assert_eq!(
        news(&auth).await,
        0,
        "the first sign-in, and the same address again"
    );
    for _ in 0..2 {
        sign_in(&auth, CAFE, json!({})).await;
        assert_eq!(news(&auth).await, 1, "another address");
    }
    let browser = sign_in(&auth, HOME, json!({ "device": "" })).await["device"].clone();
    assert_eq!(news(&auth).await, 2, "a new browser at a known address");
    sign_in(&auth, CAFE, json!({ "device": browser })).await;
    sign_in(&auth, "192.0.2.1", json!({ "device": browser })).await;
    assert_eq!(news(&auth).await, 2, "a known browser, wherever it is");
    auth.clock.advance(91 * DAY_MS);
    sign_in(&auth, HOME, json!({ "device": browser })).await;
    assert_eq!(news(&auth).await, 3, "after 90 days it is forgotten");
    sign_in(&auth, HOME, json!({})).await;
    assert_eq!(news(&auth).await, 4, "and so is an address");
}

#[tokio::test]
async fn of_a_new_account_only_the_first_place_is_no_news() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "provider").await;
    sign_in(&auth, HOME, json!({})).await;
    assert_eq!(news(&auth).await, 0);
    sign_in(&auth, CAFE, json!({})).await;
    assert_eq!(news(&auth).await, 1);
}

#[tokio::test]
async fn a_tablet_is_known_by_its_key_at_whatever_address_its_edge_has() {
    let auth = auth_with_lisi(Engine::Sqlite).await;
    let browser = sign_in(&auth, HOME, json!({})).await;
    let token = browser["access_token"].as_str().unwrap().to_owned();
    let owner: UserId = serde_json::from_value(browser["user_id"].clone()).unwrap();
    let tablet = |key: &support::DeviceSigner| {
        json!({
            "region": "NORTH", "edge_only": true, "tablet": "t-1", "tablet_key": key.key(),
        })
    };
    let key = support::DeviceSigner::new();
    sign_in(&auth, HOME, tablet(&key)).await;
    assert_eq!(news(&auth).await, 1);
    sign_in(&auth, CAFE, tablet(&key)).await;
    assert_eq!(news(&auth).await, 1);
    sign_in(&auth, HOME, tablet(&support::DeviceSigner::new())).await;
    assert_eq!(news(&auth).await, 2, "the same name with another key");

    let id = RegisteredDeviceId::from_key(owner, &key.key());
    let path = format!("/api/v1/auth/devices/{id}");
    let ended = auth.send(Method::DELETE, &path, Some(&token), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    sign_in(&auth, HOME, tablet(&key)).await;
    assert_eq!(news(&auth).await, 3, "its owner had ended it");
}

#[tokio::test]
async fn a_refused_sign_in_is_no_news_and_no_place_is_known_by_it() {
    let auth = auth_with_lisi(Engine::Sqlite).await;
    let wrong = auth.login_from(CAFE, "lisi", "wrong horse battery").await;
    assert_eq!(wrong.code(), "invalid_credentials");
    assert_eq!(news(&auth).await, 0);
    sign_in(&auth, CAFE, json!({})).await;
    assert_eq!(news(&auth).await, 1);
}
