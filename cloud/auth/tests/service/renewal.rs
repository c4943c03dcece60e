//! Renewal of a session's token.

use axum::http::{Method, StatusCode};
use process::tokens::{Claims, TokenAudience, TokenKeys};
use rstest::rstest;
use serde_json::json;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

async fn renewed(auth: &Auth, token: &str) -> Answer {
    let gateway = auth.service_key.issue_token("gateway", "auth", &auth.clock);
    let body = json!({ "token": token });
    auth.send(
        Method::POST,
        "/internal/sessions/renew",
        Some(&gateway),
        Some(body),
    )
    .await
}

async fn claims(auth: &Auth, token: &str) -> Claims {
    let keys = TokenKeys::empty();
    keys.replace_key_set(
        &auth
            .send(Method::GET, "/.well-known/jwks.json", None, None)
            .await
            .text,
    )
    .unwrap();
    keys.verify(token, TokenAudience::Cloud, auth.clock.now())
        .unwrap()
}

fn token_in(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_renewed_token_is_of_the_same_session_and_one_sign_out_ends_both(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let old = auth.token("lisi").await;
    auth.clock.advance(45 * MINUTE_MS);
    let new = token_in(&renewed(&auth, &old).await);
    let before = claims(&auth, &old).await;
    let after = claims(&auth, &new).await;
    assert_eq!(
        (after.jti, after.sub, after.role),
        (before.jti, before.sub, before.role)
    );
    assert_eq!(after.exp - before.exp, 45 * 60);
    assert_eq!(
        auth.verify(&old).await.status,
        StatusCode::OK,
        "requests under way still pass"
    );

    auth.clock.advance(40 * MINUTE_MS);
    assert_eq!(
        auth.verify(&new).await.status,
        StatusCode::OK,
        "the session was extended"
    );
    let out = auth
        .send(Method::POST, "/api/v1/auth/logout", Some(&new), None)
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    for token in [&old, &new] {
        assert_eq!(renewed(&auth, token).await.code(), "invalid_token");
        assert_eq!(auth.verify(token).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn twelve_hours_after_the_password_it_is_asked_for_again() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "customer").await;
    let mut token = auth.token("lisi").await;
    let began = claims(&auth, &token).await.iat;
    for _ in 0..15 {
        auth.clock.advance(50 * MINUTE_MS);
        let answer = renewed(&auth, &token).await;
        if answer.status != StatusCode::OK {
            break;
        }
        token = token_in(&answer);
        assert!(claims(&auth, &token).await.exp <= began + 12 * 3600);
    }
    assert_eq!(auth.clock.now().0 / 1000, began + 15 * 50 * 60);
    assert_eq!(renewed(&auth, &token).await.code(), "invalid_token");
}

#[tokio::test]
async fn only_the_platforms_own_parts_may_renew() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "customer").await;
    let token = auth.token("lisi").await;
    for bearer in [None, Some(token.as_str())] {
        let body = Some(json!({ "token": token }));
        let answer = auth
            .send(Method::POST, "/internal/sessions/renew", bearer, body)
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    for nothing in ["", "a.b.c"] {
        assert_eq!(renewed(&auth, nothing).await.code(), "invalid_token");
    }
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
}

/// Signs in with `refresh` and returns both tokens.
async fn kept(auth: &Auth, name: &str) -> (String, String) {
    let form = json!({ "username": name, "password": PASSWORD, "refresh": true });
    let answer = auth
        .send(Method::POST, "/api/v1/auth/login", None, Some(form))
        .await;
    let refresh = answer.body["refresh_token"].as_str().unwrap().to_owned();
    (token_in(&answer), refresh)
}

async fn refreshed(auth: &Auth, token: &str) -> Answer {
    let form = json!({ "refresh_token": token });
    auth.send(Method::POST, "/api/v1/auth/refresh", None, Some(form))
        .await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refresh_token_gives_access_for_twelve_hours_or_until_the_sign_out(
    #[case] engine: Engine,
) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let (access, refresh) = kept(&auth, "lisi").await;
    let began = claims(&auth, &access).await;
    auth.clock.advance(11 * 60 * MINUTE_MS);
    assert_eq!(
        auth.verify(&access).await.status,
        StatusCode::UNAUTHORIZED,
        "an hour is over"
    );
    let new = token_in(&refreshed(&auth, &refresh).await);
    let after = claims(&auth, &new).await;
    assert_eq!(
        (after.jti, after.sub, after.exp),
        (began.jti, began.sub, began.iat + 12 * 3600)
    );
    let edge = json!({ "region": "NORTH" });
    let edge = auth
        .send(
            Method::POST,
            "/api/v1/auth/edge-token",
            Some(&new),
            Some(edge),
        )
        .await;
    assert_eq!(edge.body["expires_in"], 3600, "{}", edge.text);

    let (access, other) = kept(&auth, "lisi").await;
    auth.send(Method::POST, "/api/v1/auth/logout", Some(&access), None)
        .await;
    assert_eq!(
        refreshed(&auth, &other).await.code(),
        "invalid_token",
        "signed out"
    );
    auth.clock.advance(60 * MINUTE_MS);
    assert_eq!(
        refreshed(&auth, &refresh).await.code(),
        "invalid_token",
        "its time is over"
    );
}

#[tokio::test]
async fn a_refresh_token_opens_nothing_and_no_other_token_refreshes() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "customer").await;
    let (access, refresh) = kept(&auth, "lisi").await;
    assert_eq!(auth.verify(&refresh).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(renewed(&auth, &refresh).await.code(), "invalid_token");
    let out = auth
        .send(Method::POST, "/api/v1/auth/logout", Some(&refresh), None)
        .await;
    assert_eq!(out.status, StatusCode::UNAUTHORIZED);
    for other in [access.as_str(), "", "a.b.c"] {
        assert_eq!(refreshed(&auth, other).await.code(), "invalid_token");
    }
    let plain = auth.login("lisi", PASSWORD).await;
    assert!(
        plain.body.get("refresh_token").is_none(),
        "it is given to those who ask: {}",
        plain.text
    );
}
