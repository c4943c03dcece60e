//! People end one of their sessions, or all but the current one.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use wire::EventType;

use crate::common::{Answer, Auth, Engine};

const SESSIONS: &str = "/api/v1/auth/sessions";

/// The ids of the live sessions, newest first.
async fn listed(auth: &Auth, token: &str) -> Vec<String> {
    let list = auth.send(Method::GET, SESSIONS, Some(token), None).await;
    let items = list.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["session_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn end(auth: &Auth, token: &str, session: &str) -> Answer {
    auth.send(
        Method::DELETE,
        &format!("{SESSIONS}/{session}"),
        Some(token),
        None,
    )
    .await
}

async fn told(auth: &Auth) -> usize {
    auth.events()
        .await
        .iter()
        .filter(|event| event.kind == EventType::SessionRevoked)
        .count()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_ends_one_session_and_nobody_elses(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    for name in ["lisi", "wangwu"] {
        auth.register(name, "provider").await;
    }
    let lost = auth.token("lisi").await;
    let here = auth.token("lisi").await;
    let stranger = auth.token("wangwu").await;
    let sessions = listed(&auth, &here).await;
    assert_eq!(sessions.len(), 2);

    assert_eq!(
        end(&auth, &stranger, &sessions[1]).await.code(),
        "not_found"
    );
    assert_eq!(auth.verify(&lost).await.status, StatusCode::OK);
    let done = end(&auth, &here, &sessions[1]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(auth.verify(&lost).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(auth.verify(&here).await.status, StatusCode::OK);
    assert_eq!(listed(&auth, &here).await, [sessions[0].clone()]);
    assert_eq!(
        end(&auth, &here, &sessions[1]).await.code(),
        "not_found",
        "it is over"
    );
    let recorded = "SELECT COUNT(*) FROM sessions WHERE ended_why = 'by_owner'";
    assert_eq!((auth.count(recorded).await, told(&auth).await), (1, 1));

    assert_eq!(
        end(&auth, &here, &sessions[0]).await.status,
        StatusCode::NO_CONTENT,
        "its own"
    );
    assert_eq!(auth.verify(&here).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        end(&auth, &stranger, "x").await.status,
        StatusCode::NOT_FOUND
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_ends_all_sessions_but_the_present_one(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    for name in ["lisi", "wangwu"] {
        auth.register(name, "customer").await;
    }
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(auth.token("lisi").await);
    }
    let here = tokens.pop().unwrap();
    let other = auth.token("wangwu").await;
    let others = format!("{SESSIONS}/others");
    for ended in [3, 0] {
        let done = auth.send(Method::DELETE, &others, Some(&here), None).await;
        assert_eq!(
            (done.status, &done.body["ended"]),
            (StatusCode::OK, &json!(ended))
        );
    }
    for token in &tokens {
        assert_eq!(auth.verify(token).await.status, StatusCode::UNAUTHORIZED);
    }
    for token in [&here, &other] {
        assert_eq!(auth.verify(token).await.status, StatusCode::OK);
    }
    assert_eq!(told(&auth).await, 3);
    let none = auth
        .send(Method::DELETE, &others, None, Some(Value::Null))
        .await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
}
