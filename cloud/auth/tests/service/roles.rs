//! Custom roles, and role changes of people.

use axum::http::{Method, StatusCode};
use platform::sessions::{self, SessionStatus};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, Permission, Role, UserId};

use crate::{
    common::{Answer, Auth, Engine, PASSWORD},
    edge_tokens::claims,
};

const ROLES: &str = "/api/v1/admin/roles";

pub(crate) struct Staff {
    pub auth: Auth,
    /// Has the built-in role.
    pub admin: String,
}

impl Staff {
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::with_cache(engine, "memory:").await
    }

    async fn with_cache(engine: Engine, cache: &str) -> Self {
        let auth = Auth::with_cache(engine, cache).await;
        for name in ["boss", "zhang"] {
            auth.register(name, "customer").await;
        }
        auth.register("lisi", "provider").await;
        auth.make_admin("boss").await;
        let admin = auth.token("boss").await;
        Self { auth, admin }
    }

    pub(crate) async fn ask(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.auth.send(method, path, Some(token), body).await
    }

    pub(crate) async fn id(&self, username: &str) -> String {
        let answer = self.auth.login(username, PASSWORD).await;
        answer.body["user_id"].as_str().unwrap().to_owned()
    }

    async fn make(&self, token: &str, name: &str, permissions: &[&str]) -> Answer {
        let form = json!({ "name": name, "permissions": permissions, "reason": "For the desk." });
        self.ask(token, Method::POST, ROLES, Some(form)).await
    }

    /// Creates a custom role with these permissions and returns its number.
    async fn made(&self, name: &str, permissions: &[&str]) -> i64 {
        let answer = self.make(&self.admin, name, permissions).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.body["role_id"].as_i64().unwrap()
    }

    async fn change(&self, token: &str, role: i64, permissions: &[&str]) -> Answer {
        let form = json!({ "name": "Changed", "permissions": permissions, "reason": "Less." });
        self.ask(token, Method::PUT, &format!("{ROLES}/{role}"), Some(form))
            .await
    }

    async fn remove(&self, token: &str, role: i64) -> Answer {
        let path = format!("{ROLES}/{role}?reason=Unused");
        self.ask(token, Method::DELETE, &path, None).await
    }

    pub(crate) async fn give(&self, token: &str, user: &str, role: i64) -> Answer {
        let path = format!("/api/v1/admin/users/{user}/role");
        let form = json!({ "role_id": role, "reason": "Joined the desk." });
        self.ask(token, Method::PUT, &path, Some(form)).await
    }

    /// Asks for permissions as the gateway does.
    async fn permits(&self, user: &str) -> Vec<Permission> {
        let gateway = self
            .auth
            .service_key
            .issue_token("gateway", "auth", &self.auth.clock);
        let body = json!({ "user_id": user });
        let answer = self
            .ask(&gateway, Method::POST, "/internal/permissions", Some(body))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        serde_json::from_value(answer.body["permissions"].clone()).unwrap()
    }

    async fn kept(&self, user: &str) -> Option<Vec<Permission>> {
        sessions::read_permissions(&self.auth.cache, UserId(user.parse().unwrap()))
            .await
            .unwrap()
    }
}

fn set(permissions: &[Permission]) -> Vec<&str> {
    let mut words: Vec<_> = permissions.iter().map(|one| one.as_str()).collect();
    words.sort_unstable();
    words
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_built_in_roles_hold_all_that_their_role_can(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let list = staff.ask(&staff.admin, Method::GET, ROLES, None).await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for (item, role) in items.iter().zip(Role::ALL) {
        let held: Vec<Permission> = serde_json::from_value(item["permissions"].clone()).unwrap();
        assert_eq!(
            set(&held),
            set(Permission::allowed_for_role(role)),
            "{item}"
        );
        assert_eq!(
            (&item["built_in"], &item["base"]),
            (&json!(true), &json!(role))
        );
        let id = role.as_number();
        let refused = staff.change(&staff.admin, id, &["read_people"]).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::CONFLICT, "role_built_in")
        );
        assert_eq!(staff.remove(&staff.admin, id).await.code(), "role_built_in");
    }
    for (name, role) in [("zhang", Role::Customer), ("lisi", Role::Provider)] {
        let token = staff.auth.token(name).await;
        let own = staff
            .ask(&token, Method::GET, "/api/v1/auth/permissions", None)
            .await;
        let held: Vec<Permission> =
            serde_json::from_value(own.body["permissions"].clone()).unwrap();
        assert_eq!(set(&held), set(Permission::allowed_for_role(role)));
        assert_eq!(
            staff.ask(&token, Method::GET, ROLES, None).await.code(),
            "role_forbidden"
        );
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_role_of_ones_own_lets_its_people_do_its_work_alone(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let zhang = staff.id("zhang").await;
    let lisi = staff.id("lisi").await;
    let role = staff.made("Desk", &["read_people", "end_sessions"]).await;
    let given = staff.give(&staff.admin, &zhang, role).await;
    assert_eq!(
        (given.status, &given.body["role"]),
        (StatusCode::OK, &json!("admin"))
    );
    assert_eq!(given.body["role_name"], "Desk");
    assert_eq!(given.body["roles_given"][0]["was"], "customer");
    assert_eq!(given.body["roles_given"][0]["reason"], "Joined the desk.");

    let desk = staff.auth.token("zhang").await;
    let people = format!("/api/v1/admin/users/{lisi}");
    for path in [
        "/api/v1/admin/users",
        ROLES,
        &people,
        &format!("{people}/sessions"),
    ] {
        let answer = staff.ask(&desk, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text);
    }
    let why = || Some(json!({ "reason": "To try." }));
    for (method, path, permission) in [
        (Method::POST, format!("{people}/revoke"), "revoke_people"),
        (Method::POST, format!("{people}/readmit"), "revoke_people"),
        (
            Method::POST,
            format!("{people}/password-reset"),
            "reset_passwords",
        ),
        (Method::GET, "/api/v1/admin/keys".to_owned(), "manage_keys"),
        (
            Method::POST,
            "/api/v1/admin/keys/rotate".to_owned(),
            "manage_keys",
        ),
    ] {
        let answer = staff.ask(&desk, method, &path, why()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "permission_missing")
        );
        assert_eq!(answer.body["permission"], permission, "{path}");
    }
    assert_eq!(
        staff.make(&desk, "Mine", &["read_people"]).await.body["permission"],
        "manage_roles"
    );
    assert_eq!(
        staff.give(&desk, &lisi, role).await.body["permission"],
        "manage_roles"
    );
    let recorded = "SELECT id, why FROM role_acts ORDER BY at, id";
    let reasons = staff.auth.reasons("role_acts.why", recorded).await;
    assert_eq!(reasons, ["For the desk.", "Joined the desk."]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn another_role_ends_every_token_of_before(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let auth = &staff.auth;
    let zhang = staff.id("zhang").await;
    let form = json!({
        "username": "zhang", "password": PASSWORD, "refresh": true, "region": "NORTH",
    });
    let old = auth.post("login", form).await.body;
    let [access, refresh] = ["access_token", "refresh_token"].map(|n| old[n].as_str().unwrap());
    let session = claims(auth, access).await.jti;
    let told = async || {
        let events = auth.events().await;
        events
            .iter()
            .filter(|event| event.kind == EventType::SessionRevoked)
            .count()
    };
    let before = told().await;

    let given = staff
        .give(&staff.admin, &zhang, Role::Admin.as_number())
        .await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    assert_eq!(auth.verify(access).await.code(), "invalid_token");
    let refreshed = auth
        .post("refresh", json!({ "refresh_token": refresh }))
        .await;
    assert_eq!(refreshed.code(), "invalid_token");
    let status = sessions::look_up(&auth.cache, session).await.unwrap();
    assert_eq!(status, SessionStatus::Revoked, "the gateways know");
    // The feed carries it like any other session end.
    assert_eq!(
        told().await - before,
        2,
        "linked edges hear of both sign-ins"
    );
    let recorded = "SELECT COUNT(*) FROM sessions WHERE ended_why = 'role_changed'";
    assert_eq!(auth.count(recorded).await, 2);

    let new = auth.token("zhang").await;
    assert_eq!(claims(auth, &new).await.role, Role::Admin);
    assert_eq!(
        staff.give(&staff.admin, &zhang, 3).await.status,
        StatusCode::OK,
        "a repeat"
    );
    assert_eq!(
        auth.verify(&new).await.status,
        StatusCode::OK,
        "ends nothing"
    );
    assert_eq!(
        staff.give(&staff.admin, &zhang, 1).await.body["role"],
        "customer",
        "and back"
    );
    assert_eq!(auth.verify(&new).await.code(), "invalid_token");
    assert_eq!(
        claims(auth, &auth.token("zhang").await).await.role,
        Role::Customer
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_change_of_a_role_drops_the_copies_of_its_people(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let zhang = staff.id("zhang").await;
    let role = staff.made("Desk", &["read_people", "approve_orders"]).await;
    staff.give(&staff.admin, &zhang, role).await;
    assert_eq!(staff.kept(&zhang).await, None);
    let both = [Permission::ApproveOrders, Permission::ReadPeople];
    assert_eq!(staff.permits(&zhang).await, both);
    assert_eq!(
        staff.kept(&zhang).await.as_deref(),
        Some(&both[..]),
        "a copy for the gateways"
    );

    let changed = staff.change(&staff.admin, role, &["read_people"]).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(
        (&changed.body["name"], &changed.body["people"]),
        (&json!("Changed"), &json!(1))
    );
    assert_eq!(staff.kept(&zhang).await, None, "dropped");
    assert_eq!(staff.permits(&zhang).await, [Permission::ReadPeople]);
    assert_eq!(staff.remove(&staff.admin, role).await.code(), "role_in_use");
    staff.give(&staff.admin, &zhang, 1).await;
    assert_eq!(staff.kept(&zhang).await, None, "dropped with the role");
    assert_eq!(
        staff.remove(&staff.admin, role).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(staff.remove(&staff.admin, role).await.code(), "not_found");
    assert_eq!(staff.auth.count("SELECT COUNT(*) FROM role_acts").await, 5);
}

#[tokio::test]
async fn without_the_cache_the_database_answers() {
    let staff = Staff::with_cache(Engine::Sqlite, "redis://127.0.0.1:1").await;
    let zhang = staff.id("zhang").await;
    let role = staff.made("Desk", &["read_people"]).await;
    let given = staff.give(&staff.admin, &zhang, role).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    assert_eq!(staff.permits(&zhang).await, [Permission::ReadPeople]);
    let changed = staff.change(&staff.admin, role, &["end_sessions"]).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(staff.permits(&zhang).await, [Permission::EndSessions]);
    let stranger = staff.auth.token("lisi").await;
    let body = Some(json!({ "user_id": zhang }));
    let refused = staff
        .ask(&stranger, Method::POST, "/internal/permissions", body)
        .await;
    assert_eq!(
        refused.status,
        StatusCode::UNAUTHORIZED,
        "services alone ask"
    );
}

#[tokio::test]
async fn nobody_hands_out_or_takes_what_they_do_not_hold() {
    let staff = Staff::open(Engine::Sqlite).await;
    let boss = staff.id("boss").await;
    let zhang = staff.id("zhang").await;
    let lisi = staff.id("lisi").await;
    let lead = staff
        .made("Lead", &["manage_roles", "read_people", "revoke_people"])
        .await;
    let keys = staff.made("Keys", &["manage_keys"]).await;
    staff.give(&staff.admin, &zhang, lead).await;
    staff.auth.register("wang", "customer").await;
    let wang = staff.id("wang").await;
    let token = staff.auth.token("zhang").await;

    let beyond = [
        staff
            .make(&token, "More", &["read_people", "manage_keys"])
            .await,
        staff
            .change(&token, lead, &["read_people", "manage_keys"])
            .await,
        staff.change(&token, keys, &["read_people"]).await,
        staff.remove(&token, keys).await,
        staff.give(&token, &wang, keys).await,
        staff.give(&token, &wang, 3).await,
        staff.give(&token, &boss, 1).await,
        staff
            .ask(
                &token,
                Method::POST,
                &format!("/api/v1/admin/users/{boss}/revoke"),
                Some(json!({ "reason": "A coup." })),
            )
            .await,
    ];
    for answer in beyond {
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "permission_missing")
        );
    }
    assert_eq!(
        staff.give(&token, &zhang, 1).await.code(),
        "role_forbidden",
        "not one's own"
    );
    assert_eq!(
        staff.give(&staff.admin, &boss, lead).await.code(),
        "role_forbidden"
    );
    for (user, role) in [(&lisi, 1), (&lisi, lead), (&wang, 2)] {
        assert_eq!(
            staff.give(&staff.admin, user, role).await.code(),
            "role_fixed"
        );
    }
    assert_eq!(
        staff.give(&staff.admin, &wang, 999).await.code(),
        "not_found"
    );
    assert_eq!(
        staff.make(&token, "Part", &["read_people"]).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        staff.make(&token, "Part", &["read_people"]).await.code(),
        "role_exists"
    );
    let wrong = json!({ "name": "", "permissions": ["accept_orders"], "reason": "" });
    let wrong = staff
        .ask(&staff.admin, Method::POST, ROLES, Some(wrong))
        .await;
    assert_eq!(wrong.fields(), ["name", "permissions", "reason"]);
}
