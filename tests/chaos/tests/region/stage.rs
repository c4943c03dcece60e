//! A hub on a real database in this process, and a real edge on its file.

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::{Router, body::Body, routing::get};
use holdfast_edge::{MqttKind, RunningEdge};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use platform::{
    ServiceContext,
    sql::{Sql, create_database},
    upstream::Upstream,
};
use process::{
    clock::Clock,
    tokens::{Claims, ServiceKey},
};
use serde_json::{Value, json};
use support::{Engine, Issuer, eventually, samples};
use tokio::sync::RwLock;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Region, RegionStatus, Role, SessionId, StatusReport};

/// Longer than any sound operation takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// These tests share a process and its counters. A test that compares counters takes the write
/// lock, a test that may change them the read lock.
pub(super) static COUNTERS: RwLock<()> = RwLock::const_new(());

/// The context shared by a hub and its services.
pub(super) struct Cloud {
    pub router: Router,
    pub address: SocketAddr,
    pub sql: Sql,
    pub people: People,
    context: ServiceContext,
}

/// Signs people's tokens.
#[derive(Clone)]
pub(super) struct People {
    issuer: Issuer,
    clock: Clock,
}

impl People {
    pub(super) fn new_id(&self) -> Uuid {
        self.clock.new_id()
    }

    pub(super) fn token(&self, role: Role, user: u128) -> String {
        let claims = support::claims(samples::person(user, role), self.clock.now());
        self.issuer.signer.sign_claims(&Claims {
            jti: SessionId(self.clock.new_id()),
            ..claims
        })
    }
}

pub(super) fn people() -> People {
    People {
        issuer: Issuer::new(),
        clock: Clock::system(),
    }
}

/// A service's context with a separate bus.
pub(super) async fn ground(
    folder: &Path,
    people: &People,
    service_key: &ServiceKey,
) -> ServiceContext {
    let keys = people.issuer.keys();
    let service_key = service_key.clone();
    ServiceContext {
        keys,
        service_key,
        ..testing::ground(folder, &people.clock).await
    }
}

/// A separate database for each test.
pub(super) fn database(folder: &Path, name: &str, mysql: bool) -> String {
    let engine = if mysql {
        Engine::MariaDb
    } else {
        Engine::Sqlite
    };
    engine.address(folder, name)
}

impl Cloud {
    pub(super) async fn start(
        (folder, url): (&Path, &str),
        people: People,
        context: ServiceContext,
        order: Upstream,
    ) -> Self {
        create_database(url).await.unwrap();
        let signing_key = folder.join("hub.key");
        let config = hub::Config {
            sql_url: url.into(),
            signing_key,
            ..hub::Config::default()
        };
        hub::migrate(&config).await.unwrap();
        let jwks = people.issuer.signer.jwks();
        let auth = Router::new().route("/.well-known/jwks.json", get(async move || jwks.clone()));
        let review = Upstream::from_router(axum::Router::new());
        let peers = hub::Peers {
            order,
            review,
            auth: Upstream::from_router(auth),
        };
        let router = hub::open(config, context.clone(), peers).await.unwrap();
        let listener = process::web::bind_listener("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = router.clone();
        let stop = context.tasks.stop_token();
        context.tasks.spawn("server", async move {
            process::web::serve_http(
                listener,
                served,
                process::web::ConnectionSlots::default(),
                stop,
            )
            .await;
        });
        let sql = Sql::open(url).await.unwrap();
        let cloud = Self {
            router,
            address,
            sql,
            people,
            context,
        };
        eventually("the hub is ready", PATIENCE, async || {
            let (status, _) = cloud.ask(Method::GET, "/health/ready", None).await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
        cloud
    }

    /// Sends a request as an admin.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let token = self.people.token(Role::Admin, 1);
        ask(&self.router, &token, method, path, body).await
    }

    pub(super) async fn north(&self) -> RegionStatus {
        let (status, report) = self.ask(Method::GET, "/api/v1/admin/status", None).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        let report: StatusReport = serde_json::from_value(report).unwrap();
        report
            .regions
            .into_iter()
            .find(|region| region.region == Region::North)
            .unwrap()
    }

    /// An enrolment code for NORTH's only edge.
    pub(super) async fn invite(&self) -> String {
        let asked = json!({"edge": "north-1", "region": "NORTH"});
        let (_, invited) = self
            .ask(Method::POST, "/api/v1/admin/edges", Some(asked))
            .await;
        invited["code"].as_str().unwrap().to_owned()
    }

    pub(super) async fn stop(self) {
        self.context.tasks.shutdown(Duration::from_secs(5)).await;
    }
}

pub(super) async fn ask(
    router: &Router,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = router
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

/// Starts NORTH's only edge.
pub(super) async fn edge(data: &Path, gateway: SocketAddr, code: &str) -> RunningEdge {
    let config = holdfast_edge::Config {
        name: "north-1".into(),
        region: Region::North,
        gateway_url: format!("http://{gateway}"),
        data: data.to_owned(),
        http_bind: "127.0.0.1:0".into(),
        mqtt: MqttKind::Embedded,
        mqtt_bind: "127.0.0.1:0".into(),
        ws_bind: "127.0.0.1:0".into(),
        operator_bind: String::new(),
        enrolment_code: code.into(),
        open_jobs_max: 0,
        acceptances_a_day_max: 0,
        withdrawals_a_day_max: 0,
        ..holdfast_edge::Config::default()
    };
    holdfast_edge::start(config, Clock::system()).await.unwrap()
}
