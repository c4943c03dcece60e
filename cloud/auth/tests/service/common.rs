//! Auth on a separate database, on either engine.
// Each test file uses only some of these helpers; a failing helper fails its test.
#![allow(dead_code, clippy::unwrap_used)]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use auth::{AccountDeletions, Config, DeletionError, Peers};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    routing::post,
};
use futures::future::BoxFuture;
use platform::{
    ClientAddress, ServiceContext, bus::Bus, cache::Cache, sealing::SealContext, sql::Sql,
    upstream::Upstream,
};
use process::{clock::Clock, tasks::Tasks, tokens::ServiceKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use wire::{Event, EventType, OpenMattersCount, OpenMattersQuery, UnixMillis, UserId};

pub(crate) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const MINUTE_MS: i64 = 60_000;

pub(crate) use support::Engine;

pub(crate) struct Auth {
    pub router: Router,
    pub clock: Clock,
    pub cache: Cache,
    pub config: Config,
    pub sql: Sql,
    pub service_key: ServiceKey,
    pub bus: Bus,
    pub matters: Matters,
    deletions: AccountDeletions,
    tasks: Tasks,
    folder: TempDir,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
    pub text: String,
}

/// Fake order and payment services. Each counts the same open matters of every person; without a
/// count it does not answer.
#[derive(Clone)]
pub(crate) struct Matters {
    pub orders: Arc<Mutex<Option<u64>>>,
    pub payments: Arc<Mutex<Option<u64>>>,
    /// The people that auth asked about.
    pub asked: Arc<Mutex<Vec<UserId>>>,
    /// What happens once while auth waits for an answer.
    pub meanwhile: Arc<Mutex<Option<BoxFuture<'static, ()>>>>,
}

impl Matters {
    fn none() -> Self {
        Self {
            orders: Arc::new(Mutex::new(Some(0))),
            payments: Arc::new(Mutex::new(Some(0))),
            asked: Arc::default(),
            meanwhile: Arc::default(),
        }
    }

    pub(crate) fn set(&self, orders: Option<u64>, payments: Option<u64>) {
        *self.orders.lock().unwrap() = orders;
        *self.payments.lock().unwrap() = payments;
    }

    pub(crate) fn peers(&self) -> Peers {
        Peers {
            order: self.service(&self.orders),
            payment: self.service(&self.payments),
        }
    }

    fn service(&self, open: &Arc<Mutex<Option<u64>>>) -> Upstream {
        let open = open.clone();
        let asked = self.asked.clone();
        let meanwhile = self.meanwhile.clone();
        let answer = post(
            async move |Json(OpenMattersQuery { user_id }): Json<OpenMattersQuery>| {
                asked.lock().unwrap().push(user_id);
                let happens = meanwhile.lock().unwrap().take();
                if let Some(happens) = happens {
                    happens.await;
                }
                let open = *open.lock().unwrap();
                open.map(|open| Json(OpenMattersCount { open }))
                    .ok_or(StatusCode::SERVICE_UNAVAILABLE)
            },
        );
        Upstream::from_router(Router::new().route("/internal/people/open-matters", answer))
    }
}

impl Auth {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with_cache(engine, "memory:").await
    }

    pub(crate) async fn with_cache(engine: Engine, cache: &str) -> Self {
        Self::with(engine, cache, |config| config).await
    }

    /// Opens auth with the configuration that `alter` returns.
    pub(crate) async fn with(
        engine: Engine,
        cache: &str,
        alter: impl Fn(Config) -> Config,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = engine.address(folder.path(), "auth");
        let config = |url: &str| {
            alter(Config {
                sql_url: url.into(),
                signing_key: folder.path().join("auth.key"),
                ..Config::default()
            })
        };
        let migrate = async |url: &str| auth::migrate(&config(url)).await.unwrap();
        let sql = testing::database("auth", &url, migrate).await;
        Self::open(config(&url), sql, cache, Clock::fixed_at(NOW), folder).await
    }

    /// Restarts auth, which keeps only its files and its database.
    pub(crate) async fn restarted(self) -> Self {
        self.tasks.shutdown(std::time::Duration::from_secs(5)).await;
        Self::open(self.config, self.sql, "memory:", self.clock, self.folder).await
    }

    async fn open(config: Config, sql: Sql, cache: &str, clock: Clock, folder: TempDir) -> Self {
        let cache = Cache::open(cache).unwrap();
        let ground = testing::ground(folder.path(), &clock).await;
        let ground = ServiceContext {
            cache: cache.clone(),
            ..ground
        };
        let tasks = ground.tasks.clone();
        let service_key = ground.service_key.clone();
        let bus = ground.bus.clone();
        let matters = Matters::none();
        let deletions = AccountDeletions::open(&sql, &ground, matters.peers());
        let router = auth::open(config.clone(), ground, matters.peers())
            .await
            .unwrap();
        Self {
            router,
            clock,
            cache,
            config,
            sql,
            service_key,
            bus,
            matters,
            deletions,
            tasks,
            folder,
        }
    }

    /// Runs the job that deletes accounts.
    pub(crate) async fn delete_due_accounts(&self) -> Result<usize, DeletionError> {
        self.deletions.delete_due_accounts().await
    }

    /// Runs the daily job that publishes deletions again.
    pub(crate) async fn repeat_deletions(&self) -> usize {
        self.deletions.repeat_deletions().await.unwrap()
    }

    /// Waits for background work to finish. Auth answers no requests afterwards.
    pub(crate) async fn tasks_end(&self) {
        self.tasks.shutdown(std::time::Duration::from_secs(5)).await;
    }

    /// Another replica, on the same database and key file.
    pub(crate) async fn replica(&self) -> Self {
        self.replica_on("memory:").await
    }

    /// The same, with that cache.
    pub(crate) async fn replica_on(&self, cache: &str) -> Self {
        let config = self.config.clone();
        let sql = self.sql.clone();
        let clock = self.clock.clone();
        Self::open(config, sql, cache, clock, tempfile::tempdir().unwrap()).await
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        self.send_from(None, method, path, token, body).await
    }

    /// Sends a request as forwarded by the gateway for a client at that address.
    pub(crate) async fn send_from(
        &self,
        address: Option<&str>,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let (Some(address), Some(headers)) = (address, request.headers_mut()) {
            let own = self.service_key.issue_token("gateway", "auth", &self.clock);
            ClientAddress::from_ip(Some(address.parse().unwrap())).insert_headers(headers, &own);
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            text,
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(
            Method::POST,
            &format!("/api/v1/auth/{path}"),
            None,
            Some(body),
        )
        .await
    }

    pub(crate) async fn register(&self, username: &str, role: &str) -> Answer {
        let email = format!("{username}@example.com");
        let body = json!({
            "username": username, "email": email, "password": PASSWORD, "role": role,
        });
        self.post("register", body).await
    }

    pub(crate) async fn make_admin(&self, username: &str) {
        let raise = "UPDATE users SET role_id = 3 WHERE username = ?";
        let name = vec![username.into()];
        self.sql.exec(raise, name).await.unwrap();
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Answer {
        self.post(
            "login",
            json!({ "username": username, "password": password }),
        )
        .await
    }

    /// Sends a POST from a client at that address.
    pub(crate) async fn post_from(&self, address: &str, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/auth/{path}");
        self.send_from(Some(address), Method::POST, &path, None, Some(body))
            .await
    }

    pub(crate) async fn login_from(&self, address: &str, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.post_from(address, "login", body).await
    }

    /// Signs a registered person in and returns the token.
    pub(crate) async fn token(&self, username: &str) -> String {
        let answer = self.login(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn verify(&self, token: &str) -> Answer {
        self.post("verify-token", json!({ "token": token })).await
    }

    pub(crate) async fn logout(&self, token: &str) -> Answer {
        self.send(Method::POST, "/api/v1/auth/logout", Some(token), None)
            .await
    }

    /// All events so far, relayed or not.
    pub(crate) async fn events(&self) -> Vec<Event> {
        testing::events(&self.sql).await
    }

    /// The ids of the sessions whose end was told.
    pub(crate) async fn ended_sessions(&self) -> Vec<Value> {
        let events = self.events().await.into_iter();
        let ended = events.filter(|event| event.kind == EventType::SessionRevoked);
        ended
            .map(|event| event.body["session_id"].clone())
            .collect()
    }

    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        self.sql
            .fetch_optional(text, Vec::new())
            .await
            .unwrap()
            .unwrap()
    }

    /// Opens the reasons that a statement finds in a column. Each must be sealed to its row's key.
    pub(crate) async fn reasons(&self, column: &'static str, text: &'static str) -> Vec<String> {
        let rows: Vec<(Vec<u8>, String)> = self.sql.fetch_all(text, Vec::new()).await.unwrap();
        let keys = self.sql.data_keys();
        let open = |(row, stored): (Vec<u8>, String)| {
            assert!(keys.is_sealed_text(&stored), "{stored}");
            keys.open_text(&SealContext::for_row(column, &row), stored)
                .unwrap()
        };
        rows.into_iter().map(open).collect()
    }
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }
}
