//! Sign-in, live sessions and sign-out.

mod cached;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use platform::sessions::{self, SessionStatus};
use process::tokens::{TokenAudience, TokenKeys};
use rstest::rstest;
use serde_json::json;
use support::{Proxy, Wire, eventually};
use wire::{EventType, SessionId, UserEvent};

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const SESSIONS: &str = "/api/v1/auth/sessions";

async fn auth_with(engine: Engine, username: &str) -> Auth {
    let auth = Auth::new(engine).await;
    assert_eq!(
        auth.register(username, "provider").await.status,
        StatusCode::CREATED
    );
    auth
}

fn session_of(auth: &Auth, token: &str, jwks: &str) -> SessionId {
    let keys = TokenKeys::empty();
    keys.replace_key_set(jwks).unwrap();
    keys.verify(token, TokenAudience::Cloud, auth.clock.now())
        .unwrap()
        .jti
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    assert_eq!(answer.body["title"], "Invalid token");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_sign_in_gives_a_token_anyone_can_check_for_an_hour(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    let answer = auth.login(" LiSi ", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 3600);
    assert_eq!(answer.body["role"], "provider");
    let token = answer.body["access_token"].as_str().unwrap();

    let verified = auth.verify(token).await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text);
    let expected = json!({ "user_id": answer.body["user_id"], "role": "provider", "active": true });
    assert_eq!(verified.body, expected);
    let direct = auth.send(
        Method::POST,
        "/verify-token",
        None,
        Some(json!({ "token": token })),
    );
    assert_eq!(direct.await.body, expected);

    let keys = TokenKeys::empty();
    keys.replace_key_set(
        &auth
            .send(Method::GET, "/.well-known/jwks.json", None, None)
            .await
            .text,
    )
    .unwrap();
    let verify = || keys.verify(token, TokenAudience::Cloud, auth.clock.now());
    let claims = verify().unwrap();
    assert_eq!(claims.exp - claims.iat, 3600);
    auth.clock.advance(60 * MINUTE_MS);
    assert!(verify().is_err());
    refused(&auth.verify(token).await);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let auth = auth_with(Engine::Sqlite, "lisi").await;
    let texts = [
        ("lisi", "wrong horse battery"),
        ("nobody", PASSWORD),
        ("no such name!", PASSWORD),
        ("lisi", "x"),
    ];
    for (username, password) in texts {
        let answer = auth.login(username, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{username}");
        assert_eq!(answer.code(), "invalid_credentials", "{username}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn ten_wrong_passwords_close_a_name_for_a_quarter_of_an_hour(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    for username in ["lisi", "nobody"] {
        for _ in 0..10 {
            assert_eq!(
                auth.login(username, "wrong horse battery").await.code(),
                "invalid_credentials"
            );
            auth.clock.advance(1000);
        }
        let locked = auth.login(username, PASSWORD).await;
        assert_eq!(
            locked.status,
            StatusCode::TOO_MANY_REQUESTS,
            "{}",
            locked.text
        );
        assert_eq!(locked.code(), "account_locked");
        assert!(locked.headers.contains_key("retry-after"));
    }
    auth.clock.advance(14 * MINUTE_MS);
    assert_eq!(auth.login("lisi", PASSWORD).await.code(), "account_locked");
    auth.clock.advance(MINUTE_MS);
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
    // A successful sign-in resets the count of wrong passwords.
    for _ in 0..9 {
        assert_eq!(
            auth.login("lisi", "wrong horse battery").await.code(),
            "invalid_credentials"
        );
    }
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn guesses_that_arrive_together_do_not_slip_past_the_lock(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    let guesses = (0..40).map(|_| auth.login("lisi", "wrong horse battery"));
    let answers = futures::future::join_all(guesses).await;
    let tried = answers
        .iter()
        .filter(|answer| answer.code() == "invalid_credentials")
        .count();
    assert!((10..=11).contains(&tried), "{tried} passwords were tried");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_session_that_was_ended_stays_ended_after_a_restart(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    let token = auth.token("lisi").await;
    let other = auth.token("lisi").await;
    let jwks = auth
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .text;
    let session = session_of(&auth, &token, &jwks);

    assert_eq!(auth.logout(&token).await.status, StatusCode::NO_CONTENT);
    refused(&auth.verify(&token).await);
    refused(&auth.logout(&token).await);
    refused(
        &auth
            .send(Method::GET, "/api/v1/auth/sessions", Some(&token), None)
            .await,
    );
    assert_eq!(auth.verify(&other).await.status, StatusCode::OK);
    assert_eq!(
        sessions::look_up(&auth.cache, session).await.unwrap(),
        SessionStatus::Revoked
    );

    let events = auth.events().await;
    let revoked: Vec<_> = events
        .iter()
        .filter(|e| e.kind == EventType::SessionRevoked)
        .collect();
    assert_eq!(revoked.len(), 1);
    let body: UserEvent = serde_json::from_value(revoked[0].body.clone()).unwrap();
    assert_eq!(body.session_id, Some(session));

    let auth = auth.restarted().await;
    refused(&auth.verify(&token).await);
    assert_eq!(
        auth.verify(&other).await.status,
        StatusCode::OK,
        "the key is the same one"
    );
    assert_eq!(
        sessions::look_up(&auth.cache, session).await.unwrap(),
        SessionStatus::Revoked
    );
    let other = session_of(&auth, &other, &jwks);
    assert_eq!(
        sessions::look_up(&auth.cache, other).await.unwrap(),
        SessionStatus::Clear
    );
}

#[tokio::test]
async fn a_lost_cache_keeps_nobody_from_signing_out() {
    let auth = Auth::with_cache(Engine::Sqlite, "redis://127.0.0.1:1").await;
    auth.register("lisi", "customer").await;
    let token = auth.token("lisi").await;
    assert_eq!(auth.logout(&token).await.status, StatusCode::NO_CONTENT);
    refused(&auth.verify(&token).await);
}

#[tokio::test]
async fn a_blacklist_in_redis_is_the_same_blacklist() {
    let auth = Auth::with_cache(Engine::Sqlite, &support::servers().redis).await;
    auth.register("lisi", "customer").await;
    let token = auth.token("lisi").await;
    let jwks = auth
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .text;
    let session = session_of(&auth, &token, &jwks);
    assert_eq!(
        sessions::look_up(&auth.cache, session).await.unwrap(),
        SessionStatus::Clear
    );
    auth.logout(&token).await;
    assert_eq!(
        sessions::look_up(&auth.cache, session).await.unwrap(),
        SessionStatus::Revoked
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_closed_account_and_a_changed_role_end_their_tokens(#[case] engine: Engine) {
    for change in [
        "UPDATE users SET is_active = 0",
        "UPDATE users SET role_id = 1",
    ] {
        let auth = auth_with(engine, "lisi").await;
        let token = auth.token("lisi").await;
        assert_eq!(auth.verify(&token).await.status, StatusCode::OK);
        auth.sql.exec(change, Vec::new()).await.unwrap();
        refused(&auth.send(Method::GET, SESSIONS, Some(&token), None).await);
        // The cache does not see manual changes to the tables; its entries expire with the token's
        // hour.
        let jwks = auth
            .send(Method::GET, "/.well-known/jwks.json", None, None)
            .await
            .text;
        let session = session_of(&auth, &token, &jwks);
        auth.cache
            .delete(&format!("session:{session}:live"))
            .await
            .unwrap();
        refused(&auth.verify(&token).await);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_revoked_person_is_out_everywhere(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    auth.register("boss", "customer").await;
    let token = auth.token("lisi").await;
    let other = auth.token("boss").await;
    auth.make_admin("boss").await;
    let admin = auth.token("boss").await;
    let user = auth.verify(&token).await.body["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let boss = auth.verify(&admin).await.body["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoke = async |token: &str, user: &str, body| {
        let path = format!("/api/v1/admin/users/{user}/revoke");
        auth.send(Method::POST, &path, Some(token), Some(body))
            .await
    };
    let why = || json!({ "reason": "The licence was withdrawn." });
    assert_eq!(revoke(&token, &boss, why()).await.code(), "role_forbidden");
    refused(&revoke(&other, &user, why()).await);
    assert_eq!(revoke(&admin, &user, json!({})).await.fields(), ["reason"]);
    assert_eq!(
        revoke(&admin, &boss, why()).await.code(),
        "role_forbidden",
        "not oneself"
    );
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(
        revoke(&admin, nobody, why()).await.status,
        StatusCode::NOT_FOUND
    );

    let jwks = auth
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .text;
    for _ in 0..2 {
        let done = revoke(&admin, &user, why()).await;
        assert_eq!(
            (done.status, &done.body["role"]),
            (StatusCode::OK, &json!("provider"))
        );
        refused(&auth.verify(&token).await);
        assert_eq!(
            auth.login("lisi", PASSWORD).await.code(),
            "invalid_credentials"
        );
        let session = session_of(&auth, &token, &jwks);
        assert_eq!(
            sessions::look_up(&auth.cache, session).await.unwrap(),
            SessionStatus::Revoked
        );
    }
    let events = auth.events().await;
    let told: Vec<_> = events
        .iter()
        .filter(|e| e.kind == EventType::UserRevoked)
        .collect();
    assert_eq!(told.len(), 1);
    let body: UserEvent = serde_json::from_value(told[0].body.clone()).unwrap();
    assert_eq!((json!(body.user_id), body.session_id), (json!(user), None));
    let recorded = "SELECT id, closed_why FROM users WHERE closed_by IS NOT NULL AND closed_at > 0";
    let reasons = auth.reasons("users.closed_why", recorded).await;
    assert_eq!(reasons, ["The licence was withdrawn."]);
    assert_eq!(auth.verify(&admin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_invalid() {
    let auth = auth_with(Engine::Sqlite, "lisi").await;
    let token = auth.token("lisi").await;
    let elsewhere = auth_with(Engine::Sqlite, "lisi").await.token("lisi").await;
    let cut = token.rsplit_once('.').unwrap().0.to_owned();
    for bad in [
        "",
        "x",
        "a.b.c",
        cut.as_str(),
        elsewhere.as_str(),
        &"x".repeat(9000),
    ] {
        refused(&auth.verify(bad).await);
    }
    assert_eq!(
        auth.post("verify-token", json!({})).await.fields(),
        ["token"]
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn people_see_their_own_live_sessions_page_by_page(#[case] engine: Engine) {
    let auth = auth_with(engine, "lisi").await;
    auth.register("wangwu", "customer").await;
    auth.token("wangwu").await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(auth.token("lisi").await);
        auth.clock.advance(1000);
    }
    auth.logout(&tokens[1]).await;

    let list = async |query: &str| {
        let path = format!("/api/v1/auth/sessions{query}");
        auth.send(Method::GET, &path, Some(&tokens[3]), None).await
    };
    let first = list("?limit=2").await;
    assert_eq!(
        first.body["items"].as_array().map(Vec::len),
        Some(2),
        "{}",
        first.text
    );
    assert_eq!(first.body["items"][0]["current"], true);
    assert_eq!(first.body["items"][1]["current"], false);
    let next = first.body["next"].as_str().unwrap();
    let second = list(&format!("?limit=2&cursor={next}")).await;
    assert_eq!(second.body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(second.body["next"], json!(null));
    assert_eq!(list("?cursor=x").await.fields(), ["cursor"]);
    assert_eq!(list("?limit=101").await.fields(), ["limit"]);

    refused(
        &auth
            .send(Method::GET, "/api/v1/auth/sessions", None, None)
            .await,
    );
}

#[tokio::test]
async fn auth_is_ready_with_its_database_and_its_bus() {
    let auth = Auth::new(Engine::Sqlite).await;
    let ready = auth.send(Method::GET, "/health/ready", None, None).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.text);
}
