//! The behaviour of services while a dependency is not ready yet.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use contract::LIMIT;
use platform::{
    bus::Bus,
    cache::Cache,
    documents::Documents,
    key_source,
    service::{ReadinessCheck, build_readiness},
    upstream::Upstream,
};
use process::{
    tasks::Tasks,
    tokens::{Signer, TokenKeys},
};
use support::eventually;

#[tokio::test]
async fn keys_are_loaded_from_an_auth_that_comes_up_late() {
    let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let jwks = signer.jwks();
    let asked = Arc::<AtomicUsize>::default();
    let answer = move || {
        let early = asked.fetch_add(1, Ordering::SeqCst) < 2;
        let jwks = jwks.clone();
        async move {
            if early {
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            } else {
                jwks.into_response()
            }
        }
    };
    let auth = Router::new().route("/.well-known/jwks.json", get(answer));
    let tasks = Tasks::new();
    let keys = TokenKeys::empty();
    key_source::start_key_refresh(&tasks, &keys, Upstream::from_router(auth));
    let loaded = async || (!keys.is_empty()).then_some(());
    eventually("the keys are loaded", LIMIT, loaded).await;
    tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn what_is_missing_is_named_and_a_cache_is_never_missing() {
    let sql = contract::sqlite().await;
    let bus = contract::embedded().await;
    let tasks = Tasks::new();
    let there = build_readiness([
        ReadinessCheck::Sql(sql.sql.clone()),
        ReadinessCheck::Documents(Documents::Sqlite(sql.sql.clone())),
        ReadinessCheck::Bus(bus.bus.clone()),
        ReadinessCheck::Cache(Cache::open("redis://127.0.0.1:9").unwrap()),
    ]);
    assert_eq!(there.find_missing().await, []);
    sql.sql.close().await;
    let missing = build_readiness([
        ReadinessCheck::Sql(sql.sql.clone()),
        ReadinessCheck::Bus(
            Bus::open("amqp://guest:secret@127.0.0.1:9/%2f")
                .await
                .unwrap(),
        ),
        ReadinessCheck::Upstream(
            "auth",
            Upstream::from_address("http://127.0.0.1:9", &tasks).unwrap(),
        ),
    ]);
    let missing = missing.find_missing().await;
    let names: Vec<&str> = missing
        .iter()
        .map(|missing| missing.name.as_str())
        .collect();
    assert_eq!(names, ["sql", "bus", "auth"]);
    assert!(
        missing
            .iter()
            .all(|missing| !missing.why.contains("secret")),
        "{missing:?}"
    );
}
