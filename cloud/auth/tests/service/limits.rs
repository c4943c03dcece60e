//! Rate limits before sign-in.

use std::num::NonZeroU32;

use auth::Config;
use axum::http::StatusCode;
use serde_json::json;

use crate::common::{Auth, Engine, PASSWORD};

const SHOP: &str = "203.0.113.5";
const ELSEWHERE: &str = "198.51.100.7";

fn limit(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

async fn auth_with(alter: impl Fn(Config) -> Config) -> Auth {
    Auth::with(Engine::Sqlite, "memory:", alter).await
}

#[tokio::test]
async fn a_flood_from_an_address_does_not_shut_it() {
    let alter = |config: Config| Config {
        sign_ins_per_address_per_minute: limit(5),
        ..config
    };
    let auth = auth_with(alter).await;
    auth.register("lisi", "customer").await;
    let name = |n: usize| format!("nobody-{n}");
    for n in 0..20 {
        let answer = auth.login_from(SHOP, &name(n), "wrong horse battery").await;
        assert_eq!(answer.code(), "invalid_credentials", "{}", answer.text);
    }
    assert_eq!(
        auth.login_from(SHOP, "lisi", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_flood_under_a_name_is_refused_at_its_address_alone() {
    let alter = |config: Config| Config {
        sign_ins_per_account_per_minute: limit(3),
        ..config
    };
    let auth = auth_with(alter).await;
    auth.register("lisi", "customer").await;
    for _ in 0..3 {
        assert_eq!(
            auth.login_from(SHOP, "lisi", PASSWORD).await.status,
            StatusCode::OK
        );
    }
    let refused = auth.login_from(SHOP, "lisi", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(
        auth.login_from(ELSEWHERE, "lisi", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_address_makes_so_many_accounts_a_day() {
    let alter = |config: Config| Config {
        registrations_per_address_per_day: limit(2),
        ..config
    };
    let auth = auth_with(alter).await;
    let register = async |address: &str, name: &str| {
        let body = json!({
            "username": name, "email": format!("{name}@example.com"), "password": PASSWORD,
            "role": "customer",
        });
        auth.post_from(address, "register", body).await
    };
    for name in ["one", "two"] {
        assert_eq!(register(SHOP, name).await.status, StatusCode::CREATED);
    }
    let refused = register(SHOP, "three").await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        refused.text
    );
    assert_eq!(refused.code(), "registration_quota");
    let wait: u32 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=24 * 3600).contains(&wait), "{wait}");
    assert_eq!(
        register(ELSEWHERE, "three").await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        auth.login_from(SHOP, "one", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_address_is_believed_from_the_gateway_alone() {
    let alter = |config: Config| Config {
        registrations_per_address_per_day: limit(1),
        ..config
    };
    let auth = auth_with(alter).await;
    assert_eq!(
        auth.register("one", "customer").await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        auth.register("two", "customer").await.code(),
        "registration_quota"
    );
    let named = auth.post_from(
        SHOP,
        "register",
        json!({
            "username": "two", "email": "two@example.com", "password": PASSWORD, "role": "customer",
        }),
    );
    assert_eq!(named.await.status, StatusCode::CREATED);
}
