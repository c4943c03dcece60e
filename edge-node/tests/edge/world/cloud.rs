//! A cloud with one hub: enrols the edge, stores ops that continue its cursor, decides every
//! command at once, and sends the feed. Tests can cut and restore its link.

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
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{
    clock::Clock,
    problem::Problem,
    seal::{FrameSealer, sign_hub_time},
    tasks::Tasks,
    tokens::{Signer, bearer_token, edge_clock_error, verify_edge},
};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use wire::{
    Action, ChainHead, ChangesFrame, Code, Credit, EdgeId, FeedChange, Frame, Hello, LinkLimits,
    LinkSessionId, NumberedOutcome, Op, Order, OrderId, Outcome, OutcomeKind, OutcomesFrame, Probe,
    SessionRefusal, UnixMillis, Welcome,
};

use super::People;

pub const GENERATION: u64 = 77;
const LIMITS: LinkLimits = LinkLimits {
    batch_ops_max: 200,
    batch_bytes_max: 100_000,
    credit_ops: 1_000,
    credit_bytes: 1_000_000,
};

#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

struct Inner {
    pub people: People,
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
    cursor: Option<ChainHead>,
    ops: Vec<Op>,
    orders: BTreeMap<OrderId, Order>,
    feed: Vec<FeedChange>,
    outcomes: Vec<NumberedOutcome>,
    term: u64,
    hellos: Vec<Hello>,
    acks: Vec<wire::Ack>,
    interjections: Vec<Frame>,
    /// The codec in Welcome; a cloud of the previous version sends none.
    codec: Option<u8>,
    /// Frames with packed ops.
    packed: usize,
    /// The next probe to send, after the queued frames.
    probe: Option<u64>,
    alive: Vec<u64>,
    /// Seals every frame of later sessions; a cloud of the previous version has none.
    hub_key: Option<Signer>,
}

impl Cloud {
    /// Starts listening; returns the gateway's address.
    pub async fn start() -> (Self, SocketAddr) {
        let cloud = Self(Arc::new(Inner {
            people: People::new(),
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
            .route("/api/v1/auth/login", post(login))
            .route("/api/v1/auth/edge-logout", post(logout))
            .route("/link", any(link))
            .with_state(cloud.clone());
        cloud.0.tasks.spawn("cloud", async move {
            let _ = axum::serve(listener, router).await;
        });
        (cloud, at)
    }

    pub fn people(&self) -> &People {
        &self.0.people
    }

    pub fn signed_out(&self) -> Vec<String> {
        self.with(|state| state.signed_out.clone())
    }

    pub fn sign_ins(&self) -> Vec<Value> {
        self.with(|state| state.sign_ins.clone())
    }

    pub fn cut(&self) {
        self.0.gate.send_replace(false);
    }

    pub fn heal(&self) {
        self.0.gate.send_replace(true);
    }

    /// Open sessions fall silent permanently; new ones work.
    pub fn freeze(&self) {
        let term = self.with(|state| state.term);
        self.0.frozen.store(term, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// Seals frames with this key from the next session, or stops sealing.
    pub fn seal_with(&self, key: Option<&Signer>) {
        self.with(|state| state.hub_key = key.cloned());
    }

    /// Requests packed ops from the next session.
    pub fn ask_for_packed(&self) {
        self.with(|state| state.codec = Some(wire::CODEC_PACKED));
    }

    pub fn packed(&self) -> usize {
        self.with(|state| state.packed)
    }

    pub fn pings(&self) -> u64 {
        self.0.pings.load(Ordering::SeqCst)
    }

    /// Changes an order in the cloud and sends it in the feed.
    pub fn put(&self, order: Order) {
        self.with(|state| state.orders.insert(order.id, order.clone()));
        self.tell(FeedChange::Order(order));
    }

    pub fn tell(&self, change: FeedChange) {
        self.with(|state| state.feed.push(change));
        self.0.changed.notify_waiters();
    }

    /// Sends a liveness probe after the queued frames.
    pub fn probe(&self, number: u64) {
        self.with(|state| state.probe = Some(number));
        self.0.changed.notify_waiters();
    }

    pub fn alive(&self) -> Vec<u64> {
        self.with(|state| state.alive.clone())
    }

    /// Sends a frame unchecked.
    pub fn interject(&self, frame: Frame) {
        self.with(|state| state.interjections.push(frame));
        self.0.changed.notify_waiters();
    }

    pub fn commands(&self) -> Vec<wire::CommandOp> {
        let command = |op: &Op| {
            if let Op::Command(op) = op {
                Some(op.clone())
            } else {
                None
            }
        };
        self.with(|state| state.ops.iter().filter_map(command).collect())
    }

    pub fn ops(&self) -> Vec<Op> {
        self.with(|state| state.ops.clone())
    }

    pub fn hellos(&self) -> Vec<Hello> {
        self.with(|state| state.hellos.clone())
    }

    pub fn last_ack(&self) -> Option<wire::Ack> {
        self.with(|state| state.acks.last().cloned())
    }

    /// Number of Acks. An edge sends the first one when its session is up.
    pub fn acks(&self) -> usize {
        self.with(|state| state.acks.len())
    }

    pub fn outcome_count(&self) -> u64 {
        self.with(|state| state.outcomes.len() as u64)
    }

    /// The digest of all the cloud's orders.
    pub fn digest(&self) -> wire::Hash {
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
        let now = Clock::system().now();
        let (key, hub) = self.with(|state| (state.public_key, state.hub_key.clone()));
        let error_ms = key.and_then(|key| edge_clock_error(token, &key, now));
        let (Some(hub), Some(_)) = (hub, error_ms) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let time = sign_hub_time(&hub, &EdgeId::new("north-1").unwrap(), token, now);
        let header = [(wire::HUB_TIME_HEADER, time.to_string())];
        (header, Problem::new(Code::EdgeClockWrong)).into_response()
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
    let key = URL_SAFE_NO_PAD
        .decode(ask["public_key"].as_str().unwrap())
        .unwrap();
    cloud.with(|state| state.public_key = Some(key.try_into().unwrap()));
    let jwks: Value = serde_json::from_str(&cloud.people().jwks()).unwrap();
    Json(json!({ "edge": "north-1", "region": "NORTH", "jwks": jwks })).into_response()
}

/// Every password is `right`, and the user name is the user's number.
async fn login(State(cloud): State<Cloud>, Json(form): Json<Value>) -> Response {
    let user = form["username"].as_str().and_then(|name| name.parse().ok());
    match user.filter(|_| form["password"] == "right") {
        Some(user) => {
            let token = match form["tablet"].as_str() {
                Some(tablet) => cloud.people().grant(wire::Role::Provider, user, tablet),
                None => cloud.people().token(wire::Role::Provider, user),
            };
            cloud.with(|state| state.sign_ins.push(form.clone()));
            // An edge only requests tokens for its own region's edges.
            let asked = (&form["region"], &form["edge_only"]);
            assert_eq!(asked, (&json!("NORTH"), &json!(true)));
            let user_id = super::id(user);
            let mut grant = json!({
                "edge_token": token, "token_type": "Bearer", "expires_in": 3_600,
                "user_id": user_id, "role": "provider",
            });
            if form["device"].is_string() {
                grant["device"] = json!("a-secret");
            }
            Json(grant).into_response()
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn logout(State(cloud): State<Cloud>, Json(form): Json<Value>) -> StatusCode {
    cloud.with(|state| {
        state
            .signed_out
            .push(form["token"].as_str().unwrap().to_owned())
    });
    StatusCode::NO_CONTENT
}

async fn link(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = cloud.with(|state| state.public_key);
    let token = bearer_token(&headers).unwrap_or_default();
    let edge = key.and_then(|key| verify_edge(token, &key, Clock::system().now()).ok());
    if edge != Some(EdgeId::new("north-1").unwrap()) {
        return cloud.refuse_link(token);
    }
    upgrade.on_upgrade(move |socket| async move {
        let standing = None;
        let sealer = None;
        let mut session = Session {
            cloud,
            socket,
            standing,
            outcomes: 0,
            feed: 0,
            sealer,
        };
        session.run().await;
    })
}

struct Session {
    cloud: Cloud,
    socket: WebSocket,
    standing: Option<LinkSessionId>,
    outcomes: u64,
    feed: u64,
    sealer: Option<FrameSealer>,
}

impl Session {
    async fn run(&mut self) -> Option<()> {
        let cloud = self.cloud.clone();
        let mut gate = cloud.0.gate.subscribe();
        loop {
            let term = self.standing.map_or(u64::MAX, |standing| standing.term);
            if term <= cloud.0.frozen.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let changed = cloud.0.changed.notified();
            self.send_down().await?;
            tokio::select! {
                message = self.socket.recv() => {
                    match message?.ok()? {
                        Message::Binary(bytes) => {
                            self.hear(Frame::from_bytes(&bytes).unwrap()).await?;
                        }
                        Message::Ping(_) => {
                            cloud.0.pings.fetch_add(1, Ordering::SeqCst);
                        }
                        _ => {}
                    }
                }
                () = changed => {}
                () = async { let _ = gate.wait_for(|open| !open).await.map(drop); } => {
                    let detail = "closed by an operator".into();
                    self.send(Frame::Refused(SessionRefusal { code: Code::GateClosed, detail })).await?;
                    return None;
                }
            }
        }
    }

    async fn hear(&mut self, frame: Frame) -> Option<()> {
        match frame {
            Frame::Hello(hello) => self.welcome(hello).await,
            Frame::Up(up) => {
                assert_eq!(Some(up.standing), self.standing);
                let packed = usize::from(up.packed.is_some());
                self.cloud.with(|state| {
                    state.packed += packed;
                    assert!(
                        packed == 0 || state.codec.is_some(),
                        "packed without being asked"
                    );
                });
                let up = up
                    .into_unpacked(LIMITS.batch_ops_max, LIMITS.batch_bytes_max)
                    .unwrap();
                let (cursor, feed_seq) = self
                    .cloud
                    .with(|state| (store(state, &up), state.feed.len() as u64));
                let LinkLimits {
                    credit_ops: ops,
                    credit_bytes: bytes,
                    ..
                } = LIMITS;
                self.send(Frame::Credit(Credit {
                    standing: up.standing,
                    cursor,
                    ops,
                    bytes,
                    feed_seq: Some(feed_seq),
                }))
                .await
            }
            Frame::Ack(ack) => {
                self.cloud.with(|state| state.acks.push(ack));
                Some(())
            }
            Frame::Alive(alive) => {
                assert_eq!(Some(alive.standing), self.standing);
                self.cloud.with(|state| state.alive.push(alive.number));
                Some(())
            }
            other => panic!("an edge does not send {}", other.kind()),
        }
    }

    async fn welcome(&mut self, hello: Hello) -> Option<()> {
        let key = self.cloud.with(|state| state.hub_key.clone());
        let sealer = |(key, challenge)| FrameSealer::new(key, hello.edge.clone(), challenge);
        self.sealer = key.zip(hello.challenge).map(sealer);
        let start = ChainHead::start(&hello.edge);
        let (cursor, term, codec) = self.cloud.with(|state| {
            state.term += 1;
            state.hellos.push(hello.clone());
            (*state.cursor.get_or_insert(start), state.term, state.codec)
        });
        self.outcomes = hello.outcome_cursor;
        self.feed = if hello.feed_generation == GENERATION {
            hello.feed_cursor
        } else {
            0
        };
        let standing = LinkSessionId {
            term,
            nonce: hello.nonce,
        };
        self.standing = Some(standing);
        self.send(Frame::Welcome(Welcome {
            protocol: 1,
            standing,
            cursor: cursor.seq,
            cursor_hash: cursor.hash,
            feed_generation: GENERATION,
            limits: LIMITS,
            cloud_now: Clock::system().now(),
            snapshot: None,
            codec,
        }))
        .await
    }

    async fn send_down(&mut self) -> Option<()> {
        let Some(standing) = self.standing else {
            return Some(());
        };
        let (outcomes, changes) = self.cloud.with(|state| {
            let after = |n: u64| usize::try_from(n).unwrap();
            (
                state.outcomes[after(self.outcomes)..].to_vec(),
                state.feed[after(self.feed)..].to_vec(),
            )
        });
        let interjections = self
            .cloud
            .with(|state| std::mem::take(&mut state.interjections));
        for frame in interjections {
            self.send(frame).await?;
        }
        if !outcomes.is_empty() {
            let from = self.outcomes;
            self.outcomes += outcomes.len() as u64;
            let to = self.outcomes;
            let frame = OutcomesFrame {
                standing,
                epoch: 1,
                from,
                to,
                outcomes,
            };
            self.send(Frame::Outcomes(frame)).await?;
        }
        if !changes.is_empty() {
            let from = self.feed;
            self.feed += changes.len() as u64;
            self.send(Frame::Down(ChangesFrame {
                standing,
                from,
                to: self.feed,
                changes,
            }))
            .await?;
        }
        if let Some(number) = self.cloud.with(|state| state.probe.take()) {
            self.send(Frame::Probe(Probe { standing, number })).await?;
        }
        Some(())
    }

    async fn send(&mut self, frame: Frame) -> Option<()> {
        let frame = match &mut self.sealer {
            Some(sealer) => sealer.seal_frame(&frame),
            None => frame,
        };
        self.socket
            .send(Message::Binary(frame.to_bytes().into()))
            .await
            .ok()
    }
}

/// Stores and decides ops that continue the cursor.
fn store(state: &mut Stored, up: &wire::OpsFrame) -> u64 {
    let mut cursor = state.cursor.unwrap();
    assert_eq!(
        (up.first_seq, up.prev_hash),
        (cursor.seq + 1, cursor.hash),
        "no gap, one chain"
    );
    for bytes in &up.ops {
        cursor = cursor.append_op(bytes);
        let op = Op::from_bytes(bytes).unwrap();
        decide(state, cursor.seq, &op);
        state.ops.push(op);
    }
    assert_eq!(up.hash, cursor.hash);
    state.cursor = Some(cursor);
    cursor.seq
}

fn decide(state: &mut Stored, seq: u64, op: &Op) {
    let (command_id, outcome) = match op {
        Op::Command(op) => (Some(op.command.id), outcome(state, op)),
        _ => (None, plain()),
    };
    let number = state.outcomes.len() as u64 + 1;
    state.outcomes.push(NumberedOutcome {
        number,
        seq,
        command_id,
        outcome,
    });
}

fn outcome(state: &mut Stored, op: &wire::CommandOp) -> Outcome {
    let now = Clock::system().now();
    let Some(order) = state.orders.get_mut(&op.command.body.order_id()) else {
        return Outcome::new_rejected(Code::OrderNotFound, None, now);
    };
    let next = op
        .command
        .body
        .order_action()
        .and_then(|action| order.status.next_status(action));
    let Some(next) = next else {
        return Outcome::new_rejected(Code::OrderAlreadyAccepted, Some(order.clone()), now);
    };
    order.status = next;
    order.version += 1;
    if op.command.body.order_action() == Some(Action::Accept) {
        order.provider_id = Some(op.actor.user_id);
    }
    let order = order.clone();
    state.feed.push(FeedChange::Order(order.clone()));
    Outcome::new_applied(order, now)
}

fn plain() -> Outcome {
    let kind = OutcomeKind::Applied;
    let decided_at = UnixMillis(0);
    Outcome::new_plain(kind, decided_at)
}
