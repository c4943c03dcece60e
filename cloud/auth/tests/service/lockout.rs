//! Wrong passwords: lockout, exemption of known devices, and the report to the owner.

use axum::http::StatusCode;
use rstest::rstest;
use serde_json::json;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const HOME: &str = "198.51.100.7";
const STRANGER: &str = "203.0.113.5";
const WRONG: &str = "wrong horse battery";

async fn auth_with_lisi(engine: Engine) -> Auth {
    let auth = Auth::new(engine).await;
    assert_eq!(
        auth.register("lisi", "provider").await.status,
        StatusCode::CREATED
    );
    auth
}

async fn on_device(auth: &Auth, address: &str, password: &str, device: &str) -> Answer {
    let body = json!({ "username": "lisi", "password": password, "device": device });
    auth.post_from(address, "login", body).await
}

fn device_in(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["device"].as_str().unwrap().to_owned()
}

async fn lock(auth: &Auth, address: &str) {
    for _ in 0..10 {
        assert_eq!(
            auth.login_from(address, "lisi", WRONG).await.code(),
            "invalid_credentials"
        );
    }
    assert_eq!(
        auth.login_from(address, "lisi", PASSWORD).await.code(),
        "account_locked"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_stranger_locks_out_himself_alone_and_the_owner_hears_of_it(#[case] engine: Engine) {
    let auth = auth_with_lisi(engine).await;
    lock(&auth, STRANGER).await;
    let answer = auth.login_from(HOME, "lisi", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.body["wrong_passwords"]["count"], 10);
    assert_eq!(answer.body["wrong_passwords"]["places"], 1);
    assert!(answer.body.get("device").is_none(), "nobody asked for one");
    auth.clock.advance(1_000);
    let again = auth.login_from(HOME, "lisi", PASSWORD).await;
    assert!(
        again.body.get("wrong_passwords").is_none(),
        "it is told once: {}",
        again.text
    );
    auth.clock.advance(16 * MINUTE_MS);
    assert_eq!(
        auth.login_from(STRANGER, "lisi", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_known_device_is_let_past_the_lock_of_its_address(#[case] engine: Engine) {
    let auth = auth_with_lisi(engine).await;
    let device = device_in(&on_device(&auth, HOME, PASSWORD, "").await);
    lock(&auth, HOME).await;
    assert_eq!(
        device_in(&on_device(&auth, HOME, PASSWORD, &device).await),
        device
    );
    let forged = "A".repeat(43);
    let stranger = on_device(&auth, HOME, PASSWORD, &forged).await;
    assert_eq!(
        stranger.code(),
        "account_locked",
        "a secret of nobody's is none"
    );
    // A device has no more guesses than an address.
    for _ in 0..10 {
        let wrong = on_device(&auth, HOME, WRONG, &device).await;
        assert_eq!(wrong.code(), "invalid_credentials");
    }
    assert_eq!(
        on_device(&auth, HOME, PASSWORD, &device).await.code(),
        "account_locked"
    );
}

#[tokio::test]
async fn a_secret_of_the_clients_own_choice_is_replaced() {
    let auth = auth_with_lisi(Engine::Sqlite).await;
    let chosen = "A".repeat(43);
    assert_ne!(
        device_in(&on_device(&auth, HOME, PASSWORD, &chosen).await),
        chosen
    );
    assert_ne!(
        device_in(&on_device(&auth, HOME, PASSWORD, "short").await),
        "short"
    );
}

#[tokio::test]
async fn a_browser_of_two_people_is_known_to_both() {
    let auth = auth_with_lisi(Engine::Sqlite).await;
    auth.register("wangwu", "customer").await;
    let device = device_in(&on_device(&auth, HOME, PASSWORD, "").await);
    let body = json!({ "username": "wangwu", "password": PASSWORD, "device": device });
    assert_eq!(
        device_in(&auth.post_from(HOME, "login", body).await),
        device
    );
    assert_eq!(
        device_in(&on_device(&auth, HOME, PASSWORD, &device).await),
        device
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn many_addresses_together_are_slowed_down_and_a_known_device_is_not(#[case] engine: Engine) {
    let auth = auth_with_lisi(engine).await;
    let device = device_in(&on_device(&auth, HOME, PASSWORD, "").await);
    let mut refused = None;
    for n in 0..105 {
        let address = format!("203.0.113.{}", n / 5);
        let answer = auth.login_from(&address, "lisi", WRONG).await;
        if answer.code() == "account_locked" {
            refused = Some(n);
            break;
        }
    }
    assert_eq!(refused, Some(100));
    assert_eq!(
        auth.login_from("192.0.2.1", "lisi", PASSWORD).await.code(),
        "account_locked"
    );
    assert_eq!(
        device_in(&on_device(&auth, "192.0.2.1", PASSWORD, &device).await),
        device
    );
    auth.clock.advance(2_001);
    assert_eq!(
        auth.login_from("192.0.2.1", "lisi", PASSWORD).await.status,
        StatusCode::OK
    );
}
