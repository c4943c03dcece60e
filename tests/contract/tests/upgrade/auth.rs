//! Accounts from before addresses and reasons were sealed, and before there were codes and external
//! identity providers.

use auth::{Config, Peers};
use http::Method;
use serde_json::{Value, json};
use support::Engine;

use super::{Asker, Former, clock, id};

const FORMER: Former = Former {
    part: "auth",
    home: "cloud/auth",
    step: 11,
    ground: 2,
    rows: include_str!("auth.sql"),
    // The first key comes from the file.
    empty: &["signing_keys"],
};

pub async fn goes_on(engine: Engine) {
    let former = FORMER.make(engine).await;
    let config = Config {
        sql_url: former.url.as_str().into(),
        signing_key: former.folder.path().join("auth.key"),
        ..Config::default()
    };
    for _ in 0..2 {
        auth::migrate(&config).await.unwrap();
    }
    let ground = testing::ground(former.folder.path(), &clock()).await;
    let tasks = ground.tasks.clone();
    let router = auth::open(config, ground, Peers::default()).await.unwrap();
    let nobody = Asker {
        router,
        token: String::new(),
    };

    let anna = sign_in(&nobody, "anna").await.unwrap();
    let ben = sign_in(&nobody, "ben").await.unwrap();
    let shut = sign_in(&nobody, "carl").await.err();
    assert_eq!(
        shut,
        Some(json!("invalid_credentials")),
        "his account is closed"
    );
    let may = |answer: Value| -> Vec<Value> { answer["permissions"].as_array().unwrap().clone() };
    let of_admin = may(anna.get("/api/v1/auth/permissions").await);
    assert!(
        of_admin.contains(&json!("refund_money")),
        "what came since is an admin's: {of_admin:?}"
    );
    let of_desk = may(ben.get("/api/v1/auth/permissions").await);
    assert_eq!(
        of_desk,
        [json!("read_desks")],
        "a role of then has no more than it had"
    );
    let sessions = anna.get("/api/v1/auth/sessions").await;
    assert_eq!(
        sessions["items"].as_array().unwrap().len(),
        2,
        "the one of then lives: {sessions}"
    );

    let carl = anna
        .get(&format!("/api/v1/admin/users/{}", id(0xc001)))
        .await;
    assert_eq!(carl["closed"]["reason"], "He never came.", "{carl}");
    let ben = anna
        .get(&format!("/api/v1/admin/users/{}", id(0xa002)))
        .await;
    assert_eq!(
        (&ben["role_name"], &ben["email"]),
        (&json!("desk"), &json!("b***@example.com"))
    );
    assert_eq!(ben["roles_given"][0]["reason"], "Only the desks.", "{ben}");
    // An old address still belongs to its account, even if a new account registers with it.
    let form = json!({ "username": "other", "email": "anna@example.com", "password": "correct horse battery", "role": "customer" });
    let (made, answer) = nobody
        .ask(Method::POST, "/api/v1/auth/register", Some(form))
        .await;
    assert_eq!(made, http::StatusCode::CREATED, "{answer}");
    let found = anna
        .get("/api/v1/admin/users?search=anna@example.com")
        .await;
    let names: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["username"])
        .collect();
    assert_eq!(names, ["anna"], "{found}");
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

async fn sign_in(nobody: &Asker, username: &str) -> Result<Asker, Value> {
    let form = json!({ "username": username, "password": "correct horse battery" });
    let (_, answer) = nobody
        .ask(Method::POST, "/api/v1/auth/login", Some(form))
        .await;
    let token = answer["access_token"]
        .as_str()
        .ok_or(answer["code"].clone())?;
    Ok(Asker {
        router: nobody.router.clone(),
        token: token.to_owned(),
    })
}
