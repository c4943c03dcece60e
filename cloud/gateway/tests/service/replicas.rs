//! A part at several addresses, some of them failing, over real sockets.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::future::join_all;
use gateway::{Config, Peers};
use process::{clock::Clock, parts::CloudPart, tasks::Tasks};
use support::{Proxy, Wire, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use wire::Role;

use crate::common::{Answer, Gate, remote, served};

const SOON: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Answers,
    SaysUnavailable,
    Hangs,
    TalksGarbage,
    /// Cuts connections, including those with pending requests, like a kill.
    Resets,
}

/// A replica's mood, and its request count by body.
#[derive(Clone)]
struct ReplicaState {
    mood: Arc<Mutex<Mood>>,
    is_garbled: Arc<AtomicBool>,
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// A replica with a mood that the test sets.
struct MoodyReplica {
    state: ReplicaState,
    wire: Proxy,
}

async fn count(State(replica): State<ReplicaState>, request: Request) -> Response {
    let body = to_bytes(request.into_body(), 1024).await.unwrap();
    let name = String::from_utf8(body.to_vec()).unwrap();
    *replica.seen.lock().unwrap().entry(name).or_default() += 1;
    let mood = *replica.mood.lock().unwrap();
    match mood {
        Mood::SaysUnavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Hangs => std::future::pending().await,
        _ => "{}".into_response(),
    }
}

/// Forwards a connection to the server, or answers garbage.
async fn converse(mut from: TcpStream, server: String, is_garbled: Arc<AtomicBool>) {
    if is_garbled.load(Ordering::SeqCst) {
        let _ = from.read(&mut [0; 1024]).await;
        let _ = from.write_all(b"\x00\x01 what?\r\n\r\n").await;
        return;
    }
    if let Ok(mut to) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut from, &mut to).await;
    }
}

impl MoodyReplica {
    async fn start(tasks: &Tasks) -> Self {
        let mood = Arc::new(Mutex::new(Mood::Answers));
        let state = ReplicaState {
            mood,
            is_garbled: Arc::default(),
            seen: Arc::default(),
        };
        let server = served(
            Router::new().fallback(count).with_state(state.clone()),
            tasks,
        )
        .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = listener.local_addr().unwrap().to_string();
        let is_garbled = state.is_garbled.clone();
        let of_each = tasks.clone();
        let stop = tasks.stop_token();
        let converse = move |from| {
            let server = server.clone();
            let is_garbled = is_garbled.clone();
            let stop = of_each.stop_token();
            of_each.spawn_once("conversation", async move {
                let work = converse(from, server, is_garbled);
                tokio::select! { () = work => {}, () = stop.cancelled() => {} }
            });
        };
        tasks.spawn("replica", async move {
            let work = async {
                while let Ok((from, _)) = listener.accept().await {
                    converse(from);
                }
            };
            tokio::select! { () = work => {}, () = stop.cancelled() => {} }
        });
        Self {
            state,
            wire: Proxy::to(front).await.unwrap(),
        }
    }

    fn set(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
        self.state
            .is_garbled
            .store(mood == Mood::TalksGarbage, Ordering::SeqCst);
        match mood {
            Mood::Resets => self.wire.set(Wire::Cut),
            // Open connections would still reach the server.
            Mood::TalksGarbage => self.wire.set(Wire::HalfOpen),
            _ => self.wire.set(Wire::Passes),
        }
    }

    fn count(&self) -> usize {
        self.state.seen.lock().unwrap().values().sum()
    }
}

struct World {
    gate: Gate,
    replicas: Vec<MoodyReplica>,
    token: String,
    tasks: Tasks,
}

impl World {
    /// A gateway in front of an order service with `count` replicas.
    async fn of(count: usize) -> Self {
        Self::with(count, Config::default()).await
    }

    async fn with(count: usize, config: Config) -> Self {
        Self::before(CloudPart::Order, count, config).await
    }

    async fn before(part: CloudPart, count: usize, config: Config) -> Self {
        let tasks = Tasks::new();
        let mut replicas = Vec::new();
        let mut upstreams = Vec::new();
        for _ in 0..count {
            let replica = MoodyReplica::start(&tasks).await;
            upstreams.push(remote(&format!("http://{}", replica.wire.address())));
            replicas.push(replica);
        }
        let alter = |peers: Peers| peers.with_replicas(part, upstreams);
        let most = NonZeroU32::new(10_000).unwrap();
        let config = Config {
            per_user_per_minute: most,
            per_person_per_minute: most,
            ..config
        };
        let gate = Gate::with(config, "memory:", alter).await;
        let token = gate.token(Role::Customer);
        Self {
            gate,
            replicas,
            token,
            tasks,
        }
    }

    async fn ask(&self, method: Method, path: &str, body: &str, key: Option<&str>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let asked = Request::builder().method(method).uri(path);
        let mut asked = asked.header(header::AUTHORIZATION, bearer);
        if let Some(key) = key {
            asked = asked.header("idempotency-key", key);
        }
        self.gate
            .send(asked.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    async fn read(&self) -> Answer {
        self.ask(Method::GET, "/api/v1/orders", "", None).await
    }

    async fn publish(&self, body: &str, has_key: bool) -> Answer {
        let key = has_key.then(|| Clock::system().new_id().to_string());
        self.ask(Method::POST, "/api/v1/orders", body, key.as_deref())
            .await
    }

    /// The number of requests with this body, over all replicas.
    fn seen(&self, body: &str) -> usize {
        let all = self
            .replicas
            .iter()
            .map(|replica| replica.state.seen.lock().unwrap());
        all.map(|seen| seen.get(body).copied().unwrap_or_default())
            .sum()
    }

    async fn until_seen(&self, replica: usize, count: usize) {
        let has_seen = async || (self.replicas[replica].count() >= count).then_some(());
        eventually("the requests have come", SOON, has_seen).await;
    }

    /// The circuit breaker refuses calls to the part immediately; other parts still answer.
    async fn is_open(&self, why: &str) {
        let before = self.replicas.iter().map(MoodyReplica::count).sum::<usize>();
        let answer = self.read().await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{why}");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{why}"
        );
        assert_eq!(
            (answer.code(), &answer.body["part"]),
            ("unavailable", &"order".into())
        );
        assert_eq!(answer.headers[header::RETRY_AFTER], "1", "{why}");
        let after = self.replicas.iter().map(MoodyReplica::count).sum::<usize>();
        assert_eq!(after, before, "nobody is called: {why}");
        let ready = self.gate.readiness().await;
        assert_eq!(ready.body["missing"][0]["name"], "order", "{why}");
        let other = self
            .ask(Method::GET, "/api/v1/notifications", "", None)
            .await;
        assert_eq!(
            other.status,
            StatusCode::OK,
            "another part is not touched: {why}"
        );
    }

    /// The part answers again after the breaker's pause.
    async fn closes(&self, why: &str) {
        self.gate.clock.advance(1_000);
        assert_eq!(self.read().await.status, StatusCode::OK, "{why}");
        let ready = self.gate.readiness().await;
        assert_eq!(ready.status, StatusCode::OK, "{why} {}", ready.body);
    }

    async fn end(self) {
        for replica in self.replicas {
            replica.wire.stop().await;
        }
        self.tasks.shutdown(SOON).await;
    }
}

#[tokio::test]
async fn replicas_share_the_calls() {
    let world = World::of(2).await;
    for _ in 0..10 {
        assert_eq!(world.read().await.status, StatusCode::OK);
    }
    assert_eq!(
        [world.replicas[0].count(), world.replicas[1].count()],
        [5, 5]
    );
    world.end().await;
}

#[tokio::test]
async fn a_replica_killed_with_calls_under_way_fails_none_that_is_safe_to_repeat() {
    const EACH: usize = 40;
    let world = World::of(2).await;
    // Half of the calls reach the first replica before it dies.
    world.replicas[0].set(Mood::Hangs);
    let calls = async {
        let reads = join_all((0..EACH).map(|_| world.read()));
        let names: Vec<_> = (0..EACH)
            .map(|at| (format!("k{at}"), format!("p{at}")))
            .collect();
        let keyed = join_all(names.iter().map(|(name, _)| world.publish(name, true)));
        let bare = join_all(names.iter().map(|(_, name)| world.publish(name, false)));
        let (reads, keyed, bare) = futures::join!(reads, keyed, bare);
        for answer in reads.iter().chain(&keyed) {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
        let mut failed = 0;
        for (answer, (_, name)) in bare.iter().zip(&names) {
            assert_eq!(world.seen(name), 1, "{name} is sent once");
            if answer.status != StatusCode::OK {
                assert_eq!(
                    (answer.code(), &answer.body["part"]),
                    ("unavailable", &"order".into())
                );
                failed += 1;
            }
        }
        let lost = world.replicas[0].state.seen.lock().unwrap();
        let lost = names
            .iter()
            .filter(|(_, name)| lost.contains_key(name))
            .count();
        assert_eq!(failed, lost, "those that the first replica had in hand");
        assert!(lost > 0);
    };
    let kill = async {
        world.until_seen(0, 3 * EACH / 2).await;
        world.replicas[0].set(Mood::Resets);
    };
    tokio::join!(calls, kill);
    // Its breaker is open, so callers do not notice the loss.
    for at in 0..20 {
        assert_eq!(world.read().await.status, StatusCode::OK, "{at}");
        assert_eq!(
            world.publish(&format!("later{at}"), false).await.status,
            StatusCode::OK
        );
    }
    world.end().await;
}

#[tokio::test]
async fn a_replica_that_goes_and_comes_back_takes_its_share_again() {
    let world = World::of(2).await;
    for mood in [Mood::Resets, Mood::SaysUnavailable, Mood::TalksGarbage] {
        world.replicas[0].set(mood);
        for at in 0..20 {
            assert_eq!(world.read().await.status, StatusCode::OK, "{mood:?} {at}");
            let keyed = world.publish(&format!("{mood:?}{at}"), true).await;
            assert_eq!(keyed.status, StatusCode::OK, "{mood:?} {at}");
        }
        world.replicas[0].set(Mood::Answers);
        world.gate.clock.advance(5_000);
        let before = world.replicas[0].count();
        for _ in 0..10 {
            assert_eq!(world.read().await.status, StatusCode::OK, "{mood:?}");
        }
        assert_eq!(world.replicas[0].count() - before, 5, "{mood:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn any_number_of_readiness_checks_at_once_find_a_part_that_is_back() {
    let world = World::of(1).await;
    world.replicas[0].set(Mood::Resets);
    for _ in 0..2 {
        assert_eq!(world.read().await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    world.is_open("after six faults").await;
    world.replicas[0].set(Mood::Answers);
    world.gate.clock.advance(1_000);
    // Without callers, only health checks reach the part.
    for ready in join_all((0..3).map(|_| world.gate.readiness())).await {
        assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    }
    assert_eq!(world.read().await.status, StatusCode::OK);
    world.end().await;
}

#[tokio::test]
async fn a_change_without_a_key_is_sent_once_whatever_happens() {
    let world = World::of(2).await;
    world.replicas[0].set(Mood::SaysUnavailable);
    let mut failed = 0;
    for at in 0..12 {
        let body = format!("p{at}");
        let answer = world.publish(&body, false).await;
        failed += usize::from(answer.status != StatusCode::OK);
        assert_eq!(world.seen(&body), 1, "{at}");
    }
    assert_eq!(failed, 5, "then the replica rests");
    world.end().await;
}

#[tokio::test]
async fn a_key_on_a_route_that_heeds_none_lets_nothing_be_sent_twice() {
    let world = World::before(CloudPart::User, 2, Config::default()).await;
    world
        .replicas
        .iter()
        .for_each(|replica| replica.set(Mood::SaysUnavailable));
    let key = Some("any text");
    let link = "/api/v1/files/0192f5d4-0000-7000-8000-000000000009/link";
    world.ask(Method::POST, link, "a", key).await;
    assert_eq!(world.seen("a"), 1);
    world
        .ask(Method::PUT, "/api/v1/users/me/profile", "b", key)
        .await;
    assert!(world.seen("b") > 1, "this one does");
    world.end().await;
}

#[tokio::test]
async fn a_part_out_of_order_is_named_at_once_and_comes_back_by_itself() {
    for mood in [Mood::Resets, Mood::TalksGarbage, Mood::SaysUnavailable] {
        let world = World::of(1).await;
        let why = format!("{mood:?}");
        world.replicas[0].set(mood);
        for _ in 0..5 {
            let answer = world.read().await;
            assert_eq!(
                (answer.code(), &answer.body["part"]),
                ("unavailable", &"order".into())
            );
        }
        world.is_open(&why).await;
        world.replicas[0].set(Mood::Answers);
        world.closes(&why).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_part_that_hangs_keeps_only_its_first_callers_waiting() {
    const PATIENCE_MS: u32 = 5_000;
    let upstream_timeout_ms = NonZeroU32::new(PATIENCE_MS).unwrap();
    let world = World::with(
        1,
        Config {
            upstream_timeout_ms,
            ..Config::default()
        },
    )
    .await;
    world.replicas[0].set(Mood::Hangs);
    let callers = join_all((0..5).map(|_| world.read()));
    let time = async {
        world.until_seen(0, 5).await;
        // The breaker uses the gateway's clock.
        world.gate.clock.advance(PATIENCE_MS.into());
    };
    let (answers, ()) = tokio::join!(callers, time);
    for answer in answers {
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(
            (answer.code(), &answer.body["part"]),
            ("timed_out", &"order".into())
        );
    }
    world.is_open("hangs").await;
    world.replicas[0].set(Mood::Answers);
    world.closes("hangs").await;
    world.end().await;
}
