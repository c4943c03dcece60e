//! A gateway in front of parts that echo their requests.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use gateway::{Config, Peers, Route};
use platform::{ServiceContext, cache::Cache, sessions, upstream::Upstream};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::Problem,
    tasks::Tasks,
    tokens::{Claims, Signer, TokenKeys},
    web,
};
use serde_json::{Value, json};
use support::Issuer;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Code, Permission, Role, UnixMillis, UserId};

pub(crate) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
pub(crate) const USER: UserId = UserId(Uuid::from_u128(7));

/// The routes of all parts.
pub(crate) fn platform_routes() -> Vec<Route> {
    let routes = testing::public_routes().into_iter();
    routes
        .map(|(part, route)| Route::new(part, route))
        .collect()
}

pub(crate) struct Gate {
    pub router: Router,
    pub signer: Signer,
    pub clock: Clock,
    pub cache: Cache,
    pub auth: FakeAuth,
    _folder: TempDir,
}

/// A fake auth that can revoke sessions or fail.
#[derive(Clone, Default)]
pub(crate) struct FakeAuth(Arc<Mutex<AuthState>>);

#[derive(Default)]
pub(crate) struct AuthState {
    pub asked: usize,
    pub asked_permissions: usize,
    /// The admin's permissions, if reduced.
    pub permissions: Option<Vec<&'static str>>,
    /// The token's person, if not `USER`.
    pub user: Option<UserId>,
    pub revoked: bool,
    pub broken: bool,
    pub takes_no_acts: bool,
    /// What was put on record. `status` is added once the answer is known.
    acts: watch::Sender<Vec<Value>>,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
}

impl Gate {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default(), "memory:", |peers| peers).await
    }

    /// A gateway before auth has delivered its keys.
    pub(crate) async fn without_keys() -> Self {
        let clock = Clock::fixed_at(NOW);
        Self::open(
            platform_routes(),
            Config::default(),
            "memory:",
            |peers| peers,
            TokenKeys::empty(),
            clock,
        )
        .await
    }

    pub(crate) async fn with(
        config: Config,
        cache: &str,
        alter: impl FnOnce(Peers) -> Peers,
    ) -> Self {
        Self::signed_by(Issuer::new(), Clock::fixed_at(NOW), config, cache, alter).await
    }

    pub(crate) async fn signed_by(
        issuer: Issuer,
        clock: Clock,
        config: Config,
        cache: &str,
        alter: impl FnOnce(Peers) -> Peers,
    ) -> Self {
        let keys = issuer.keys();
        let opened = Self::open(platform_routes(), config, cache, alter, keys, clock).await;
        Self {
            signer: issuer.signer,
            ..opened
        }
    }

    /// A gateway with another route table.
    pub(crate) async fn of_routes(
        routes: &[Route],
        config: Config,
        alter: impl FnOnce(Peers) -> Peers,
    ) -> Self {
        let issuer = Issuer::new();
        let clock = Clock::fixed_at(NOW);
        let keys = issuer.keys();
        let opened = Self::open(routes.to_vec(), config, "memory:", alter, keys, clock).await;
        Self {
            signer: issuer.signer,
            ..opened
        }
    }

    async fn open(
        routes: Vec<Route>,
        config: Config,
        cache: &str,
        alter: impl FnOnce(Peers) -> Peers,
        keys: TokenKeys,
        clock: Clock,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(cache).unwrap();
        // Auth does this at startup. It fails if the test's cache is unreachable.
        let _ = sessions::mark_complete(&cache).await;
        let ground = testing::ground(folder.path(), &clock).await;
        let ground = ServiceContext {
            cache: cache.clone(),
            keys,
            ..ground
        };
        let auth = FakeAuth::default();
        let local = |part| match part {
            CloudPart::Auth => (part, Upstream::from_router(auth.router())),
            other => (part, Upstream::from_router(echo(other))),
        };
        let peers = alter(CloudPart::behind_the_gateway().map(local).collect());
        let router = gateway::open(routes, config, ground, peers).await.unwrap();
        Self {
            router,
            signer: Issuer::new().signer,
            clock,
            cache,
            auth,
            _folder: folder,
        }
    }

    pub(crate) fn claims(&self, role: Role) -> Claims {
        support::claims(
            Actor {
                user_id: USER,
                role,
            },
            self.clock.now(),
        )
    }

    pub(crate) fn token(&self, role: Role) -> String {
        self.signer.sign_claims(&self.claims(role))
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        answered(self.router.clone(), request).await
    }

    pub(crate) async fn readiness(&self) -> Answer {
        let router = process::health::operator_routes(self.router.clone());
        answered(
            router,
            Request::get("/health/ready").body(Body::empty()).unwrap(),
        )
        .await
    }

    pub(crate) async fn ask(&self, method: &Method, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

async fn answered(router: Router, request: Request) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 22).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl FakeAuth {
    pub(crate) fn set(&self, change: impl FnOnce(&mut AuthState)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    pub(crate) fn asked_permissions(&self) -> usize {
        self.0.lock().unwrap().asked_permissions
    }

    /// The acts on record, once they are as wanted.
    pub(crate) async fn wait_for_acts(
        &self,
        wanted: impl FnMut(&Vec<Value>) -> bool,
    ) -> Vec<Value> {
        let mut acts = self.0.lock().unwrap().acts.subscribe();
        acts.wait_for(wanted).await.unwrap().clone()
    }

    pub(crate) fn acts(&self) -> Vec<Value> {
        self.0.lock().unwrap().acts.borrow().clone()
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/auth/verify-token", post(verify))
            .route("/internal/permissions", post(permissions))
            .route("/internal/acts", post(record_act))
            .route("/internal/acts/{id}", post(end_act))
            .with_state(self.clone())
            .fallback_service(echo(CloudPart::Auth))
    }
}

async fn verify(State(auth): State<FakeAuth>, request: Request) -> Response {
    let (revoked, broken, user) = {
        let mut state = auth.0.lock().unwrap();
        state.asked += 1;
        (state.revoked, state.broken, state.user.unwrap_or(USER))
    };
    if broken {
        return Problem::new(Code::Internal).into_response();
    }
    if revoked {
        return Problem::new(Code::InvalidToken).into_response();
    }
    if request.headers().contains_key("x-echo") {
        return answer(CloudPart::Auth, request).await;
    }
    Json(json!({ "user_id": user, "role": "customer", "active": true })).into_response()
}

async fn permissions(State(auth): State<FakeAuth>, request: Request) -> Response {
    let (broken, held) = {
        let mut state = auth.0.lock().unwrap();
        state.asked_permissions += 1;
        (state.broken, state.permissions.clone())
    };
    if broken || !request.headers().contains_key(header::AUTHORIZATION) {
        return Problem::new(Code::Internal).into_response();
    }
    held.map_or_else(every_permission, |held| {
        Json(json!({ "permissions": held })).into_response()
    })
}

async fn record_act(State(auth): State<FakeAuth>, Json(act): Json<Value>) -> Response {
    let state = auth.0.lock().unwrap();
    if state.takes_no_acts {
        return Problem::new(Code::Internal).into_response();
    }
    let mut id = 0;
    state.acts.send_modify(|acts| {
        id = acts.len();
        acts.push(act);
    });
    Json(json!({ "id": id.to_string() })).into_response()
}

async fn end_act(
    State(auth): State<FakeAuth>,
    Path(id): Path<usize>,
    Json(end): Json<Value>,
) -> StatusCode {
    let state = auth.0.lock().unwrap();
    state
        .acts
        .send_modify(|acts| acts[id]["status"] = end["status"].clone());
    StatusCode::NO_CONTENT
}

/// Auth's answer for an admin with the built-in role.
pub(crate) fn every_permission() -> Response {
    Json(json!({ "permissions": Permission::allowed_for_role(Role::Admin) })).into_response()
}

/// Serves a router on a free port and returns its address.
pub(crate) async fn served(router: Router, tasks: &Tasks) -> String {
    let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = tasks.stop_token();
    tasks.spawn("served", async move {
        web::serve_http(listener, router, web::ConnectionSlots::default(), stop).await
    });
    address
}

pub(crate) fn remote(base: &str) -> Upstream {
    Upstream::from_address(base, &Tasks::new()).unwrap()
}

pub(crate) fn echo(part: CloudPart) -> Router {
    Router::new().fallback(move |request: Request| answer(part, request))
}

async fn answer(part: CloudPart, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    let headers: serde_json::Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
        .collect();
    Json(json!({
        "part": part.name(),
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
        "extensions": parts.extensions.len(),
    }))
    .into_response()
}
