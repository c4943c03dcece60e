//! Each use spends a refresh token, and reuse ends the session.

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use platform::sessions::{self, SessionStatus};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, SessionId, UserEvent};

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

/// The access and refresh tokens of an answer.
fn tokens(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let token = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

async fn kept(auth: &Auth) -> (String, String) {
    let form = json!({ "username": "lisi", "password": PASSWORD, "refresh": true });
    tokens(&auth.post("login", form).await)
}

async fn refreshed(auth: &Auth, token: &str) -> Answer {
    auth.post("refresh", json!({ "refresh_token": token }))
        .await
}

/// The only session that the events report as revoked.
async fn ended(auth: &Auth) -> SessionId {
    let events = auth.events().await;
    let over: Vec<_> = events
        .iter()
        .filter(|e| e.kind == EventType::SessionRevoked)
        .collect();
    assert_eq!(over.len(), 1);
    let body: UserEvent = serde_json::from_value(over[0].body.clone()).unwrap();
    body.session_id.unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_spent_token_that_comes_again_ends_its_session(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let (_, first) = kept(&auth).await;
    let (other, _) = kept(&auth).await;
    auth.clock.advance(50 * MINUTE_MS);
    let (_, second) = tokens(&refreshed(&auth, &first).await);
    auth.clock.advance(50 * MINUTE_MS);
    let (access, third) = tokens(&refreshed(&auth, &second).await);
    assert!(
        first != second && second != third,
        "each use gives another one"
    );
    assert_eq!(auth.verify(&access).await.status, StatusCode::OK);

    // A thief copied the first token, and gets the same answer as a stranger.
    assert_eq!(refreshed(&auth, &first).await.code(), "invalid_token");
    for token in [&first, &second, &third] {
        assert_eq!(refreshed(&auth, token).await.code(), "invalid_token");
    }
    assert_eq!(auth.verify(&access).await.status, StatusCode::UNAUTHORIZED);
    let session = ended(&auth).await;
    assert_eq!(
        sessions::look_up(&auth.cache, session).await.unwrap(),
        SessionStatus::Revoked
    );
    let recorded = "SELECT COUNT(*) FROM sessions WHERE revoked_at > 0 \
        AND ended_why = 'refresh_reused'";
    assert_eq!(auth.count(recorded).await, 1, "on record, with its reason");

    let (live, _) = kept(&auth).await;
    assert_eq!(
        auth.verify(&live).await.status,
        StatusCode::OK,
        "the account is as it was"
    );
    assert_eq!(
        auth.verify(&other).await.status,
        StatusCode::UNAUTHORIZED,
        "its hour is over"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_lost_answer_is_given_again_for_a_minute(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "customer").await;
    let (_, first) = kept(&auth).await;
    auth.clock.advance(50 * MINUTE_MS);
    let (_, second) = tokens(&refreshed(&auth, &first).await);
    auth.clock.advance(MINUTE_MS - 1_000);
    let (access, again) = tokens(&refreshed(&auth, &first).await);
    assert_eq!(again, second, "the same successor, not a second one");
    assert_eq!(auth.verify(&access).await.status, StatusCode::OK);

    auth.clock.advance(1_000);
    assert_eq!(
        refreshed(&auth, &first).await.code(),
        "invalid_token",
        "the minute is over"
    );
    assert_eq!(
        refreshed(&auth, &second).await.code(),
        "invalid_token",
        "and so is the session"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_lost_answer_is_given_again_to_the_attempt_that_lost_it(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "customer").await;
    let (_, first) = kept(&auth).await;
    let lost = auth.clock.new_id();
    let other = auth.clock.new_id();
    let by = async |token: &str, attempt| {
        let form = json!({ "refresh_token": token, "attempt": attempt });
        auth.post("refresh", form).await
    };
    let (_, second) = tokens(&by(&first, lost).await);
    for _ in 0..2 {
        auth.clock.advance(3 * 60 * MINUTE_MS);
        let (access, again) = tokens(&by(&first, lost).await);
        assert_eq!(again, second, "hours later, the same successor");
        assert_eq!(auth.verify(&access).await.status, StatusCode::OK);
    }
    let (_, third) = tokens(&by(&second, other).await);
    assert_eq!(
        by(&first, lost).await.code(),
        "invalid_token",
        "its successor was used"
    );
    assert_eq!(
        by(&third, other).await.code(),
        "invalid_token",
        "so two hold the session"
    );
    let form = json!({ "refresh_token": first, "attempt": "mine" });
    assert_eq!(auth.post("refresh", form).await.code(), "invalid_input");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn programs_that_refresh_at_the_same_moment_get_one_successor(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "customer").await;
    let (_, first) = kept(&auth).await;
    let answers = join_all((0..8).map(|_| refreshed(&auth, &first))).await;
    let mut given: Vec<String> = answers.iter().map(|answer| tokens(answer).1).collect();
    given.dedup();
    assert_eq!(given.len(), 1, "{given:?}");
    assert_eq!(refreshed(&auth, &given[0]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_successor_lives_no_longer_than_the_first_one_would() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "customer").await;
    let (_, mut token) = kept(&auth).await;
    let mut last: Option<Value> = None;
    for _ in 0..14 {
        auth.clock.advance(50 * MINUTE_MS);
        let answer = refreshed(&auth, &token).await;
        let ends_at = answer.body["ends_at"].clone();
        assert!(
            last.as_ref().is_none_or(|last| *last == ends_at),
            "{ends_at}"
        );
        last = Some(ends_at);
        token = tokens(&answer).1;
    }
    auth.clock.advance(20 * MINUTE_MS);
    assert_eq!(
        refreshed(&auth, &token).await.code(),
        "invalid_token",
        "twelve hours are over"
    );
    let renewed = auth
        .send(Method::GET, "/api/v1/auth/sessions", Some(&token), None)
        .await;
    assert_eq!(renewed.status, StatusCode::UNAUTHORIZED, "it opens nothing");
}
