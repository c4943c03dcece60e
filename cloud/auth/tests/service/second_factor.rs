//! The second factor of staff: its set-up, sign-ins, policy, and removal.

use auth::SecondFactorPolicy;
use axum::http::{Method, StatusCode};
use platform::vals;
use ring::digest::{SHA256, digest};
use rstest::rstest;
use serde_json::{Value, json};
use support::totp::code_at;
use uuid::Uuid;
use wire::EventType;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

pub(crate) const OWN: &str = "/api/v1/auth/second-factor";
const STEP_MS: i64 = 30_000;

/// An admin with a second factor.
struct Protected {
    auth: Auth,
    secret: String,
    recovery_codes: Vec<String>,
    token: String,
}

pub(crate) async fn auth_with_admin(engine: Engine, policy: SecondFactorPolicy) -> Auth {
    let alter = |config| auth::Config {
        second_factor: policy,
        ..config
    };
    let auth = Auth::with(engine, "memory:", alter).await;
    auth.register("root", "customer").await;
    auth.make_admin("root").await;
    auth
}

impl Protected {
    async fn new(engine: Engine) -> Self {
        let auth = auth_with_admin(engine, SecondFactorPolicy::Off).await;
        let token = auth.token("root").await;
        let drawn = call(&auth, &token, OWN, json!({ "password": PASSWORD })).await;
        assert_eq!(drawn.status, StatusCode::OK, "{}", drawn.text);
        let secret = drawn.body["secret"].as_str().unwrap().to_owned();
        let address = drawn.body["address"].as_str().unwrap();
        assert!(address.starts_with("otpauth://totp/Holdfast:root?secret="));
        assert!(address.contains(&secret));
        let code = code_at(&secret, auth.clock.now());
        let confirm = format!("{OWN}/confirm");
        let confirmed = call(&auth, &token, &confirm, json!({ "code": code })).await;
        let recovery_codes = codes_in(&confirmed);
        // The code of the set-up is used, so the next one comes half a minute later.
        auth.clock.advance(STEP_MS);
        Self {
            auth,
            secret,
            recovery_codes,
            token,
        }
    }

    fn code(&self) -> String {
        code_at(&self.secret, self.auth.clock.now())
    }

    async fn ticket(&self) -> String {
        ticket_in(&self.auth.login("root", PASSWORD).await)
    }

    async fn enter(&self, ticket: &str, code: &str) -> Answer {
        enter(&self.auth, ticket, code).await
    }
}

pub(crate) async fn call(auth: &Auth, token: &str, path: &str, body: Value) -> Answer {
    auth.send(Method::POST, path, Some(token), Some(body)).await
}

pub(crate) async fn enter(auth: &Auth, ticket: &str, code: &str) -> Answer {
    let form = json!({ "ticket": ticket, "code": code, "refresh": true });
    auth.post("login/second-factor", form).await
}

pub(crate) fn ticket_in(answer: &Answer) -> String {
    assert_eq!(answer.code(), "second_factor_required", "{}", answer.text);
    assert!(answer.body.get("access_token").is_none());
    answer.body["ticket"].as_str().unwrap().to_owned()
}

pub(crate) fn codes_in(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let codes: Vec<String> = serde_json::from_value(answer.body["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    codes
}

pub(crate) fn assert_signed_in(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.body["access_token"].is_string());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_password_alone_opens_nothing_and_each_code_works_once(#[case] engine: Engine) {
    let root = Protected::new(engine).await;
    let ticket = root.ticket().await;
    let code = root.code();
    let signed_in = root.enter(&ticket, &code).await;
    assert_signed_in(&signed_in);
    assert_eq!(signed_in.body["username"], "root");
    assert_eq!(
        root.enter(&ticket, &code).await.code(),
        "visit_over",
        "a ticket works once"
    );

    let next = root.ticket().await;
    assert_eq!(
        root.enter(&next, &code).await.code(),
        "code_wrong",
        "a code works once"
    );
    let spaced = root.recovery_codes[0].to_lowercase().replace('-', " ");
    assert_signed_in(&root.enter(&next, &spaced).await);
    let last = root.ticket().await;
    let again = root.enter(&last, &root.recovery_codes[0]).await;
    assert_eq!(again.code(), "code_wrong", "a recovery code works once");
    let state = root
        .auth
        .send(Method::GET, OWN, Some(&root.token), None)
        .await;
    assert_eq!(state.body["recovery_codes_left"], 9);
    assert_eq!(state.body["required"], false);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_ticket_has_five_tries_and_ten_minutes_and_wrong_codes_lock_the_account(
    #[case] engine: Engine,
) {
    let root = Protected::new(engine).await;
    let ticket = root.ticket().await;
    for _ in 0..5 {
        assert_eq!(root.enter(&ticket, "000000").await.code(), "code_wrong");
    }
    assert_eq!(root.enter(&ticket, &root.code()).await.code(), "visit_over");
    let late = root.ticket().await;
    root.auth.clock.advance(10 * MINUTE_MS);
    assert_eq!(root.enter(&late, &root.code()).await.code(), "visit_over");
    let ticket = root.ticket().await;
    for _ in 0..5 {
        root.enter(&ticket, "not a code").await;
    }
    assert_eq!(
        root.auth.login("root", PASSWORD).await.code(),
        "account_locked"
    );
    root.auth.clock.advance(16 * MINUTE_MS);
    let ticket = root.ticket().await;
    assert_signed_in(&root.enter(&ticket, &root.code()).await);
}

#[tokio::test]
async fn a_changed_password_ends_a_ticket_and_keeps_the_factor() {
    let root = Protected::new(Engine::Sqlite).await;
    let ticket = root.ticket().await;
    let new = "another horse battery";
    let form = json!({ "old_password": PASSWORD, "new_password": new });
    let changed = call(&root.auth, &root.token, "/api/v1/auth/password", form).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(root.enter(&ticket, &root.code()).await.code(), "visit_over");
    let ticket = ticket_in(&root.auth.login("root", new).await);
    assert_signed_in(&root.enter(&ticket, &root.code()).await);
}

#[tokio::test]
async fn the_owner_renews_the_codes_and_turns_the_factor_off_with_a_code() {
    let root = Protected::new(Engine::Sqlite).await;
    let again = call(
        &root.auth,
        &root.token,
        OWN,
        json!({ "password": PASSWORD }),
    )
    .await;
    assert_eq!(again.code(), "second_factor_exists");
    let renew = format!("{OWN}/recovery-codes");
    let refused = call(&root.auth, &root.token, &renew, json!({ "code": "123" })).await;
    assert_eq!(refused.code(), "code_wrong");
    let form = json!({ "code": root.code() });
    let renewed = codes_in(&call(&root.auth, &root.token, &renew, form).await);
    assert!(!renewed.contains(&root.recovery_codes[0]));
    let off = format!("{OWN}/turn-off");
    let old = json!({ "code": root.recovery_codes[0] });
    assert_eq!(
        call(&root.auth, &root.token, &off, old).await.code(),
        "code_wrong"
    );
    let done = call(&root.auth, &root.token, &off, json!({ "code": renewed[0] })).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_signed_in(&root.auth.login("root", PASSWORD).await);
    assert_eq!(
        root.auth.count("SELECT COUNT(*) FROM recovery_codes").await,
        0
    );
}

#[tokio::test]
async fn a_set_up_takes_the_password_and_ends_the_other_sessions() {
    let auth = auth_with_admin(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let (here, elsewhere) = (auth.token("root").await, auth.token("root").await);
    let refused = call(&auth, &here, OWN, json!({ "password": "wrong horse" })).await;
    assert_eq!(refused.code(), "invalid_credentials");
    let drawn = call(&auth, &here, OWN, json!({ "password": PASSWORD })).await;
    let confirm = format!("{OWN}/confirm");
    let wrong = call(&auth, &here, &confirm, json!({ "code": "000000" })).await;
    assert_eq!(wrong.code(), "code_wrong");
    assert_signed_in(&auth.login("root", PASSWORD).await);
    let code = code_at(drawn.body["secret"].as_str().unwrap(), auth.clock.now());
    codes_in(&call(&auth, &here, &confirm, json!({ "code": code })).await);
    assert_eq!(auth.verify(&here).await.status, StatusCode::OK);
    assert_eq!(auth.verify(&elsewhere).await.code(), "invalid_token");
    auth.register("lisi", "provider").await;
    let provider = auth.token("lisi").await;
    let refused = call(&auth, &provider, OWN, json!({ "password": PASSWORD })).await;
    assert_eq!(refused.code(), "role_forbidden");
}

#[tokio::test]
async fn a_drawn_secret_waits_ten_minutes_for_its_first_code() {
    let auth = auth_with_admin(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let token = auth.token("root").await;
    let confirm = format!("{OWN}/confirm");
    let drawn = call(&auth, &token, OWN, json!({ "password": PASSWORD })).await;
    auth.clock.advance(10 * MINUTE_MS);
    let code = code_at(drawn.body["secret"].as_str().unwrap(), auth.clock.now());
    let late = call(&auth, &token, &confirm, json!({ "code": code })).await;
    assert_eq!(late.code(), "not_found");
    let drawn = call(&auth, &token, OWN, json!({ "password": PASSWORD })).await;
    let code = code_at(drawn.body["secret"].as_str().unwrap(), auth.clock.now());
    codes_in(&call(&auth, &token, &confirm, json!({ "code": code })).await);
}

#[tokio::test]
async fn a_ticket_without_tries_left_draws_no_secret() {
    let auth = auth_with_admin(Engine::Sqlite, SecondFactorPolicy::Staff).await;
    let refused = auth.login("root", PASSWORD).await;
    assert_eq!(refused.code(), "second_factor_setup_required");
    let ticket = refused.body["ticket"].as_str().unwrap();
    for _ in 0..5 {
        assert_eq!(enter(&auth, ticket, "000000").await.code(), "visit_over");
    }
    let form = json!({ "ticket": ticket });
    let drawn = auth.post("login/second-factor/set-up", form).await;
    assert_eq!(drawn.code(), "visit_over");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_keeps_the_newest_hundred_tickets(#[case] engine: Engine) {
    let root = Protected::new(engine).await;
    root.ticket().await;
    for n in 0_u8..120 {
        let copy = "INSERT INTO sign_in_tickets (id, ticket_hash, user_id, tries, expires_at) \
            SELECT ?, ?, user_id, tries, expires_at FROM sign_in_tickets LIMIT 1";
        let values = vals![Uuid::from_u128(u128::from(n)), [n; 32]];
        root.auth.sql.exec(copy, values).await.unwrap();
    }
    let newest = root.ticket().await;
    let kept = root
        .auth
        .count("SELECT COUNT(*) FROM sign_in_tickets")
        .await;
    assert_eq!(kept, 100);
    assert_signed_in(&root.enter(&newest, &root.code()).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_policy_leads_to_the_set_up_and_no_older_session_goes_around_it(#[case] engine: Engine) {
    let before = auth_with_admin(engine, SecondFactorPolicy::Off).await;
    let form = json!({ "username": "root", "password": PASSWORD, "refresh": true });
    let old = before.post("login", form).await;
    let mut auth = before;
    auth.config.second_factor = SecondFactorPolicy::Sensitive;
    let auth = auth.restarted().await;
    let refreshed = auth
        .post(
            "refresh",
            json!({ "refresh_token": old.body["refresh_token"] }),
        )
        .await;
    assert_eq!(refreshed.code(), "invalid_token", "{}", refreshed.text);
    let token = old.body["access_token"].as_str().unwrap();
    assert_eq!(auth.verify(token).await.code(), "invalid_token");

    let refused = auth.login("root", PASSWORD).await;
    assert_eq!(refused.code(), "second_factor_setup_required");
    let ticket = refused.body["ticket"].as_str().unwrap();
    let drawn = auth
        .post("login/second-factor/set-up", json!({ "ticket": ticket }))
        .await;
    let secret = drawn.body["secret"].as_str().unwrap();
    let wrong = enter(&auth, ticket, "000000").await;
    assert_eq!(wrong.code(), "code_wrong");
    let code = code_at(secret, auth.clock.now());
    let signed_in = enter(&auth, ticket, &code).await;
    assert_signed_in(&signed_in);
    codes_in(&signed_in);
    let token = signed_in.body["access_token"].as_str().unwrap();
    auth.clock.advance(STEP_MS);
    let code = code_at(secret, auth.clock.now());
    let form = json!({ "code": code });
    let off = call(&auth, token, &format!("{OWN}/turn-off"), form).await;
    assert_eq!(off.code(), "last_second_factor", "{}", off.text);
    assert_eq!(auth.verify(token).await.status, StatusCode::OK);
    auth.register("lisi", "provider").await;
    assert_signed_in(&auth.login("lisi", PASSWORD).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_removes_a_lost_factor_on_record_and_ends_the_sessions(#[case] engine: Engine) {
    let root = Protected::new(engine).await;
    let auth = &root.auth;
    auth.register("other", "customer").await;
    auth.make_admin("other").await;
    let other = auth.token("other").await;
    let me = auth.verify(&root.token).await.body["user_id"].clone();
    let path = format!("/api/v1/admin/users/{}", me.as_str().unwrap());
    let shown = auth.send(Method::GET, &path, Some(&other), None).await;
    assert!(
        shown.body["second_factor_since"].is_string(),
        "{}",
        shown.text
    );
    let remove = format!("{path}/second-factor/remove");
    let why = json!({ "reason": "Lost the phone at sea." });
    let own = call(auth, &root.token, &remove, why.clone()).await;
    assert_eq!(own.code(), "role_forbidden", "their own takes a code");
    let silent = call(auth, &other, &remove, json!({ "reason": " " })).await;
    assert_eq!(silent.fields(), ["reason"]);
    let ticket = root.ticket().await;
    let done = call(auth, &other, &remove, why.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(auth.verify(&root.token).await.code(), "invalid_token");
    assert_eq!(root.enter(&ticket, &root.code()).await.code(), "visit_over");
    assert_eq!(call(auth, &other, &remove, why).await.code(), "not_found");
    assert_signed_in(&auth.login("root", PASSWORD).await);
    let reasons = auth
        .reasons(
            "second_factor_removals.why",
            "SELECT id, why FROM second_factor_removals",
        )
        .await;
    assert_eq!(reasons, ["Lost the phone at sea."]);
    let events = auth.events().await;
    let notices: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventType::UserSecondFactorRemoved)
        .collect();
    assert_eq!(notices.len(), 1, "refused removals notify of nothing");
    assert_eq!(notices[0].body["user_id"], me);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn neither_the_secret_nor_a_code_nor_a_ticket_is_stored_in_plain(#[case] engine: Engine) {
    let root = Protected::new(engine).await;
    let ticket = root.ticket().await;
    let secrets = root
        .auth
        .reasons(
            "second_factors.secret",
            "SELECT user_id, secret FROM second_factors",
        )
        .await;
    assert_eq!(secrets.len(), 1, "it is sealed to its person");
    let sealed: Vec<String> = root
        .auth
        .sql
        .fetch_all("SELECT secret FROM second_factors", Vec::new())
        .await
        .unwrap();
    for plain in [&secrets[0], &root.secret] {
        assert!(!sealed[0].contains(plain.as_str()));
    }
    let codes: Vec<Vec<u8>> = root
        .auth
        .sql
        .fetch_all("SELECT code_hash FROM recovery_codes", Vec::new())
        .await
        .unwrap();
    let tickets: Vec<Vec<u8>> = root
        .auth
        .sql
        .fetch_all("SELECT ticket_hash FROM sign_in_tickets", Vec::new())
        .await
        .unwrap();
    assert_eq!((codes.len(), tickets.len()), (10, 1));
    for code in &root.recovery_codes {
        assert!(codes.contains(&sha256(&code.replace('-', ""))));
    }
    assert_eq!(tickets, [sha256(&ticket)]);
}

fn sha256(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}
