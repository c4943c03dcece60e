//! A revoked session stays refused in every cache state.

use std::{num::NonZeroU32, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
};
use gateway::{Config, Peers};
use platform::{sessions, upstream::Upstream};
use process::parts::CloudPart;
use wire::Role;

use crate::common::{Answer, Gate};

/// No server listens there.
const LOST_CACHE: &str = "redis://127.0.0.1:1";
const ORDERS: &str = "/api/v1/orders";

async fn ask(gate: &Gate) -> Answer {
    gate.ask(&Method::GET, ORDERS, Some(&gate.token(Role::Customer)))
        .await
}

#[tokio::test]
async fn a_listed_session_is_refused_and_auth_need_not_be_asked() {
    let gate = Gate::new().await;
    assert_eq!(ask(&gate).await.status, StatusCode::OK);
    let session = gate.claims(Role::Customer).jti;
    sessions::revoke_session(&gate.cache, session, Duration::from_secs(60))
        .await
        .unwrap();
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.body["title"], "Invalid token");
    assert_eq!(gate.auth.asked(), 0);
}

#[tokio::test]
async fn without_a_cache_auth_is_asked() {
    let gate = Gate::with(Config::default(), LOST_CACHE, |peers| peers).await;
    assert_eq!(ask(&gate).await.status, StatusCode::OK);
    assert_eq!(gate.auth.asked(), 1);
    gate.auth.set(|auth| auth.revoked = true);
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.body["title"], "Invalid token");
}

#[tokio::test]
async fn an_emptied_cache_is_not_believed() {
    let gate = Gate::new().await;
    gate.auth.set(|auth| auth.revoked = true);
    gate.cache.delete("sessions:complete").await.unwrap();
    assert_eq!(ask(&gate).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gate.auth.asked(), 1);
}

#[tokio::test]
async fn an_answer_about_someone_else_lets_nobody_in() {
    let gate = Gate::with(Config::default(), LOST_CACHE, |peers| peers).await;
    let token = gate.token(Role::Admin);
    let answer = gate
        .ask(&Method::GET, "/api/v1/admin/orders", Some(&token))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "auth says it is a customer's"
    );
}

#[tokio::test]
async fn when_neither_cache_nor_auth_can_tell_nobody_is_let_in() {
    let gate = Gate::with(Config::default(), LOST_CACHE, |peers| peers).await;
    gate.auth.set(|auth| auth.broken = true);
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"auth".into())
    );

    let gone = |peers: Peers| peers.with_part(CloudPart::Auth, unreachable());
    let gate = Gate::with(Config::default(), LOST_CACHE, gone).await;
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"auth".into())
    );
}

#[tokio::test]
async fn a_part_out_of_reach_is_named() {
    let gone = |peers: Peers| peers.with_part(CloudPart::Order, unreachable());
    let gate = Gate::with(Config::default(), "memory:", gone).await;
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"order".into())
    );
    let ready = gate.readiness().await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.body["missing"][0]["name"], CloudPart::Order.name());
    assert_eq!(
        ready.body["missing"].as_array().map(Vec::len),
        Some(1),
        "{}",
        ready.body
    );
}

#[tokio::test]
async fn a_part_that_takes_too_long_is_named() {
    let silent = Router::new().fallback(std::future::pending::<()>);
    let slow = |peers: Peers| peers.with_part(CloudPart::Order, Upstream::from_router(silent));
    let config = Config {
        upstream_timeout_ms: NonZeroU32::new(20).unwrap(),
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", slow).await;
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("timed_out", &"order".into())
    );
}

#[tokio::test]
async fn before_auth_told_its_keys_nobody_is_judged() {
    let gate = Gate::without_keys().await;
    let answer = ask(&gate).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"auth".into())
    );
    let ready = gate.readiness().await;
    assert_eq!(ready.body["missing"][0]["name"], "keys");
}

fn unreachable() -> Upstream {
    crate::common::remote("http://127.0.0.1:1")
}
