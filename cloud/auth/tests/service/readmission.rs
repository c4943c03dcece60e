//! A revoked person is readmitted, on record, and only new tokens are valid.

use axum::http::{Method, StatusCode};
use platform::sessions::{self, SessionStatus};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{Event, EventType, ReadmissionEvent, UnixMillis};

use crate::{
    common::{Answer, Auth, Engine, PASSWORD},
    edge_tokens::claims,
};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

struct Office {
    auth: Auth,
    admin: String,
    /// The id of the provider `lisi`.
    user: String,
}

impl Office {
    async fn open(engine: Engine) -> Self {
        let auth = Auth::new(engine).await;
        auth.register("lisi", "provider").await;
        auth.register("boss", "customer").await;
        auth.make_admin("boss").await;
        let user = auth.login("lisi", PASSWORD).await.body["user_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let admin = auth.token("boss").await;
        Self { auth, admin, user }
    }

    async fn act(&self, act: &str, user: &str, token: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/users/{user}/{act}");
        self.auth
            .send(Method::POST, &path, Some(token), Some(body))
            .await
    }

    async fn done(&self, act: &str) -> Answer {
        let why = json!({ "reason": format!("To {act} him.") });
        let answer = self.act(act, &self.user, &self.admin, why).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }

    /// The tokens of a new sign-in: access, refresh, and for the edges of NORTH.
    async fn signed_in(&self) -> [String; 3] {
        let form = json!({
            "username": "lisi", "password": PASSWORD, "refresh": true, "region": "NORTH",
        });
        let answer = self.auth.post("login", form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        ["access_token", "refresh_token", "edge_token"]
            .map(|name| answer.body[name].as_str().unwrap().to_owned())
    }

    async fn are_dead(&self, [access, refresh, edge]: &[String; 3]) {
        let Self { auth, .. } = self;
        assert_eq!(auth.verify(access).await.code(), "invalid_token");
        let refreshed = auth
            .post("refresh", json!({ "refresh_token": refresh }))
            .await;
        assert_eq!(refreshed.code(), "invalid_token");
        let out = auth.post("edge-logout", json!({ "token": edge })).await;
        assert_eq!(out.code(), "invalid_token");
        let session = claims(auth, access).await.jti;
        let status = sessions::look_up(&auth.cache, session).await.unwrap();
        assert_eq!(status, SessionStatus::Revoked, "and the gateways know");
    }

    async fn issued(&self, token: &str) -> UnixMillis {
        claims(&self.auth, token).await.issued_at()
    }

    async fn told(&self) -> Vec<Event> {
        let about = [EventType::UserRevoked, EventType::UserReadmitted];
        let mut events = self.auth.events().await;
        events.retain(|event| about.contains(&event.kind));
        events
    }
}

fn since(event: &Event) -> UnixMillis {
    let body: ReadmissionEvent = serde_json::from_value(event.body.clone()).unwrap();
    body.tokens_since
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn somebody_who_is_let_in_again_needs_new_tokens(#[case] engine: Engine) {
    let office = Office::open(engine).await;
    let old = office.signed_in().await;
    office.done("revoke").await;
    assert_eq!(
        office.auth.login("lisi", PASSWORD).await.code(),
        "invalid_credentials"
    );
    let first = office.done("readmit").await;
    assert_eq!(first.body["role"], "provider");
    office.are_dead(&old).await;

    // Immediately, within the same second.
    let new = office.signed_in().await;
    assert_eq!(office.auth.verify(&new[0]).await.status, StatusCode::OK);
    let repeat = office.done("readmit").await;
    assert_eq!(repeat.body, first.body, "a repeat changes nothing");
    assert_eq!(office.auth.verify(&new[0]).await.status, StatusCode::OK);
    let told = office.told().await;
    assert_eq!(told.len(), 2, "each once");
    assert_eq!(json!(since(&told[1])), first.body["tokens_since"]);
    for (old, new) in old.iter().zip(&new) {
        assert!(
            office.issued(old).await < since(&told[1]),
            "edges refuse it"
        );
        assert!(
            office.issued(new).await >= since(&told[1]),
            "and take this one"
        );
    }
    let recorded = "SELECT id, why FROM readmissions WHERE closed_at > 0 AND by_user = closed_by";
    assert_eq!(
        office.auth.reasons("readmissions.why", recorded).await,
        ["To readmit him."]
    );
    let closing = "SELECT user_id, closed_why FROM readmissions";
    assert_eq!(
        office.auth.reasons("users.closed_why", closing).await,
        ["To revoke him."]
    );
    office.auth.clock.advance(60_000);
    let refreshed = office
        .auth
        .post("refresh", json!({ "refresh_token": new[1] }))
        .await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_closing_and_each_readmission_has_its_place_in_the_order(#[case] engine: Engine) {
    let office = Office::open(engine).await;
    let mut dead = Vec::new();
    // All within one second.
    for _ in 0..2 {
        dead.push(office.signed_in().await);
        office.done("revoke").await;
        office.done("readmit").await;
    }
    for tokens in &dead {
        office.are_dead(tokens).await;
    }
    let told = office.told().await;
    let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
    let revoked = EventType::UserRevoked;
    let readmitted = EventType::UserReadmitted;
    assert_eq!(kinds, [revoked, readmitted, revoked, readmitted]);
    let [first, second] = [&told[1], &told[3]].map(since);
    assert!(told[0].at < first && first <= told[2].at && told[2].at < second);
    let issued = office.issued(&dead[1][2]).await;
    assert!(
        first <= issued && issued < second,
        "no token of the time between is taken for a new one"
    );
}

#[tokio::test]
async fn only_an_admin_lets_people_in_again_and_says_why() {
    let office = Office::open(Engine::Sqlite).await;
    let [own, ..] = office.signed_in().await;
    let why = || json!({ "reason": "Asked to." });
    let refused = office.act("readmit", &office.user, &own, why()).await;
    assert_eq!(refused.code(), "role_forbidden");
    let silent = office
        .act("readmit", &office.user, &office.admin, json!({}))
        .await;
    assert_eq!(silent.fields(), ["reason"]);
    let nobody = office.act("readmit", NOBODY, &office.admin, why()).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let open = office
        .act("readmit", &office.user, &office.admin, why())
        .await;
    assert_eq!(
        (open.status, open.body.get("tokens_since")),
        (StatusCode::OK, None)
    );
    assert_eq!(
        office.auth.verify(&own).await.status,
        StatusCode::OK,
        "nothing has changed"
    );
    assert!(office.told().await.is_empty());
}
