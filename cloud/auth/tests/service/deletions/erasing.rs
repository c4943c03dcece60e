//! What a deletion leaves.

use std::collections::BTreeMap;

use platform::sessions::{self, SessionStatus};
use support::DeviceSigner;
use wire::Event;

use super::*;
use crate::edge_tokens::claims;

/// Tables whose rows about a person stay, without words.
const KEPT: &[&str] = &[
    "account_deletions",
    "password_resets",
    "provider_marks",
    "readmissions",
    "role_acts",
    "second_factor_removals",
    "sessions",
];
const WORDS: &[&str] = &[
    "SELECT COUNT(*) FROM password_resets WHERE why <> ''",
    "SELECT COUNT(*) FROM readmissions WHERE why <> '' OR closed_why IS NOT NULL",
    "SELECT COUNT(*) FROM role_acts WHERE user_id IS NOT NULL AND why <> ''",
    "SELECT COUNT(*) FROM users WHERE closed_why IS NOT NULL",
    "SELECT COUNT(*) FROM sessions WHERE device IS NOT NULL OR device_id IS NOT NULL",
    "SELECT COUNT(*) FROM login_failures",
];

/// The provider `lisi`, who has a row in every table, and an admin `boss`.
struct Office {
    auth: Auth,
    admin: String,
    user: String,
    /// Her access token, her refresh token, and her tablet's grant.
    tokens: [String; 3],
}

impl Office {
    async fn open(engine: Engine) -> Self {
        let auth = Auth::new(engine).await;
        auth.register("boss", "customer").await;
        auth.make_admin("boss").await;
        let admin = auth.token("boss").await;
        auth.register("lisi", "provider").await;
        let form = json!({
            "username": "lisi", "password": PASSWORD, "refresh": true, "device": "",
        });
        let entered = auth.post("login", form).await;
        let user = entered.body["user_id"].as_str().unwrap().to_owned();
        let signer = DeviceSigner::new();
        let form = json!({
            "username": "lisi", "password": PASSWORD, "region": "NORTH", "edge_only": true,
            "tablet": "tablet-of-lisi", "tablet_key": signer.key(), "tablet_label": "Lisi's",
        });
        let at_edge = auth.post("login", form).await;
        let tokens = [
            (&entered, "access_token"),
            (&entered, "refresh_token"),
            (&at_edge, "edge_token"),
        ];
        let tokens = tokens.map(|(answer, name)| answer.body[name].as_str().unwrap().to_owned());
        let office = Self {
            auth,
            admin,
            user,
            tokens,
        };
        office.fill_the_records().await;
        office
    }

    /// What admins did about her, with their reasons.
    async fn fill_the_records(&self) {
        let auth = &self.auth;
        let why = json!({ "reason": "Lisi asked." });
        for act in ["password-reset", "revoke", "readmit", "revoke"] {
            let answer = self.act(Method::POST, act, Some(why.clone())).await;
            assert!(answer.status.is_success(), "{}", answer.text);
        }
        auth.login("lisi", "not the password").await;
        // Providers have no phone to sign in with, and only staff have a second factor and roles.
        for text in [
            "INSERT INTO identities (id, user_id, issuer, subject_hash, is_origin, number, created_at) \
             SELECT id, id, 'phone', email_hash, 0, '+8613800138000', 1 FROM users WHERE username = 'lisi'",
            "INSERT INTO role_acts (id, act, at, by_user, why, role_name, user_id, was, became) \
             SELECT id, 'gave', 1, id, 'Lisi asked.', 'x', id, '', '' FROM users WHERE username = 'lisi'",
            "INSERT INTO second_factors (user_id, secret, created_at) \
             SELECT id, 'x', 1 FROM users WHERE username = 'lisi'",
            "INSERT INTO recovery_codes (id, user_id, code_hash) \
             SELECT id, id, email_hash FROM users WHERE username = 'lisi'",
            "INSERT INTO sign_in_tickets (id, ticket_hash, user_id, tries, expires_at) \
             SELECT id, email_hash, id, 0, 1 FROM users WHERE username = 'lisi'",
            "INSERT INTO passkeys (id, user_id, credential_id, credential_hash, label, algorithm, \
             public_key, counter, created_at) \
             SELECT id, id, email_hash, email_hash, 'x', -7, email_hash, 0, 1 FROM users WHERE username = 'lisi'",
            "INSERT INTO passkey_challenges (id, challenge_hash, user_id, ceremony, bound_to, expires_at) \
             SELECT id, email_hash, id, 'prove', email_hash, 1 FROM users WHERE username = 'lisi'",
            "INSERT INTO second_factor_removals (id, user_id, at, by_user, why) \
             SELECT id, id, 1, id, 'Lisi asked.' FROM users WHERE username = 'lisi'",
            "INSERT INTO provider_marks (user_id, version, verified) \
             SELECT id, 1, 1 FROM users WHERE username = 'lisi'",
        ] {
            auth.sql.exec(text, Vec::new()).await.unwrap();
        }
    }

    async fn act(&self, method: Method, act: &str, body: Option<Value>) -> Answer {
        let path = format!("/api/v1/admin/users/{}/{act}", self.user);
        let path = path.trim_end_matches('/');
        self.auth.send(method, path, Some(&self.admin), body).await
    }

    /// Asks for the deletion of the closed account and deletes it.
    async fn delete(&self) {
        let auth = &self.auth;
        let why = Some(json!({ "reason": "For the deletion." }));
        self.act(Method::POST, "readmit", why.clone()).await;
        let lisi = auth.token("lisi").await;
        let form = json!({ "email": "lisi@elsewhere.example", "password": PASSWORD });
        let path = "/api/v1/auth/address";
        let changed = auth.send(Method::PUT, path, Some(&lisi), Some(form)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
        let asked = auth.ask(&lisi).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
        self.act(Method::POST, "revoke", why).await;
        auth.login("lisi", "not the password").await;
        auth.clock.advance(14 * DAY_MS);
        assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
    }

    /// The number of her rows in each table that names people.
    async fn rows(&self) -> BTreeMap<String, i64> {
        let sql = &self.auth.sql;
        let tables = if sql.is_mysql() {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND column_name = 'user_id'"
        } else {
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             ON c.name = 'user_id' WHERE m.type = 'table'"
        };
        let tables: Vec<String> = sql.fetch_all(tables, Vec::new()).await.unwrap();
        let user: wire::UserId = self.user.parse().unwrap();
        let mut rows = BTreeMap::new();
        for table in tables {
            let text = format!("SELECT COUNT(*) FROM {table} WHERE user_id = ?").leak();
            let values = vec![user.into()];
            let count: Option<i64> = sql.fetch_optional(&*text, values).await.unwrap();
            rows.insert(table, count.unwrap());
        }
        rows
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn no_table_says_who_a_deleted_person_was(#[case] engine: Engine) {
    let office = Office::open(engine).await;
    let auth = &office.auth;
    for (table, rows) in office.rows().await {
        let comes_later = ["account_deletions", "address_claims"].contains(&table.as_str());
        assert!(rows > 0 || comes_later, "the test fills {table}");
    }
    for words in WORDS {
        assert!(auth.count(words).await > 0, "the test fills {words}");
    }
    office.delete().await;
    for (table, rows) in office.rows().await {
        let is_kept = KEPT.contains(&table.as_str());
        assert!(is_kept || rows == 0, "{rows} rows in {table}");
    }
    for words in WORDS {
        assert_eq!(auth.count(words).await, 0, "{words}");
    }
    let names: Vec<(String, String, String)> = auth
        .sql
        .fetch_all(
            "SELECT username, email, password_hash FROM users WHERE username <> 'boss'",
            Vec::new(),
        )
        .await
        .unwrap();
    let [(name, email, hash)] = names.as_slice() else {
        panic!("{names:?}")
    };
    assert_eq!(*name, format!("deleted:{}", office.user));
    assert!(auth.sql.data_keys().is_sealed_text(email), "{email}");
    assert_eq!(hash, "none");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deleted_persons_sessions_end_and_their_name_and_number_are_free(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let auth = &scene.auth;
    scene.customer("lisi", PHONE).await;
    let form = json!({ "username": "lisi", "password": PASSWORD, "refresh": true });
    auth.ask_and_wait(&auth.token("lisi").await).await;
    let entered = auth.post("login", form).await;
    let access = entered.body["access_token"].as_str().unwrap();
    assert_eq!(auth.verify(access).await.status, StatusCode::OK);

    assert_eq!(auth.delete_due_accounts().await.unwrap(), 1);
    let session = claims(auth, access).await.jti;
    let status = sessions::look_up(&auth.cache, session).await.unwrap();
    assert_eq!(status, SessionStatus::Revoked, "the gateways know at once");
    assert_eq!(auth.verify(access).await.code(), "invalid_token");
    let refresh = json!({ "refresh_token": entered.body["refresh_token"] });
    assert_eq!(auth.post("refresh", refresh).await.code(), "invalid_token");
    for name in [
        "lisi",
        &format!("deleted:{}", entered.body["user_id"].as_str().unwrap()),
    ] {
        let refused = auth.login(name, PASSWORD).await;
        assert_eq!(refused.code(), "invalid_credentials");
    }
    let about = [EventType::UserRevoked, EventType::UserDeleted];
    let mut told: Vec<Event> = auth.events().await;
    told.retain(|event| about.contains(&event.kind));
    assert_eq!(
        told.iter().map(|event| event.kind).collect::<Vec<_>>(),
        about
    );
    let who = json!({ "user_id": entered.body["user_id"], "role": "customer" });
    assert!(told.iter().all(|event| event.body == who), "{told:?}");

    let again = auth.register("lisi", "customer").await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
    assert_ne!(again.body["user_id"], entered.body["user_id"]);
    let with_address = "SELECT COUNT(*) FROM users WHERE email_hash IS NOT NULL";
    assert_eq!(
        auth.count(with_address).await,
        1,
        "the address is hers again"
    );
    let code = scene.code(PHONE).await;
    let newcomer = scene.enter(PHONE, &code).await;
    assert_eq!(newcomer.status, StatusCode::OK, "{}", newcomer.text);
    assert_ne!(newcomer.body["user_id"], entered.body["user_id"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn admins_see_that_a_person_was_deleted_and_can_do_no_more_about_them(
    #[case] engine: Engine,
) {
    let office = Office::open(engine).await;
    let auth = &office.auth;
    office.delete().await;
    let admin = auth.token("boss").await;
    let office = Office { admin, ..office };
    let auth = &office.auth;
    let list = async |query: &str| {
        let path = format!("/api/v1/admin/users{query}");
        let answer = auth
            .send(Method::GET, &path, Some(&office.admin), None)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let items = answer.body["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["username"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(list("").await, ["boss"]);
    assert!(list("?state=closed").await.is_empty());
    assert!(list("?state=deleted").await.is_empty());

    let shown = office.act(Method::GET, "", None).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    for (field, value) in [
        ("user_id", json!(office.user)),
        ("state", json!("deleted")),
        ("username", json!("")),
        ("email", json!("")),
        ("email_confirmed", json!(false)),
        ("roles_given", json!([])),
        ("closed", Value::Null),
    ] {
        assert_eq!(shown.body[field], value, "{field}");
    }
    let why = Some(json!({ "reason": "Lisi is back." }));
    let role = Some(json!({ "reason": "Lisi is back.", "role_id": 3 }));
    for (method, act, body) in [
        (Method::POST, "readmit", why.clone()),
        (Method::POST, "revoke", why.clone()),
        (Method::POST, "password-reset", why.clone()),
        (Method::POST, "second-factor/remove", why),
        (Method::PUT, "role", role),
        (Method::GET, "sessions", None),
        (Method::GET, "devices", None),
    ] {
        let answer = office.act(method, act, body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{act}: {}",
            answer.text
        );
    }
    for token in &office.tokens[..2] {
        assert_eq!(auth.verify(token).await.code(), "invalid_token");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deletion_is_told_again_each_day_for_five_weeks_and_erases_what_came_late(
    #[case] engine: Engine,
) {
    let office = Office::open(engine).await;
    let auth = &office.auth;
    assert_eq!(auth.repeat_deletions().await, 0);
    office.delete().await;
    assert_eq!(
        auth.told(EventType::UserRevoked).await,
        3,
        "by the admin alone"
    );
    assert_eq!(auth.told(EventType::UserDeleted).await, 1);
    let late = "UPDATE readmissions SET why = 'Lisi asked.'";
    assert!(auth.sql.exec(late, Vec::new()).await.unwrap() > 0);
    assert_eq!(auth.repeat_deletions().await, 1);
    assert_eq!(auth.count(WORDS[1]).await, 0);
    auth.clock.advance(35 * DAY_MS);
    assert_eq!(auth.repeat_deletions().await, 1);
    auth.clock.advance(1);
    assert_eq!(auth.repeat_deletions().await, 0);
    assert_eq!(auth.told(EventType::UserDeleted).await, 3);
}
