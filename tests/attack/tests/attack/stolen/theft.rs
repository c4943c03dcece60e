//! A platform, its people, and an edge about to be stolen.

use std::sync::atomic::{AtomicU16, Ordering};

use attack::{AttackedPlatform, HttpCall, PATIENCE, Somebody, Station};
use process::{
    clock::Clock,
    parts::CloudPart,
    tokens::{Claims, Signer, TokenKind},
};
use serde_json::{Value, json};
use support::{claims, eventually};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use wire::{Actor, Op, OrderId, Role, UnixMillis};

use super::thief::{CallEnd, REGION, Thief, ThiefEntry};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// The platform shared by all thefts. They take turns; each has separate edges and finds the region
/// unassigned.
async fn take_turn() -> MutexGuard<'static, AttackedPlatform> {
    static PLATFORM: OnceCell<Mutex<AttackedPlatform>> = OnceCell::const_new();
    // All thefts act as the same admin.
    let start = async || Mutex::new(AttackedPlatform::for_many_calls().await);
    PLATFORM.get_or_init(start).await.lock().await
}

pub(super) fn new_edge_name() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(9);
    format!("north-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Takes the region back, because the previous theft may have left it assigned.
async fn free_region(admin: &Somebody) {
    let path = format!("/api/v1/admin/assignments/{REGION}");
    let assignment = admin.done(HttpCall::get(&path)).await;
    let mut form = json!({"policy": "optimistic"});
    if assignment["assignment"]["holder"].is_string() {
        form["take_back"] = json!({"why": "The next theft begins"});
    }
    admin.done(HttpCall::new("PUT", &path).json(&form)).await;
}

pub(super) struct Theft {
    pub platform: MutexGuard<'static, AttackedPlatform>,
    pub admin: Somebody,
    pub customer: Somebody,
    pub provider: Somebody,
    pub thief: Thief,
}

impl Theft {
    /// The edge has called, and the hub has received its whole log.
    pub(super) async fn begin() -> Self {
        let platform = take_turn().await;
        let admin = platform.admin().await;
        free_region(&admin).await;
        let customer = platform.somebody(Role::Customer).await;
        let provider = platform.provider().await;
        let mut thief = Thief::of(&platform, &new_edge_name()).await;
        assert_eq!(thief.call().await, CallEnd::Welcome);
        thief.append(&Op::Boot {
            nonce: wire::BootNonce([9; 16]),
            at: Clock::system().now(),
        });
        thief.send_up().await;
        assert_eq!(thief.outcome(&admin, 1).await.0, "applied");
        // These acks report the end of the log.
        thief.ack().await;
        thief.ack().await;
        Self {
            platform,
            admin,
            customer,
            provider,
            thief,
        }
    }

    pub(super) async fn publish_order(&self) -> OrderId {
        self.customer
            .publish_approved(&self.admin, REGION, "Mend the crane")
            .await
    }

    pub(super) fn provider_as_actor(&self) -> Actor {
        Actor {
            user_id: self.provider.person.user_id,
            role: Role::Provider,
        }
    }

    /// A provider's token from the disk that expired an hour ago, and a time at which it was valid.
    pub(super) fn old_token(&self) -> (String, UnixMillis) {
        let key = self.platform.stack.layout().cloud_folder().join("auth.key");
        let now = Clock::system().now();
        let sound = claims(self.provider_as_actor(), now);
        let old = Claims {
            kind: TokenKind::Edge,
            region: Some(REGION),
            iat: sound.iat - 7_200,
            exp: sound.iat - 3_600,
            ..sound
        };
        (
            Signer::load(&key).unwrap().sign_claims(&old),
            now.plus_ms(-HOUR_MS - 60_000),
        )
    }

    /// Logs an accept now, with the provider's own token. Returns its seq.
    pub(super) fn log_accept(&mut self, order: OrderId) -> u64 {
        let token_seq = self.thief.append_token(&self.provider.edge_token.clone());
        self.log_accept_at(order, token_seq, Clock::system().now())
    }

    /// Logs an accept that claims to have arrived at this time. Returns its seq.
    pub(super) fn log_accept_at(&mut self, order: OrderId, token_seq: u64, at: UnixMillis) -> u64 {
        let entry = self.accept_entry(order, token_seq, at);
        self.thief.append(&Op::Command(entry.op()))
    }

    pub(super) fn accept_entry(
        &self,
        order: OrderId,
        token_seq: u64,
        at: UnixMillis,
    ) -> ThiefEntry {
        ThiefEntry {
            actor: self.provider_as_actor(),
            order,
            token_seq,
            received_at: at,
        }
    }

    pub(super) async fn disable(&self, since: UnixMillis) -> Value {
        let path = format!("/api/v1/admin/edges/{}/disabling", self.thief.edge);
        let form = json!({"since": since, "why": "It was stolen"});
        self.admin.done(HttpCall::post(&path).json(&form)).await
    }

    /// Issues the code for a new key of the stolen edge.
    pub(super) async fn rekey(&self, keep_old: bool) -> String {
        let path = format!("/api/v1/admin/edges/{}/key", self.thief.edge);
        let form = json!({"keep_old": keep_old});
        let answer = self.admin.done(HttpCall::post(&path).json(&form)).await;
        answer["code"].as_str().unwrap().to_owned()
    }

    pub(super) async fn assign_region(&self, to: &Value) {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        self.admin.done(HttpCall::new("PUT", &path).json(to)).await;
    }

    pub(super) async fn read_assignment(&self) -> Value {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        self.admin.done(HttpCall::get(&path)).await
    }

    pub(super) async fn read_order(&self, order: OrderId) -> Value {
        self.customer
            .done(HttpCall::get(&format!("/api/v1/orders/{order}")))
            .await
    }

    /// The provider's commands listed as cases because their edge is no longer trusted.
    pub(super) async fn list_cases(&self) -> Vec<Value> {
        let cases = self
            .admin
            .done(HttpCall::get("/api/v1/admin/cases?limit=100"))
            .await;
        let cases = cases["items"].as_array().unwrap().clone();
        let provider = json!(self.provider.person.user_id);
        let is_his =
            |case: &Value| case["kind"] == "edge_distrusted" && case["user_id"] == provider;
        cases.into_iter().filter(is_his).collect()
    }

    /// A hub metric of the region, or 0 if it is absent.
    pub(super) async fn read_metric(&self, name: &str) -> u64 {
        let port = self
            .platform
            .stack
            .layout()
            .operator(CloudPart::Hub)
            .unwrap();
        let asked = Station::platforms_own()
            .ask(port, &HttpCall::get("/metrics"))
            .await;
        let metrics = asked.unwrap().text();
        let start = format!("{name}{{region=\"NORTH\"}} ");
        let shown = metrics.lines().find_map(|line| line.strip_prefix(&start));
        shown.map_or(0, |number| number.parse().unwrap())
    }

    pub(super) async fn await_metric(&self, name: &str, number: u64) {
        eventually(name, PATIENCE, async || {
            (self.read_metric(name).await == number).then_some(())
        })
        .await;
    }

    /// Returns true if operators see the edge among the active ones.
    pub(super) async fn is_active(&self) -> bool {
        let status = self.admin.done(HttpCall::get("/api/v1/admin/status")).await;
        let regions = status["regions"].as_array().unwrap();
        let mut edges = regions
            .iter()
            .flat_map(|region| region["edges"].as_array().unwrap());
        let name = json!(self.thief.edge);
        edges.any(|edge| edge["edge"] == name)
    }

    pub(super) async fn list_edges(&self) -> Vec<Value> {
        let edges = self
            .admin
            .done(HttpCall::get("/api/v1/admin/edges?limit=100"))
            .await;
        edges["items"].as_array().unwrap().clone()
    }
}
