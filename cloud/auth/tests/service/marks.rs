//! The verification mark of providers in tokens, updated by profile events.

use axum::http::{Method, StatusCode};
use process::tokens::Claims;
use rstest::rstest;
use serde_json::{Value, json};
use support::eventually;
use wire::{Event, EventId, EventType};

use crate::{
    common::{Auth, Engine, MINUTE_MS, NOW, PASSWORD},
    edge_tokens::claims,
};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

async fn tell(auth: &Auth, user: &Value, version: i64, verified: Option<bool>) {
    let standing = |verified| json!({ "is_active": true, "verified": verified, "service_areas": [], "service_categories": [] });
    let role = if verified.is_some() {
        "provider"
    } else {
        "customer"
    };
    let body = json!({
        "user_id": user, "role": role, "version": version, "provider": verified.map(standing),
    });
    let id = EventId(auth.clock.new_id());
    let event = Event::new(id, EventType::ProfileUpdated, NOW, "t", &body).unwrap();
    auth.bus.publish(&event).await.unwrap();
}

/// The mark in a new token. A provider named in a later event proves that the earlier events were
/// consumed.
async fn mark(auth: &Auth, name: &str) -> (bool, u64) {
    let token = auth.token(name).await;
    of(&claims(auth, &token).await)
}

fn of(claims: &Claims) -> (bool, u64) {
    (claims.verified, claims.mark_version)
}

async fn until(auth: &Auth, name: &str, expected: (bool, u64)) {
    eventually("the token tells the mark", PATIENCE, async || {
        (mark(auth, name).await == expected).then_some(())
    })
    .await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn tokens_tell_the_newest_word_about_their_provider_and_a_late_one_changes_nothing(
    #[case] engine: Engine,
) {
    let auth = Auth::with(engine, "memory:", |config| auth::Config {
        // The test signs in repeatedly until an event arrives.
        sign_ins_per_account_per_minute: std::num::NonZeroU32::MAX,
        sign_ins_per_address_per_minute: std::num::NonZeroU32::MAX,
        ..config
    })
    .await;
    let lisi = auth.register("lisi", "provider").await.body["user_id"].clone();
    let other = auth.register("wangwu", "provider").await.body["user_id"].clone();
    let zhao = auth.register("zhaoliu", "customer").await.body["user_id"].clone();
    assert_eq!(mark(&auth, "lisi").await, (false, 0));
    let before = auth.token("lisi").await;

    tell(&auth, &lisi, 4, Some(true)).await;
    tell(&auth, &lisi, 3, Some(false)).await;
    tell(&auth, &zhao, 9, None).await;
    tell(&auth, &other, 2, Some(false)).await;
    until(&auth, "wangwu", (false, 2)).await;
    assert_eq!(mark(&auth, "lisi").await, (true, 4));
    assert_eq!(
        mark(&auth, "zhaoliu").await,
        (false, 0),
        "customers have none"
    );

    // An old token keeps its mark; tokens issued from it get the current one.
    assert_eq!(of(&claims(&auth, &before).await), (false, 0));
    let give = Some(json!({ "region": "NORTH" }));
    let given = auth
        .send(Method::POST, "/api/v1/auth/edge-token", Some(&before), give)
        .await;
    let edge_token = given.body["edge_token"].as_str().unwrap();
    assert_eq!(of(&claims(&auth, edge_token).await), (true, 4));
    let form =
        json!({ "username": "lisi", "password": PASSWORD, "region": "NORTH", "refresh": true });
    let both = auth.post("login", form).await.body;
    for token in [&both["access_token"], &both["edge_token"]] {
        assert_eq!(of(&claims(&auth, token.as_str().unwrap()).await), (true, 4));
    }

    tell(&auth, &lisi, 5, Some(false)).await;
    tell(&auth, &lisi, 4, Some(true)).await;
    tell(&auth, &other, 3, Some(true)).await;
    until(&auth, "wangwu", (true, 3)).await;
    assert_eq!(mark(&auth, "lisi").await, (false, 5));
    auth.clock.advance(MINUTE_MS);
    let form = json!({ "refresh_token": both["refresh_token"] });
    let refreshed = auth.post("refresh", form).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text);
    let token = refreshed.body["access_token"].as_str().unwrap();
    assert_eq!(of(&claims(&auth, token).await), (false, 5));
}
