//! Codes by mail for people who forgot their password.

use axum::http::{Method, StatusCode};
use platform::vals;
use rstest::rstest;
use serde_json::{Value, json};
use wire::EventType;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const NEW: &str = "staple battery horse";
const MAILS_AN_HOUR: usize = 5;

async fn ask(auth: &Auth, account: &str) -> Answer {
    auth.post("password-codes", json!({ "account": account }))
        .await
}

async fn redeem(auth: &Auth, name: &str, code: &str) -> Answer {
    let form = json!({ "username": name, "code": code, "new_password": NEW });
    auth.post("password-reset", form).await
}

/// Returns the person's id.
async fn register(auth: &Auth, name: &str) -> String {
    let answer = auth.register(name, "customer").await;
    answer.body["user_id"].as_str().unwrap().to_owned()
}

async fn register_confirmed(auth: &Auth, name: &str) -> String {
    let user = register(auth, name).await;
    let confirm = "UPDATE users SET email_confirmed_at = 1 WHERE username = ?";
    auth.sql.exec(confirm, vals![name]).await.unwrap();
    user
}

/// Fetches the code as that service.
async fn fetch(auth: &Auth, service: &'static str, user: &str) -> Answer {
    let own = auth.service_key.issue_token(service, "auth", &auth.clock);
    let path = "/internal/password-codes";
    let asked = json!({ "user_id": user });
    auth.send(Method::POST, path, Some(&own), Some(asked)).await
}

async fn fetch_code(auth: &Auth, user: &str) -> Option<String> {
    let fetched = fetch(auth, "notification", user).await;
    assert_eq!(fetched.status, StatusCode::OK, "{}", fetched.text);
    fetched.body["code"].as_str().map(str::to_owned)
}

/// The accounts for which a mail was requested, in order. No lookup runs afterwards.
async fn requested(auth: &Auth) -> Vec<String> {
    auth.tasks_end().await;
    let events = auth.events().await.into_iter();
    let requests = events.filter(|event| event.kind == EventType::UserPasswordCodeAsked);
    requests
        .map(|event| event.body["user_id"].as_str().unwrap().to_owned())
        .collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_newest_code_by_mail_sets_a_password_once_and_in_time(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = register_confirmed(&auth, "lisi").await;
    let session = auth.token("lisi").await;
    for account in [" LiSi ", "LiSi@example.com"] {
        let answer = ask(&auth, account).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }

    let void = fetch_code(&auth, &lisi).await.unwrap();
    let mail = fetch(&auth, "notification", &lisi).await.body;
    assert_eq!(
        (&mail["email"], &mail["username"]),
        (&json!("lisi@example.com"), &json!("lisi"))
    );
    let code = mail["code"].as_str().unwrap();
    for (name, code) in [("lisi", void.as_str()), ("nobody", code)] {
        let refused = redeem(&auth, name, code).await;
        assert_eq!(refused.code(), "invalid_credentials", "{name} {code}");
    }
    let typed = code.to_lowercase().replace('-', " ");
    let done = redeem(&auth, "lisi", &typed).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(
        auth.verify(&session).await.status,
        StatusCode::UNAUTHORIZED,
        "all sessions end"
    );
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials"
    );
    assert_eq!(auth.login("lisi", NEW).await.status, StatusCode::OK);
    assert_eq!(
        redeem(&auth, "lisi", code).await.code(),
        "invalid_credentials",
        "it is spent"
    );

    let late = fetch_code(&auth, &lisi).await.unwrap();
    auth.clock.advance(30 * MINUTE_MS);
    assert_eq!(
        redeem(&auth, "lisi", &late).await.code(),
        "invalid_credentials",
        "its time is over"
    );
    assert_eq!(requested(&auth).await, [lisi.clone(), lisi]);
}

#[tokio::test]
async fn no_answer_reveals_an_account_and_only_a_confirmed_address_gets_a_code() {
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = register_confirmed(&auth, "lisi").await;
    let unconfirmed = register(&auth, "wangwu").await;
    let boss = register_confirmed(&auth, "boss").await;
    auth.make_admin("boss").await;
    let mut answers = Vec::new();
    for account in [
        "lisi",
        "wangwu",
        "boss",
        "nobody",
        "lisi@example.com",
        "no@example.com",
    ] {
        let answer = ask(&auth, account).await;
        answers.push((answer.status, answer.text));
    }
    let silent = (StatusCode::NO_CONTENT, String::new());
    assert!(answers.iter().all(|told| *told == silent), "{answers:?}");
    assert!(fetch_code(&auth, &lisi).await.is_some());
    for nobodys in [&unconfirmed, &boss, "00000000-0000-7000-8000-000000000000"] {
        assert_eq!(fetch_code(&auth, nobodys).await, None, "{nobodys}");
    }
    let others = fetch(&auth, "order", &lisi).await;
    assert_eq!(others.code(), "role_forbidden");
    assert_eq!(ask(&auth, "no name").await.fields(), ["account"]);
    assert_eq!(ask(&auth, "@").await.fields(), ["account"]);
    let mut expected = [lisi.clone(), lisi, unconfirmed];
    let mut requested = requested(&auth).await;
    expected.sort();
    requested.sort();
    assert_eq!(requested, expected);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_types_a_name_voids_no_code_of_an_admin(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = register_confirmed(&auth, "lisi").await;
    register(&auth, "boss").await;
    auth.make_admin("boss").await;
    let admin = auth.token("boss").await;
    let mailed = fetch_code(&auth, &lisi).await.unwrap();
    let path = format!("/api/v1/admin/users/{lisi}/password-reset");
    let why = Some(json!({ "reason": "Forgot it, and came to the office." }));
    let issued = auth.send(Method::POST, &path, Some(&admin), why).await;
    let code = issued.body["code"].as_str().unwrap();
    assert_eq!(fetch_code(&auth, &lisi).await, None);
    assert_eq!(
        redeem(&auth, "lisi", &mailed).await.code(),
        "invalid_credentials",
        "the admin's replaced it"
    );
    let done = redeem(&auth, "lisi", code).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert!(fetch_code(&auth, &lisi).await.is_some(), "it is spent");

    let why = Some(json!({ "reason": "Forgot it, and called." }));
    auth.send(Method::POST, &path, Some(&admin), why).await;
    for address in ["192.0.2.1", "192.0.2.2"] {
        for _ in 0..5 {
            let guess = json!({
                "username": "lisi", "code": "0000-0000-0000-0000", "new_password": NEW,
            });
            auth.post_from(address, "password-reset", guess).await;
        }
    }
    assert!(
        fetch_code(&auth, &lisi).await.is_some(),
        "no tries are left"
    );
}

#[tokio::test]
async fn a_name_gets_five_mails_an_hour_whether_or_not_it_has_an_account() {
    let auth = Auth::new(Engine::Sqlite).await;
    register_confirmed(&auth, "lisi").await;
    let mut refusals = Vec::<Value>::new();
    for account in ["lisi", "nobody"] {
        for _ in 0..MAILS_AN_HOUR {
            assert_eq!(ask(&auth, account).await.status, StatusCode::NO_CONTENT);
        }
        let refused = ask(&auth, account).await;
        assert_eq!(refused.code(), "rate_limited", "{account}");
        refusals.push(refused.body["detail"].clone());
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(requested(&auth).await.len(), MAILS_AN_HOUR);
}
