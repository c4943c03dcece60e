//! People delete their accounts: they ask, wait, and may undo it; then nothing says who they were.

mod erasing;

use auth::Config;
use axum::{
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::EventType;

use crate::{
    codes::{PHONE, Scene, refused, token},
    common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD},
};

const DELETION: &str = "/api/v1/auth/deletion";
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl Auth {
    async fn deletion(&self, method: Method, token: &str, body: Option<Value>) -> Answer {
        self.send(method, DELETION, Some(token), body).await
    }

    async fn ask(&self, token: &str) -> Answer {
        let form = json!({ "password": PASSWORD });
        self.deletion(Method::POST, token, Some(form)).await
    }

    /// Asks for the deletion of an account, and waits until its day.
    async fn ask_and_wait(&self, token: &str) {
        let asked = self.ask(token).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
        self.clock.advance(14 * DAY_MS);
    }

    async fn told(&self, kind: EventType) -> usize {
        let events = self.events().await.into_iter();
        events.filter(|event| event.kind == kind).count()
    }
}

async fn with_lisi(engine: Engine, role: &str) -> (Auth, String) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", role).await;
    let token = auth.token("lisi").await;
    (auth, token)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_asks_twice_keeps_the_first_day(#[case] engine: Engine) {
    let (auth, lisi) = with_lisi(engine, "provider").await;
    auth.matters.set(Some(2), Some(1));
    let waits_for = json!({ "orders": 2, "payments": 1 });
    let before = auth.deletion(Method::GET, &lisi, None).await;
    assert_eq!(before.body, json!({ "days": 14 }));

    let asked = auth.ask(&lisi).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let now = auth.clock.now();
    let state = json!({
        "asked_at": now, "delete_at": now.plus_ms(14 * DAY_MS), "days": 14, "waits_for": waits_for,
    });
    assert_eq!(asked.body, state);
    auth.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        auth.ask(&lisi).await.body,
        state,
        "a repeat changes nothing"
    );
    let shown = auth.deletion(Method::GET, &lisi, None).await;
    assert_eq!(shown.body, state);
    assert_eq!(auth.told(EventType::UserDeletionAsked).await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deletion_is_undone_until_its_day_comes(#[case] engine: Engine) {
    let (auth, lisi) = with_lisi(engine, "customer").await;
    let undo = async || auth.deletion(Method::DELETE, &lisi, None).await;
    refused(&undo().await, StatusCode::NOT_FOUND, "not_found");
    auth.ask(&lisi).await;
    assert_eq!(undo().await.status, StatusCode::NO_CONTENT);
    refused(&undo().await, StatusCode::NOT_FOUND, "not_found");
    assert_eq!(auth.told(EventType::UserDeletionUndone).await, 1);

    auth.clock.advance(15 * DAY_MS);
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 0);
    let lisi = auth.token("lisi").await;
    auth.ask_and_wait(&lisi).await;
    assert_eq!(
        auth.delete_due_accounts().await.unwrap(),
        1,
        "who asks again is deleted"
    );
    assert_eq!(auth.told(EventType::UserDeletionAsked).await, 2);
}

#[tokio::test]
async fn a_session_alone_deletes_nothing() {
    let (auth, lisi) = with_lisi(Engine::Sqlite, "customer").await;
    for form in [json!({}), json!({ "password": "not the password" })] {
        let answer = auth.deletion(Method::POST, &lisi, Some(form)).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    let mut answers = Vec::new();
    for _ in 0..10 {
        let form = json!({ "password": "not the password" });
        let answer = auth.deletion(Method::POST, &lisi, Some(form)).await;
        answers.push(answer.code().to_owned());
    }
    assert!(
        answers.contains(&"account_locked".to_owned()),
        "{answers:?}"
    );
    assert_eq!(auth.told(EventType::UserDeletionAsked).await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_has_no_password_must_have_signed_in_just_now(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let auth = &scene.auth;
    let code = scene.code(PHONE).await;
    let guest = token(&scene.enter(PHONE, &code).await).to_owned();
    auth.clock.advance(15 * MINUTE_MS + 1);
    // A password proves nothing here.
    for form in [json!({}), json!({ "password": PASSWORD })] {
        let late = auth.deletion(Method::POST, &guest, Some(form)).await;
        refused(&late, StatusCode::FORBIDDEN, "sign_in_again");
    }
    let code = scene.code(PHONE).await;
    let guest = token(&scene.enter(PHONE, &code).await).to_owned();
    auth.clock.advance(15 * MINUTE_MS);
    let asked = auth.deletion(Method::POST, &guest, Some(json!({}))).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
}

#[tokio::test]
async fn a_kiosks_name_never_becomes_free() {
    let alter = |config| Config {
        kiosks: vec!["lisi".to_owned()],
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    auth.register("lisi", "customer").await;
    let kiosk = auth.token("lisi").await;
    refused(
        &auth.ask(&kiosk).await,
        StatusCode::FORBIDDEN,
        "role_forbidden",
    );
    assert_eq!(auth.told(EventType::UserDeletionAsked).await, 0);
}

#[tokio::test]
async fn admins_do_not_delete_themselves() {
    let (auth, _) = with_lisi(Engine::Sqlite, "customer").await;
    auth.make_admin("lisi").await;
    let admin = auth.token("lisi").await;
    let form = Some(json!({ "password": PASSWORD }));
    for (method, body) in [
        (Method::GET, None),
        (Method::POST, form),
        (Method::DELETE, None),
    ] {
        let answer = auth.deletion(method, &admin, body).await;
        refused(&answer, StatusCode::FORBIDDEN, "role_forbidden");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_open_order_or_payment_holds_a_deletion_up(#[case] engine: Engine) {
    let (auth, lisi) = with_lisi(engine, "customer").await;
    auth.ask_and_wait(&lisi).await;
    auth.matters.asked.lock().unwrap().clear();
    for (orders, payments) in [(1, 0), (0, 1)] {
        auth.matters.set(Some(orders), Some(payments));
        assert_eq!(auth.delete_due_accounts().await.unwrap(), 0);
        auth.clock.advance(59 * MINUTE_MS);
        assert_eq!(auth.delete_due_accounts().await.unwrap(), 0);
        assert_eq!(
            auth.matters.asked.lock().unwrap().drain(..).count(),
            2,
            "each service once an hour"
        );
        auth.clock.advance(MINUTE_MS);
    }
    auth.token("lisi").await;
    auth.matters.set(Some(0), Some(0));
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
    assert_eq!(
        auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_undoes_it_in_the_last_moment_keeps_the_account(#[case] engine: Engine) {
    let (auth, lisi) = with_lisi(engine, "customer").await;
    auth.ask_and_wait(&lisi).await;
    let lisi = auth.token("lisi").await;
    let undo = Request::delete(DELETION)
        .header(header::AUTHORIZATION, format!("Bearer {lisi}"))
        .body(Body::empty())
        .unwrap();
    let undoing = auth.router.clone().oneshot(undo);
    let meanwhile = async move {
        assert_eq!(undoing.await.unwrap().status(), StatusCode::NO_CONTENT);
    };
    *auth.matters.meanwhile.lock().unwrap() = Some(Box::pin(meanwhile));
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 0);
    assert!(auth.matters.meanwhile.lock().unwrap().is_none());
    assert_eq!(auth.verify(&lisi).await.status, StatusCode::OK);
    assert_eq!(auth.told(EventType::UserDeleted).await, 0);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_asked_again_the_next_minute() {
    let (auth, lisi) = with_lisi(Engine::Sqlite, "customer").await;
    let away = [(None, Some(0)), (Some(0), None)];
    for (orders, payments) in away {
        auth.matters.set(orders, payments);
        let asked = auth.ask(&lisi).await;
        let shown = auth.deletion(Method::GET, &lisi, None).await;
        for answer in [asked, shown] {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            assert!(answer.body["delete_at"].is_string(), "{}", answer.text);
            assert!(answer.body["waits_for"].is_null(), "{}", answer.text);
        }
    }
    assert_eq!(auth.told(EventType::UserDeletionAsked).await, 1);

    auth.matters.set(Some(0), Some(0));
    auth.ask_and_wait(&lisi).await;
    for (orders, payments) in away {
        auth.matters.set(orders, payments);
        assert!(auth.delete_due_accounts().await.is_err());
        auth.clock.advance(MINUTE_MS);
    }
    auth.token("lisi").await;
    auth.matters.set(Some(0), Some(0));
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
}

#[tokio::test]
async fn an_account_that_cannot_be_deleted_holds_up_no_other() {
    const BREAK: &str = "CREATE TRIGGER broken BEFORE UPDATE OF username ON users \
        WHEN OLD.username = 'lisi' BEGIN SELECT RAISE(ABORT, 'broken'); END";
    let (auth, lisi) = with_lisi(Engine::Sqlite, "customer").await;
    auth.register("zoe", "customer").await;
    let zoe = auth.token("zoe").await;
    auth.ask(&lisi).await;
    auth.clock.advance(1);
    auth.ask_and_wait(&zoe).await;
    auth.sql.exec(BREAK, Vec::new()).await.unwrap();
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
    auth.token("lisi").await;

    auth.sql
        .exec("DROP TRIGGER broken", Vec::new())
        .await
        .unwrap();
    auth.clock.advance(60 * MINUTE_MS);
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
    assert_eq!(auth.told(EventType::UserDeleted).await, 2);
}

#[tokio::test]
async fn the_operator_sets_the_days() {
    let alter = |config| Config {
        deletion_days: 0,
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    auth.register("lisi", "customer").await;
    let lisi = auth.token("lisi").await;
    auth.ask(&lisi).await;
    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
}
