//! Two gateways and two auths on one set of servers, and an edge behind the first gateway.

use axum::body::Body;
use http::{Method, Request, header};
use platform::{sql::Sql, vals};
use process::{client::Client, parts::CloudPart};
use serde::Deserialize;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes, sign_ins};
use support::test_servers;
use tokio::sync::OnceCell;
use wire::{Region, Role, UserId};

pub(super) const PASSWORD: &str = "correct-horse-battery";

pub(super) struct Replicas {
    stack: Stack,
    second: u16,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Signed {
    pub access_token: String,
    pub refresh_token: String,
    #[serde(default)]
    pub edge_token: String,
    pub user_id: Option<UserId>,
}

impl Replicas {
    /// For changes that affect one person. They end with the test program.
    pub(super) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Replicas> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    pub(super) async fn start() -> Self {
        let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
        let wishes = Wishes::default().on(test_servers());
        let mut stack = Stack::start(layout, &wishes).await.unwrap();
        let auth = stack.second_replica(CloudPart::Auth, &[]).await.unwrap();
        let peers = [(CloudPart::Auth, auth)];
        let second = stack
            .second_replica(CloudPart::Gateway, &peers)
            .await
            .unwrap();
        Self { stack, second }
    }

    pub(super) fn gateways(&self) -> [String; 2] {
        [
            self.stack.layout().gateway_url(),
            format!("http://127.0.0.1:{}", self.second),
        ]
    }

    pub(super) fn edge(&self) -> String {
        format!("http://127.0.0.1:{}", self.stack.layout().edges[0].http)
    }

    /// Simulates the hours in which others learn the next key.
    pub(super) async fn next_key_is_known(&self) {
        const KNOWN: &str = "UPDATE signing_keys SET trusted_from = 1 WHERE place > 1";
        let url = self.stack.stores().unwrap().database_url(CloudPart::Auth);
        let store = Sql::open(&url).await.unwrap();
        assert!(
            store.exec(KNOWN, vals![]).await.unwrap() >= 1,
            "there is a next key"
        );
        store.close().await;
    }

    /// Returns status and body, or null without a body.
    pub(super) async fn ask(
        &self,
        at: &str,
        method: Method,
        path: &str,
        token: &str,
        form: Option<Value>,
    ) -> (u16, Value) {
        let asked = Request::builder().method(method).uri(format!("{at}{path}"));
        let asked = match token {
            "" => asked,
            token => asked.header(header::AUTHORIZATION, format!("Bearer {token}")),
        };
        let asked = asked.header(header::CONTENT_TYPE, "application/json");
        let body = form.map_or_else(Body::empty, |form| Body::from(form.to_string()));
        // A new client per call, because a pooled connection ends with the test that opened it.
        let answer = Client::new()
            .send_request(asked.body(body).unwrap())
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1024 * 1024)
            .await
            .unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub(super) async fn get(&self, at: &str, path: &str, token: &str) -> (u16, Value) {
        self.ask(at, Method::GET, path, token, None).await
    }

    /// Registers a person. Returns the user name.
    pub(super) async fn register(&self, at: &str, role: Role) -> String {
        let tail = process::random::secret_text(9)
            .to_lowercase()
            .replace(['_', '-'], "x");
        let username = format!("{}-{tail}", role.as_str());
        let form = json!({
            "username": username, "email": format!("{username}@example.org"),
            "password": PASSWORD, "role": role.as_str(),
        });
        let path = "/api/v1/auth/register";
        let (status, said) = self.ask(at, Method::POST, path, "", Some(form)).await;
        assert_eq!(status, 201, "{said}");
        username
    }

    pub(super) async fn sign_in(
        &self,
        at: &str,
        username: &str,
        password: &str,
        region: Option<Region>,
    ) -> (u16, Value) {
        let form = json!({
            "username": username, "password": password, "refresh": true, "region": region,
        });
        self.ask(at, Method::POST, "/api/v1/auth/login", "", Some(form))
            .await
    }

    pub(super) async fn sign_in_at_edge(
        &self,
        username: &str,
        password: &str,
        tablet: Option<&str>,
    ) -> (u16, Value) {
        let mut form = json!({"username": username, "password": password});
        if let Some(tablet) = tablet {
            form["tablet"] = json!(tablet);
        }
        self.ask(&self.edge(), Method::POST, "/session", "", Some(form))
            .await
    }

    /// Signs in. Returns an access token, a refresh token and a token for the edges of NORTH.
    pub(super) async fn signed(&self, at: &str, username: &str) -> Signed {
        let (status, said) = self
            .sign_in(at, username, PASSWORD, Some(Region::North))
            .await;
        assert_eq!(status, 200, "{said}");
        serde_json::from_value(said).unwrap()
    }

    pub(super) async fn refresh(&self, at: &str, token: &str) -> (u16, Value) {
        let form = json!({"refresh_token": token});
        self.ask(at, Method::POST, "/api/v1/auth/refresh", "", Some(form))
            .await
    }

    pub(super) async fn refreshed(&self, at: &str, signed: &Signed) -> Signed {
        let (status, said) = self.refresh(at, &signed.refresh_token).await;
        assert_eq!(status, 200, "{said}");
        serde_json::from_value(said).unwrap()
    }

    pub(super) async fn admin(&self, at: &str) -> String {
        let (status, said) = self
            .sign_in(at, sign_ins::ADMIN, sign_ins::PASSWORD, None)
            .await;
        assert_eq!(status, 200, "{said}");
        said["access_token"].as_str().unwrap().to_owned()
    }
}
