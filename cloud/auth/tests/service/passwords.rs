//! Password changes: by the owner, with an admin's code, and from an imported hash.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use wire::EventType;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const NEW: &str = "staple battery horse";
const WRONG: &str = "wrong horse battery";
/// The hash of `PASSWORD` with cost 4, made by libxcrypt.
const IMPORTED: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";

async fn change(auth: &Auth, token: &str, old: &str, new: &str) -> Answer {
    let form = json!({ "old_password": old, "new_password": new });
    auth.send(
        Method::POST,
        "/api/v1/auth/password",
        Some(token),
        Some(form),
    )
    .await
}

async fn redeem(auth: &Auth, name: &str, code: &str) -> Answer {
    let form = json!({ "username": name, "code": code, "new_password": NEW });
    auth.post("password-reset", form).await
}

async fn redeem_from(auth: &Auth, address: &str, name: &str, code: &str) -> Answer {
    let form = json!({ "username": name, "code": code, "new_password": NEW });
    auth.post_from(address, "password-reset", form).await
}

/// An admin's token, and another person's id.
async fn admin_and(auth: &Auth, name: &str) -> (String, String) {
    auth.register("boss", "customer").await;
    auth.make_admin("boss").await;
    let user = auth.login(name, PASSWORD).await.body["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (auth.token("boss").await, user)
}

async fn issue(auth: &Auth, admin: &str, user: &str) -> Answer {
    let path = format!("/api/v1/admin/users/{user}/password-reset");
    let why = json!({ "reason": "Forgot it, and came to the office." });
    auth.send(Method::POST, &path, Some(admin), Some(why)).await
}

fn code_in(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.body["code"].as_str().unwrap().to_owned()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_change_of_the_password_ends_the_other_sessions(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let other = auth.token("lisi").await;
    let here = auth.token("lisi").await;
    assert_eq!(
        change(&auth, &here, WRONG, NEW).await.code(),
        "invalid_credentials"
    );
    assert_eq!(
        change(&auth, &here, PASSWORD, "short").await.fields(),
        ["new_password"]
    );
    assert_eq!(auth.verify(&other).await.status, StatusCode::OK);

    auth.clock.advance(1_000);
    let done = change(&auth, &here, PASSWORD, NEW).await;
    assert_eq!(
        (done.status, &done.body["ended"]),
        (StatusCode::OK, &json!(1)),
        "{}",
        done.text
    );
    assert_eq!(auth.verify(&here).await.status, StatusCode::OK);
    assert_eq!(auth.verify(&other).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials"
    );
    auth.clock.advance(1_000);
    let told = auth.login("lisi", NEW).await;
    assert!(
        told.body["password_changed_at"].is_string(),
        "the person is told: {}",
        told.text
    );
    auth.clock.advance(1_000);
    let once = auth.login("lisi", NEW).await;
    assert!(
        once.body.get("password_changed_at").is_none(),
        "once: {}",
        once.text
    );
    let recorded = "SELECT COUNT(*) FROM sessions WHERE ended_why = 'password_changed'";
    assert_eq!(auth.count(recorded).await, 1);
    let events = auth.events().await;
    assert_eq!(
        events
            .iter()
            .filter(|e| e.kind == EventType::SessionRevoked)
            .count(),
        1
    );
    let notices = events
        .iter()
        .filter(|event| event.kind == EventType::UserPasswordChanged);
    assert_eq!(notices.count(), 1, "refused changes notify of nothing");
}

#[tokio::test]
async fn a_thief_of_a_token_guesses_the_old_password_no_faster_than_at_the_sign_in() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "customer").await;
    let token = auth.token("lisi").await;
    for _ in 0..10 {
        assert_eq!(
            change(&auth, &token, WRONG, NEW).await.code(),
            "invalid_credentials"
        );
    }
    assert_eq!(
        change(&auth, &token, PASSWORD, NEW).await.code(),
        "account_locked"
    );
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "account_locked",
        "one count for both"
    );
    auth.clock.advance(15 * MINUTE_MS);
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_code_of_an_admin_sets_a_password_once(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    auth.register("wangwu", "provider").await;
    let token = auth.token("lisi").await;
    let (admin, user) = admin_and(&auth, "lisi").await;
    let void = code_in(&issue(&auth, &admin, &user).await);
    let code = code_in(&issue(&auth, &admin, &user).await);
    assert_eq!(
        redeem(&auth, "lisi", &void).await.code(),
        "invalid_credentials",
        "one at a time"
    );
    assert_eq!(
        redeem(&auth, "wangwu", &code).await.code(),
        "invalid_credentials",
        "for one person"
    );
    assert_eq!(
        redeem(&auth, "nobody", &code).await.code(),
        "invalid_credentials"
    );
    assert_eq!(auth.verify(&token).await.status, StatusCode::OK);

    auth.clock.advance(29 * MINUTE_MS);
    let typed = code.to_lowercase().replace('-', " ");
    let done = redeem(&auth, " LiSi ", &typed).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(
        auth.verify(&token).await.status,
        StatusCode::UNAUTHORIZED,
        "all sessions end"
    );
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials"
    );
    let told = auth.login("lisi", NEW).await;
    assert!(
        told.body["password_changed_at"].is_string(),
        "{}",
        told.text
    );
    assert_eq!(
        redeem(&auth, "lisi", &code).await.code(),
        "invalid_credentials",
        "it is used"
    );
    let recorded = "SELECT id, why FROM password_resets WHERE used_at > 0";
    let reasons = auth.reasons("password_resets.why", recorded).await;
    assert_eq!(reasons, ["Forgot it, and came to the office."]);

    let late = code_in(&issue(&auth, &admin, &user).await);
    auth.clock.advance(30 * MINUTE_MS);
    assert_eq!(
        redeem(&auth, "lisi", &late).await.code(),
        "invalid_credentials",
        "its time is over"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_code_bears_ten_tries_and_five_of_one_place(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let (admin, user) = admin_and(&auth, "lisi").await;
    let guess = "0000-0000-0000-0000";
    let wrong = async |address: &str, times: usize| {
        for _ in 0..times {
            let answer = redeem_from(&auth, address, "lisi", guess).await;
            assert_eq!(answer.code(), "invalid_credentials", "from {address}");
        }
    };

    let code = code_in(&issue(&auth, &admin, &user).await);
    wrong("192.0.2.1", 5).await;
    let refused = redeem_from(&auth, "192.0.2.1", "lisi", &code).await;
    assert_eq!(
        refused.code(),
        "invalid_credentials",
        "the sixth try of one place"
    );
    wrong("192.0.2.1", 3).await;
    wrong("192.0.2.2", 4).await;
    let done = redeem_from(&auth, "198.51.100.7", "lisi", &code).await;
    assert_eq!(
        done.status,
        StatusCode::NO_CONTENT,
        "the tenth try: {}",
        done.text
    );

    let code = code_in(&issue(&auth, &admin, &user).await);
    wrong("192.0.2.3", 5).await;
    wrong("192.0.2.4", 5).await;
    let refused = redeem_from(&auth, "198.51.100.7", "lisi", &code).await;
    assert_eq!(refused.code(), "invalid_credentials", "the eleventh try");
    let code = code_in(&issue(&auth, &admin, &user).await);
    let done = redeem_from(&auth, "198.51.100.7", "lisi", &code).await;
    assert_eq!(
        done.status,
        StatusCode::NO_CONTENT,
        "another code: {}",
        done.text
    );
}

#[tokio::test]
async fn only_an_admin_gives_out_codes_and_none_for_admins() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "provider").await;
    let token = auth.token("lisi").await;
    let (admin, user) = admin_and(&auth, "lisi").await;
    let boss = auth.verify(&admin).await.body["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(issue(&auth, &token, &user).await.code(), "role_forbidden");
    assert_eq!(issue(&auth, &admin, &boss).await.code(), "role_forbidden");
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(
        issue(&auth, &admin, nobody).await.status,
        StatusCode::NOT_FOUND
    );
    let path = format!("/api/v1/admin/users/{user}/password-reset");
    let no_reason = auth
        .send(Method::POST, &path, Some(&admin), Some(json!({})))
        .await;
    assert_eq!(no_reason.fields(), ["reason"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_imported_hash_is_replaced_at_the_first_sign_in(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let import = async |hash: &str| {
        let put = "UPDATE users SET password_hash = ?";
        auth.sql.exec(put, platform::vals![hash]).await.unwrap();
    };
    import(IMPORTED).await;
    let ours = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(
        auth.login("lisi", WRONG).await.code(),
        "invalid_credentials"
    );
    assert_eq!(
        auth.count(ours).await,
        0,
        "a wrong password changes nothing"
    );
    let logins = futures::future::join_all((0..4).map(|_| auth.login("lisi", PASSWORD))).await;
    assert!(logins.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(auth.count(ours).await, 1);
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(
        auth.login("lisi", WRONG).await.code(),
        "invalid_credentials"
    );

    import(&IMPORTED.replacen("04", "15", 1)).await;
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials",
        "too dear"
    );
}
