//! A hub on a real socket, with a scripted owner, auth service and edges.

mod auth;
mod edge;
mod ops;
mod owner;

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use platform::{
    ServiceContext,
    bus::Bus,
    sql::{Sql, Tx},
    upstream::Upstream,
    vals,
};
use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{Claims, ServiceKey, Signer, TokenKind},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{
    EdgeStatus, Event, EventId, EventType, Hash, Order, Region, Role, SessionId, StatusReport,
};

pub(crate) use auth::Auth;
pub(crate) use edge::Edge;
pub(crate) use ops::{accept, accept_on, asked, boot, token};
pub(crate) use owner::{Owner, Script};
pub(crate) use support::samples::order;
use support::{Engine, Issuer, eventually, samples};

/// Longer than any working step takes, also on a machine whose disk stalls.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The parts shared by every replica of one platform.
pub(crate) struct Stage {
    pub clock: Clock,
    pub owner: Owner,
    pub auth: Auth,
    /// Signs users' tokens.
    pub signer: Signer,
    pub bus: Bus,
    /// Signed with the first key.
    admin_token: String,
    config: hub::Config,
    service_key: ServiceKey,
    folder: TempDir,
    /// Where later replicas call the order service, unless it is `owner`.
    order: Option<Upstream>,
}

/// One running replica.
pub(crate) struct Replica {
    pub address: SocketAddr,
    pub router: Router,
    tasks: Tasks,
}

/// Stalls the store work of an edge's session, for at most half a minute: then the server ends it.
pub(crate) struct EdgeRowLock {
    sql: Sql,
    transaction: Tx,
}

impl EdgeRowLock {
    /// Panics if the server has ended it before.
    pub(crate) async fn release(mut self) {
        let held: Option<i64> = self
            .transaction
            .fetch_optional("SELECT 1", vals![])
            .await
            .unwrap();
        assert_eq!(held, Some(1));
        drop(self.transaction);
        self.sql.close().await;
    }
}

impl Stage {
    pub(crate) async fn new(mysql: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = if mysql {
            Engine::MariaDb
        } else {
            Engine::Sqlite
        };
        let url = engine.address(folder.path(), "hub");
        let signing_key = folder.path().join("hub.key");
        let config = |url: &str| hub::Config {
            sql_url: url.into(),
            signing_key: signing_key.clone(),
            ..hub::Config::default()
        };
        let migrate = async |url: &str| hub::migrate(&config(url)).await.unwrap();
        testing::database("hub", &url, migrate).await.close().await;
        let config = config(&url);
        let ground = testing::ground(folder.path(), &Clock::system()).await;
        let bus = ground.bus;
        let service_key = ground.service_key;
        let signer = Issuer::new().signer;
        let mut stage = Self {
            clock: Clock::system(),
            admin_token: String::new(),
            owner: Owner::new(service_key.clone()),
            auth: Auth::new(&signer),
            signer,
            bus,
            config,
            service_key,
            folder,
            order: None,
        };
        stage.admin_token = stage.token(Role::Admin, 1);
        stage
    }

    /// A stage with one replica and the enrolled edge north-1.
    pub(crate) async fn with_north(mysql: bool) -> (Self, Replica, Edge) {
        let stage = Self::new(mysql).await;
        let hub = stage.replica().await;
        let edge = stage.enrol(&hub, "north-1", Region::North).await;
        (stage, hub, edge)
    }

    /// The key file shared by all replicas.
    pub(crate) fn hub_key_file(&self) -> &Path {
        &self.config.signing_key
    }

    pub(crate) fn hub_key(&self) -> Signer {
        Signer::load_or_create(self.hub_key_file()).unwrap()
    }

    /// Applies to replicas started later.
    pub(crate) fn key_is_replaced(&mut self, is_replaced: bool) {
        self.config.signing_key_replaced = is_replaced;
    }

    /// Applies to replicas started later.
    pub(crate) fn calls_order_at(&mut self, order: Upstream) {
        self.order = Some(order);
    }

    pub(crate) async fn replica(&self) -> Replica {
        self.try_replica().await.unwrap()
    }

    pub(crate) async fn try_replica(&self) -> Result<Replica, hub::OpenError> {
        let bus = self.bus.clone();
        let service_key = self.service_key.clone();
        let ground = testing::ground(self.folder.path(), &self.clock).await;
        let ground = ServiceContext {
            bus,
            service_key,
            ..ground
        };
        let tasks = ground.tasks.clone();
        let owner = || Upstream::from_router(self.owner.router());
        let peers = hub::Peers {
            review: Upstream::from_router(axum::Router::new()),
            order: self.order.clone().unwrap_or_else(owner),
            auth: Upstream::from_router(self.auth.router()),
        };
        let router = hub::open(self.config.clone(), ground, peers).await?;
        let replica = serve(router, tasks).await;
        eventually("the hub is ready", PATIENCE, async || {
            let (status, _) = replica.ask(Method::GET, "/health/ready", None, None).await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
        Ok(replica)
    }

    /// A token for NORTH's edges, valid between these offsets in seconds from now.
    pub(crate) fn edge_token_between(
        &self,
        role: Role,
        user: u128,
        from_s: i64,
        until_s: i64,
    ) -> String {
        self.signed(role, user, from_s, until_s, for_north)
    }

    fn signed(
        &self,
        role: Role,
        user: u128,
        from_s: i64,
        until_s: i64,
        alter: impl FnOnce(Claims) -> Claims,
    ) -> String {
        let claims = support::claims(samples::person(user, role), self.clock.now());
        self.signer.sign_claims(&alter(Claims {
            jti: SessionId(self.clock.new_id()),
            exp: claims.iat + until_s,
            iat: claims.iat + from_s,
            ..claims
        }))
    }

    /// Backdates the enrolment of every edge.
    pub(crate) async fn enrolled_hours_ago(&self, hours: i64) {
        const EARLIER: &str =
            "UPDATE edges SET enrolled_at = enrolled_at - ?, told_at = told_at - ?";
        let sql = Sql::open(self.config.sql_url.reveal()).await.unwrap();
        let ms = hours * 3_600_000;
        sql.exec(EARLIER, vals![ms, ms]).await.unwrap();
        sql.close().await;
    }

    /// Locks the edge's row, on SQLite the whole database, against writes.
    pub(crate) async fn lock_edge_row(&self, edge: &Edge) -> EdgeRowLock {
        const TOUCH: &str = "UPDATE edges SET region = region WHERE edge = ?";
        let sql = Sql::open(self.config.sql_url.reveal()).await.unwrap();
        let mut transaction = sql.begin_transaction().await.unwrap();
        assert_eq!(transaction.exec(TOUCH, vals![&edge.id]).await.unwrap(), 1);
        EdgeRowLock { sql, transaction }
    }

    /// The number of logs claimed by a replica.
    pub(crate) async fn claims(&self) -> i64 {
        const CLAIMED: &str = "SELECT COUNT(*) FROM edges WHERE work_until > 0";
        let sql = Sql::open(self.config.sql_url.reveal()).await.unwrap();
        let claimed = sql.fetch_optional(CLAIMED, vals![]).await.unwrap().unwrap();
        sql.close().await;
        claimed
    }

    /// Creates edges with logs that another replica works for half a minute; their names sort
    /// first.
    pub(crate) async fn worked_elsewhere(&self, count: u64) {
        const ADD: &str = "INSERT INTO edges (edge, region, created_at, epoch, term, cursor_seq, \
            cursor_hash, outcome_count, undecided, link_up, outcome_cursor, feed_cursor, ahead, \
            pending, last_seq, work_token, work_until) \
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) \
            SELECT 'a-' || n, ?, 0, 1, 0, 0, ?, 0, 1, 0, 0, 0, 0, 0, 0, 0, ? FROM numbers";
        let sql = Sql::open(self.config.sql_url.reveal()).await.unwrap();
        let until = self.clock.now().plus_ms(30_000);
        sql.exec(ADD, vals![count, Region::South, Hash::ZERO, until])
            .await
            .unwrap();
        sql.close().await;
    }

    /// Applies to replicas started later.
    pub(crate) fn has_edge_domains(&mut self, domains: &[&str]) {
        let domains = domains.iter().map(|domain| (*domain).to_owned());
        self.config.edge_domains = domains.collect();
    }

    /// Applies to replicas started later.
    pub(crate) fn owner_has_so_long(&mut self, ms: u64) {
        self.config.decided_within_ms = ms;
    }

    /// Applies to replicas started later.
    pub(crate) fn accepts_no_cloud_tokens(&mut self) {
        self.config.accept_cloud_tokens = false;
    }

    /// Applies to replicas started later.
    pub(crate) fn hands_in_again_every(&mut self, ms: u64) {
        self.config.held_again_ms = ms;
    }

    /// Signs later tokens with a new key.
    pub(crate) fn rotate(&mut self) {
        self.signer = Issuer::new().signer;
        self.auth.script().signer = self.signer.clone();
    }

    /// A cloud token, valid for an hour.
    pub(crate) fn token(&self, role: Role, user: u128) -> String {
        self.signed(role, user, 0, 3_600, |claims| claims)
    }

    /// A token for NORTH's edges, valid for an hour.
    pub(crate) fn edge_token(&self, role: Role, user: u128) -> String {
        self.edge_token_between(role, user, 0, 3_600)
    }

    /// An altered token of a provider for NORTH's edges.
    pub(crate) fn edge_token_of(&self, user: u128, alter: impl FnOnce(Claims) -> Claims) -> String {
        self.signed(Role::Provider, user, 0, 3_600, |claims| {
            alter(for_north(claims))
        })
    }

    pub(crate) async fn publish_order(&self, order: &Order) {
        self.publish_of(EventType::OrderStatusChanged, order).await;
    }

    /// Publishes a lost acceptance of the order.
    pub(crate) async fn publish_loss(&self, order: &Order) {
        self.publish_of(EventType::OrderAcceptanceLost, order).await;
    }

    pub(crate) async fn publish_message(&self, order: &Order) {
        self.publish_of(EventType::OrderMessageSent, order).await;
    }

    async fn publish_of(&self, kind: EventType, order: &Order) {
        let body = json!({
            "order": order,
            "actor": {"user_id": order.customer_id, "role": "customer"},
            "command_id": Uuid::nil(),
        });
        self.publish(kind, body).await;
    }

    pub(crate) async fn publish(&self, kind: EventType, body: Value) {
        let id = EventId(self.clock.new_id());
        let trace = id.0.simple().to_string();
        let event = Event {
            id,
            kind,
            version: 1,
            at: self.clock.now(),
            trace,
            body,
        };
        self.bus.publish(&event).await.unwrap();
    }

    /// Publishes NORTH's holder, and waits until the feed has it.
    pub(crate) async fn assign_north(&self, replica: &Replica, version: u64, holder: Option<&str>) {
        let assigned = json!({
            "region": "NORTH",
            "assignment": {
                "policy_version": version, "policy": "exclusive", "holder": holder, "epoch": 1,
                "fence": 1, "rules_version": 0,
            },
        });
        self.owner.script().holder = holder.map(|name| name.parse().unwrap());
        self.publish(EventType::RegionAssigned, assigned).await;
        eventually("the region's holder is known", PATIENCE, async || {
            let mut report = self.status(replica).await;
            let north = report
                .regions
                .swap_remove(usize::from(Region::North.index()));
            (north.holder.as_ref().map(wire::EdgeId::as_str) == holder).then_some(())
        })
        .await;
    }

    /// Calls the hub as the order service.
    pub(crate) async fn as_order(
        &self,
        replica: &Replica,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let token = self.service_key.issue_token("order", "hub", &self.clock);
        replica.ask(method, path, Some(&token), body).await
    }

    pub(crate) async fn dead_letters(&self) -> u64 {
        let queue = platform::bus::dead_letter_queue("hub_feed");
        self.bus.count_waiting(&queue).await.unwrap()
    }

    /// Invites and enrols an edge through the public routes.
    pub(crate) async fn enrol(&self, replica: &Replica, name: &str, region: Region) -> Edge {
        let signer = Issuer::new().signer;
        let invited = self.admin(
            replica,
            Method::POST,
            "/api/v1/admin/edges",
            Some(json!({
                "edge": name, "region": region,
            })),
        );
        let (status, body) = invited.await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let edge = Edge::new(name, region, signer, self.clock.clone());
        let asked = json!({"code": body["code"], "public_key": edge.public_key()});
        let path = "/api/v1/edges/enrol";
        let (status, body) = replica.ask(Method::POST, path, None, Some(asked)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        edge
    }

    pub(crate) async fn admin(
        &self,
        replica: &Replica,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        replica
            .ask(method, path, Some(&self.admin_token), body)
            .await
    }

    pub(crate) async fn set_gate(&self, replica: &Replica, region: Region, gate: &str) {
        let path = format!("/api/v1/admin/regions/{region}");
        let asked = Some(json!({"gate": gate}));
        let (status, body) = self.admin(replica, Method::PUT, &path, asked).await;
        assert_eq!(
            (status, &body["gate"]),
            (StatusCode::OK, &json!(gate)),
            "{body}"
        );
    }

    pub(crate) async fn status(&self, replica: &Replica) -> StatusReport {
        let (status, body) = self
            .admin(replica, Method::GET, "/api/v1/admin/status", None)
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body).unwrap()
    }

    /// NORTH's only edge.
    pub(crate) async fn north(&self, replica: &Replica) -> EdgeStatus {
        let mut report = self.status(replica).await;
        report.regions[usize::from(Region::North.index())]
            .edges
            .remove(0)
    }

    /// Waits until NORTH's edge meets the condition.
    pub(crate) async fn north_until(&self, replica: &Replica, wish: impl Fn(&EdgeStatus) -> bool) {
        eventually("the edge is as wished", PATIENCE, async || {
            wish(&self.north(replica).await).then_some(())
        })
        .await;
    }
}

pub(crate) async fn serve(router: Router, tasks: Tasks) -> Replica {
    let listener = process::web::bind_listener("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = router.clone();
    let stop = tasks.stop_token();
    tasks.spawn("server", async move {
        process::web::serve_http(
            listener,
            served,
            process::web::ConnectionSlots::default(),
            stop,
        )
        .await;
    });
    Replica {
        address,
        router,
        tasks,
    }
}

impl Replica {
    pub(crate) async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(5)).await;
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
        };
        let response = self
            .router
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
}

fn for_north(claims: Claims) -> Claims {
    Claims {
        kind: TokenKind::Edge,
        region: Some(Region::North),
        ..claims
    }
}
