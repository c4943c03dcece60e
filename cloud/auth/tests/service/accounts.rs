//! Registration.

use axum::http::StatusCode;
use rstest::rstest;
use serde_json::json;
use wire::{EventType, Role, UserEvent};

use crate::common::{Auth, Engine, PASSWORD};

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_account_and_its_event_are_made_together(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let answer = auth.register("zhangsan", "customer").await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.body["username"], "zhangsan");
    assert_eq!(answer.body["role"], "customer");

    let events = auth.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventType::UserRegistered);
    let body: UserEvent = serde_json::from_value(events[0].body.clone()).unwrap();
    assert_eq!(json!(body.user_id), answer.body["user_id"]);
    assert_eq!((body.role, body.session_id), (Role::Customer, None));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_taken_name_makes_neither_account_nor_event(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    auth.register("zhangsan", "customer").await;
    let body = json!({
        "username": "zhangsan", "email": "other@example.com", "password": PASSWORD, "role": "provider",
    });
    let answer = auth.post("register", body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert_eq!(answer.code(), "user_exists");
    assert_eq!(answer.body["detail"], "This user name is taken.");
    assert!(!answer.text.contains('@'), "{}", answer.text);
    assert_eq!(auth.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(auth.events().await.len(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn of_many_who_want_one_name_one_gets_it(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let tries = (0..8).map(|_| auth.register("zhangsan", "customer"));
    let mut answers: Vec<_> = futures::future::join_all(tries)
        .await
        .iter()
        .map(|a| a.status.as_u16())
        .collect();
    answers.sort_unstable();
    assert_eq!(answers, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(auth.events().await.len(), 1);
}

#[tokio::test]
async fn nobody_registers_as_an_admin() {
    let auth = Auth::new(Engine::Sqlite).await;
    for role in [json!("admin"), json!(3)] {
        for key in ["role", "role_id"] {
            let mut body = json!({
                "username": "mallory", "email": "m@example.com", "password": PASSWORD,
            });
            body[key] = role.clone();
            let answer = auth.post("register", body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        }
    }
    let both = json!({
        "username": "mallory", "email": "m@example.com", "password": PASSWORD,
        "role": "customer", "role_id": 3,
    });
    assert!(auth.post("register", both).await.status.is_client_error());
    assert_eq!(auth.count("SELECT COUNT(*) FROM users").await, 0);
}

#[tokio::test]
async fn a_role_may_be_given_by_its_number() {
    let auth = Auth::new(Engine::Sqlite).await;
    let body = json!({
        "username": "lisi", "email": "l@example.com", "password": PASSWORD, "role_id": 2,
    });
    assert_eq!(auth.post("register", body).await.body["role"], "provider");
}

#[tokio::test]
async fn every_field_to_correct_is_named() {
    let auth = Auth::new(Engine::Sqlite).await;
    let sound = json!({
        "username": "lisi", "email": "l@example.com", "password": PASSWORD, "role": "customer",
    });
    for (field, value) in [
        ("username", json!("Li Si")),
        ("email", json!("nowhere")),
        ("password", json!("short")),
        ("role", json!("king")),
        ("role", json!(9)),
        ("role", json!(null)),
        ("username", json!(7)),
    ] {
        let mut body = sound.clone();
        body[field] = value;
        let answer = auth.post("register", body).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text
        );
        assert_eq!(answer.fields(), [field], "{}", answer.text);
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    }
    let mut missing = sound.clone();
    missing.as_object_mut().unwrap().remove("email");
    assert_eq!(auth.post("register", missing).await.fields(), ["email"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_operator_makes_the_admin_once(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let keys = testing::data_keys();
    let make = || auth::bootstrap_admin(&auth.config, &keys, "root.admin", PASSWORD.to_owned());
    let user = make().await.unwrap();
    assert!(matches!(make().await, Err(auth::BootstrapError::Taken(_))));
    let answer = auth.login("root.admin", PASSWORD).await;
    assert_eq!(answer.body["role"], "admin");
    assert_eq!(answer.body["user_id"], user.to_string());

    let short = auth::bootstrap_admin(&auth.config, &keys, "other", "short".to_owned()).await;
    assert!(matches!(
        short,
        Err(auth::BootstrapError::Invalid {
            field: "password",
            ..
        })
    ));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_three_roles_are_seeded(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let text = "SELECT id, name FROM roles ORDER BY id";
    let roles: Vec<(i64, String)> = auth.sql.fetch_all(text, Vec::new()).await.unwrap();
    let expected = Role::ALL.map(|role| (role.as_number(), role.as_str().to_owned()));
    assert_eq!(roles, expected);
}
