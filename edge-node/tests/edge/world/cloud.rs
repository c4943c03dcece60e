//! A cloud with one hub: enrols the edge, stores ops that continue its cursor, decides every
//! command at once, and sends the feed. Tests can cut and restore its link.

pub(crate) mod messages;
pub(crate) mod photos;
mod session;
mod snapshot;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{State, ws::WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use process::{
    clock::Clock,
    problem::Problem,
    seal::sign_hub_time,
    tasks::Tasks,
    tokens::{Signer, bearer_token, edge_clock_error, verify_edge},
};
use serde_json::{Value, json};
use texts::Text;
use tokio::sync::{Notify, watch};
use wire::{
    ChainHead, Code, EdgeId, FeedChange, Frame, Hello, NumberedOutcome, Op, Order, OrderId,
    UnixMillis,
};

use super::People;
use messages::MessageDesk;
use photos::PhotoInbox;
use session::TestHubSession;

pub(crate) const GENERATION: u64 = 77;

#[derive(Clone)]
pub(crate) struct Cloud(Arc<Inner>);

struct Inner {
    pub people: People,
    clock: Clock,
    state: Mutex<Stored>,
    /// While false, sessions are refused and open ones end.
    gate: watch::Sender<bool>,
    changed: Notify,
    /// Sessions up to this term neither read nor send, but stay connected.
    frozen: AtomicU64,
    pings: AtomicU64,
    tasks: Tasks,
}

#[derive(Default)]
struct Stored {
    public_key: Option<[u8; 32]>,
    signed_out: Vec<String>,
    sign_ins: Vec<Value>,
    code_requests: Vec<Value>,
    cursor: Option<ChainHead>,
    ops: Vec<Op>,
    /// When each op came.
    arrivals: Vec<UnixMillis>,
    /// The whole frames of edges, as bytes on the line.
    heard_bytes: u64,
    orders: BTreeMap<OrderId, Order>,
    feed: Vec<FeedChange>,
    outcomes: Vec<NumberedOutcome>,
    term: u64,
    hellos: Vec<Hello>,
    acks: Vec<wire::Ack>,
    certificate_requests: Vec<wire::CertificateRequest>,
    interjections: Vec<Frame>,
    /// Sent without the hub's seal.
    forgeries: Vec<Frame>,
    /// The codec in Welcome; a cloud of the previous version sends none.
    codec: Option<u8>,
    /// Frames with packed ops.
    packed: usize,
    /// The next probe to send, after the queued frames.
    probe: Option<u64>,
    alive: Vec<u64>,
    /// Seals every frame of later sessions; a cloud of the previous version has none.
    hub_key: Option<Signer>,
    photos: PhotoInbox,
    messages: MessageDesk,
    fee_requests: usize,
    /// The body of the answer; a cloud of the previous version has no such route.
    fees: Option<String>,
    cancel_fees: Option<String>,
}

impl Cloud {
    /// Starts listening; returns the gateway's address.
    pub(crate) async fn start() -> (Self, SocketAddr) {
        Self::start_at(Clock::system()).await
    }

    /// The same, by this clock.
    pub(crate) async fn start_at(clock: Clock) -> (Self, SocketAddr) {
        let cloud = Self(Arc::new(Inner {
            people: People::new(),
            clock,
            state: Mutex::default(),
            gate: watch::Sender::new(true),
            changed: Notify::new(),
            frozen: AtomicU64::new(0),
            pings: AtomicU64::new(0),
            tasks: Tasks::new(),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/api/v1/edges/enrol", post(enrol))
            .route("/api/v1/edges/{edge}/key", get(show_edge_key))
            .route("/api/v1/auth/login", post(login))
            .route("/api/v1/auth/codes", get(code_offer).post(send_code))
            .route("/api/v1/auth/codes/sign-in", post(sign_in_by_code))
            .route("/api/v1/auth/edge-logout", post(logout))
            .route("/api/v1/platform-fees", get(list_fees))
            .route("/api/v1/cancel-fees", get(list_cancel_fees))
            .route("/link", any(link))
            .with_state(cloud.clone());
        cloud.0.tasks.spawn("cloud", async move {
            let _ = axum::serve(listener, router).await;
        });
        (cloud, at)
    }

    pub(crate) fn people(&self) -> &People {
        &self.0.people
    }

    pub(crate) fn signed_out(&self) -> Vec<String> {
        self.with(|state| state.signed_out.clone())
    }

    pub(crate) fn sign_ins(&self) -> Vec<Value> {
        self.with(|state| state.sign_ins.clone())
    }

    pub(crate) fn code_requests(&self) -> Vec<Value> {
        self.with(|state| state.code_requests.clone())
    }

    /// Answers requests for the platform's fees with this body.
    pub(crate) fn answer_fees(&self, body: String) {
        self.with(|state| state.fees = Some(body));
    }

    /// Answers requests for the fee of a late cancel with this body.
    pub(crate) fn answer_cancel_fees(&self, body: String) {
        self.with(|state| state.cancel_fees = Some(body));
    }

    pub(crate) fn fee_requests(&self) -> usize {
        self.with(|state| state.fee_requests)
    }

    pub(crate) fn cut(&self) {
        self.0.gate.send_replace(false);
    }

    pub(crate) fn heal(&self) {
        self.0.gate.send_replace(true);
    }

    /// Open sessions fall silent permanently; new ones work.
    pub(crate) fn freeze(&self) {
        let term = self.with(|state| state.term);
        self.0.frozen.store(term, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// Seals frames with this key from the next session, or stops sealing.
    pub(crate) fn seal_with(&self, key: Option<&Signer>) {
        self.with(|state| state.hub_key = key.cloned());
    }

    /// Requests packed ops from the next session.
    pub(crate) fn ask_for_packed(&self) {
        self.with(|state| state.codec = Some(wire::CODEC_PACKED));
    }

    pub(crate) fn packed(&self) -> usize {
        self.with(|state| state.packed)
    }

    pub(crate) fn pings(&self) -> u64 {
        self.0.pings.load(Ordering::SeqCst)
    }

    /// Changes an order in the cloud and sends it in the feed.
    pub(crate) fn put(&self, order: Order) {
        self.with(|state| state.orders.insert(order.id, order.clone()));
        self.tell(FeedChange::Order(order));
    }

    pub(crate) fn tell(&self, change: FeedChange) {
        self.with(|state| state.feed.push(change));
        self.0.changed.notify_waiters();
    }

    /// Sends a liveness probe after the queued frames.
    pub(crate) fn probe(&self, number: u64) {
        self.with(|state| state.probe = Some(number));
        self.0.changed.notify_waiters();
    }

    pub(crate) fn alive(&self) -> Vec<u64> {
        self.with(|state| state.alive.clone())
    }

    /// Sends a frame unchecked.
    pub(crate) fn interject(&self, frame: Frame) {
        self.with(|state| state.interjections.push(frame));
        self.0.changed.notify_waiters();
    }

    /// Sends a frame that the hub has not sealed, as an attacker on the line can.
    pub(crate) fn forge(&self, frame: Frame) {
        self.with(|state| state.forgeries.push(frame));
        self.0.changed.notify_waiters();
    }

    pub(crate) fn certificate_requests(&self) -> Vec<wire::CertificateRequest> {
        self.with(|state| state.certificate_requests.clone())
    }

    pub(crate) fn commands(&self) -> Vec<wire::CommandOp> {
        let command = |op: &Op| {
            if let Op::Command(op) = op {
                Some(op.clone())
            } else {
                None
            }
        };
        self.with(|state| state.ops.iter().filter_map(command).collect())
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.with(|state| state.ops.clone())
    }

    /// The commands with the time when each came.
    pub(crate) fn commands_with_arrival(&self) -> Vec<(wire::CommandOp, UnixMillis)> {
        self.with(|state| {
            let ops = state.ops.iter().zip(&state.arrivals);
            let commands = ops.filter_map(|(op, at)| match op {
                Op::Command(op) => Some((op.clone(), *at)),
                _ => None,
            });
            commands.collect()
        })
    }

    /// The bytes on the line of all whole frames that edges have sent.
    pub(crate) fn heard_bytes(&self) -> u64 {
        self.with(|state| state.heard_bytes)
    }

    pub(crate) fn hellos(&self) -> Vec<Hello> {
        self.with(|state| state.hellos.clone())
    }

    pub(crate) fn last_ack(&self) -> Option<wire::Ack> {
        self.with(|state| state.acks.last().cloned())
    }

    /// Number of Acks. An edge sends the first one when its session is up.
    pub(crate) fn acks(&self) -> usize {
        self.with(|state| state.acks.len())
    }

    pub(crate) fn outcome_count(&self) -> u64 {
        self.with(|state| state.outcomes.len() as u64)
    }

    /// The digest of all the cloud's orders.
    pub(crate) fn digest(&self) -> wire::Hash {
        let mut digest = wire::Hash::ZERO;
        self.with(|state| {
            state
                .orders
                .values()
                .for_each(|order| digest.toggle_member(order.compute_digest()))
        });
        digest
    }

    /// A cloud with a key includes the time, for edges whose clock is wrong.
    fn refuse_link(&self, token: &str) -> Response {
        let now = self.now();
        let (key, hub) = self.with(|state| (state.public_key, state.hub_key.clone()));
        let error_ms = key.and_then(|key| edge_clock_error(token, &key, now));
        let (Some(hub), Some(_)) = (hub, error_ms) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let time = sign_hub_time(&hub, &EdgeId::new("north-1").unwrap(), token, now);
        let header = [(wire::HUB_TIME_HEADER, time.to_string())];
        (header, Problem::new(Code::EdgeClockWrong)).into_response()
    }

    fn now(&self) -> UnixMillis {
        self.0.clock.now()
    }

    fn with<T>(&self, f: impl FnOnce(&mut Stored) -> T) -> T {
        f(&mut self.0.state.lock().unwrap())
    }
}

async fn enrol(State(cloud): State<Cloud>, Json(ask): Json<Value>) -> Response {
    if !["a-code", "another-code"]
        .map(Value::from)
        .contains(&ask["code"])
    {
        return Problem::new(Code::EnrolmentCodeInvalid).into_response();
    }
    // An older hub, which gave the other code, does not compare.
    if ask["code"] == "a-code" && ask["edge"] != "north-1" {
        let why = Text::from_untranslated("another edge's".to_owned());
        return Problem::wrong_field("edge", why).into_response();
    }
    let key = URL_SAFE_NO_PAD
        .decode(ask["public_key"].as_str().unwrap())
        .unwrap();
    cloud.with(|state| state.public_key = Some(key.try_into().unwrap()));
    let jwks: Value = serde_json::from_str(&cloud.people().jwks()).unwrap();
    Json(json!({ "edge": "north-1", "region": "NORTH", "jwks": jwks })).into_response()
}

/// The key that the edge enrolled with, in PEM.
async fn show_edge_key(State(cloud): State<Cloud>) -> Json<Value> {
    const DER_HEAD: [u8; 12] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    let key = cloud.with(|state| state.public_key).unwrap();
    let der = STANDARD.encode([&DER_HEAD[..], &key].concat());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
    Json(json!({ "edge": "north-1", "public_key": URL_SAFE_NO_PAD.encode(key), "pem": pem }))
}

/// Every password is `right`, and the user name is the user's number.
async fn login(State(cloud): State<Cloud>, Json(form): Json<Value>) -> Response {
    let user = form["username"].as_str().and_then(|name| name.parse().ok());
    match user.filter(|_| form["password"] == "right") {
        Some(user) => answer_sign_in(&cloud, wire::Role::Provider, user, &form),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn answer_sign_in(cloud: &Cloud, role: wire::Role, user: u128, form: &Value) -> Response {
    let token = match form["tablet"].as_str() {
        Some(tablet) => cloud.people().grant(role, user, tablet),
        None => cloud.people().token(role, user),
    };
    cloud.with(|state| state.sign_ins.push(form.clone()));
    // An edge only requests tokens for its own region's edges.
    let asked = (&form["region"], &form["edge_only"]);
    assert_eq!(asked, (&json!("NORTH"), &json!(true)));
    let mut grant = json!({
        "edge_token": token, "token_type": "Bearer", "expires_in": 3_600,
        "user_id": super::id(user), "role": role,
    });
    if form["device"].is_string() {
        grant["device"] = json!("a-secret");
    }
    Json(grant).into_response()
}

async fn code_offer() -> Json<Value> {
    Json(json!({ "offered": true }))
}

/// Every number gets a code, except one without digits.
async fn send_code(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Json(form): Json<Value>,
) -> Response {
    cloud.with(|state| state.code_requests.push(form.clone()));
    let phone = form["phone"].as_str().unwrap();
    if !phone.contains(|c: char| c.is_ascii_digit()) {
        let errors = json!([{ "field": "phone", "message": language_of(&headers) }]);
        let problem = json!({ "code": "invalid_input", "errors": errors });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
    }
    Json(json!({ "expires_in": 300 })).into_response()
}

/// Every code is `123456`, and the last two digits of the phone are the user's number.
async fn sign_in_by_code(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Json(form): Json<Value>,
) -> Response {
    if form["code"] != "123456" {
        let title = language_of(&headers);
        let problem = json!({ "code": "code_wrong", "title": title, "tries_left": 4 });
        return (StatusCode::UNAUTHORIZED, Json(problem)).into_response();
    }
    let phone = form["phone"].as_str().unwrap();
    let user = phone[phone.len() - 2..].parse().unwrap();
    answer_sign_in(&cloud, wire::Role::Customer, user, &form)
}

/// Refusals are in the caller's language; this one is its name.
fn language_of(headers: &HeaderMap) -> &str {
    let language = headers.get("accept-language");
    language.map_or("", |language| language.to_str().unwrap())
}

async fn logout(State(cloud): State<Cloud>, Json(form): Json<Value>) -> StatusCode {
    cloud.with(|state| {
        state
            .signed_out
            .push(form["token"].as_str().unwrap().to_owned())
    });
    StatusCode::NO_CONTENT
}

async fn list_fees(State(cloud): State<Cloud>) -> Response {
    let body = cloud.with(|state| {
        state.fee_requests += 1;
        state.fees.clone()
    });
    body.ok_or(StatusCode::NOT_FOUND).into_response()
}

async fn list_cancel_fees(State(cloud): State<Cloud>) -> Response {
    let body = cloud.with(|state| state.cancel_fees.clone());
    body.ok_or(StatusCode::NOT_FOUND).into_response()
}

async fn link(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = cloud.with(|state| state.public_key);
    let token = bearer_token(&headers).unwrap_or_default();
    let edge = key.and_then(|key| verify_edge(token, &key, cloud.now()).ok());
    if edge != Some(EdgeId::new("north-1").unwrap()) {
        return cloud.refuse_link(token);
    }
    upgrade.on_upgrade(move |socket| async move {
        TestHubSession::new(cloud, socket).run().await;
    })
}
