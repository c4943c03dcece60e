//! A stolen edge: its key, its log and the tokens in it, and an operator's options.

#![allow(clippy::unwrap_used)]

pub mod thief;

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
use wire::{
    Actor, ChainHead, Code, EarlierReceipt, Hash, Op, OrderId, QuarantineWhy, Role, UnixMillis,
    Verdict,
};

use thief::{CallEnd, REGION, Thief, ThiefEntry, enrol, new_key};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// The platform shared by all thefts. They take turns; each has separate edges and finds the region
/// unassigned.
async fn turn() -> MutexGuard<'static, AttackedPlatform> {
    static PLATFORM: OnceCell<Mutex<AttackedPlatform>> = OnceCell::const_new();
    // All thefts act as the same admin.
    let start = async || Mutex::new(AttackedPlatform::for_many_calls().await);
    PLATFORM.get_or_init(start).await.lock().await
}

fn edge_name() -> String {
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

/// A platform, its people, and an edge about to be stolen.
struct Theft {
    platform: MutexGuard<'static, AttackedPlatform>,
    admin: Somebody,
    customer: Somebody,
    provider: Somebody,
    thief: Thief,
}

impl Theft {
    /// The edge has called, and the hub has received its whole log.
    async fn begin() -> Self {
        let platform = turn().await;
        let admin = platform.admin().await;
        free_region(&admin).await;
        let customer = platform.somebody(Role::Customer).await;
        let provider = platform.provider().await;
        let mut thief = Thief::of(&platform, &edge_name()).await;
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

    async fn open_order(&self) -> OrderId {
        let order = self.customer.publish(REGION, "Mend the crane").await;
        let approved = self.admin.act(order, "approve").await.unwrap();
        assert!(approved.status < 300, "{}", approved.text());
        order
    }

    fn actor(&self) -> Actor {
        Actor {
            user_id: self.provider.person.user_id,
            role: Role::Provider,
        }
    }

    /// A provider's token from the disk that expired an hour ago, and a time at which it was valid.
    fn old_token(&self) -> (String, UnixMillis) {
        let key = self.platform.stack.layout().cloud_folder().join("auth.key");
        let now = Clock::system().now();
        let sound = claims(self.actor(), now);
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
    fn accepts(&mut self, order: OrderId) -> u64 {
        let token_seq = self.thief.append_token(&self.provider.edge_token.clone());
        let received_at = Clock::system().now();
        let entry = ThiefEntry {
            actor: self.actor(),
            order,
            token_seq,
            received_at,
        };
        self.thief.append(&Op::Command(entry.op()))
    }

    async fn disable(&self, since: UnixMillis) -> Value {
        let path = format!("/api/v1/admin/edges/{}/disabling", self.thief.edge);
        let form = json!({"since": since, "why": "It was stolen"});
        self.admin.done(HttpCall::post(&path).json(&form)).await
    }

    /// Issues the code for a new key of the stolen edge.
    async fn rekey(&self, keep_old: bool) -> String {
        let path = format!("/api/v1/admin/edges/{}/key", self.thief.edge);
        let form = json!({"keep_old": keep_old});
        let answer = self.admin.done(HttpCall::post(&path).json(&form)).await;
        answer["code"].as_str().unwrap().to_owned()
    }

    async fn assign(&self, to: &Value) {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        self.admin.done(HttpCall::new("PUT", &path).json(to)).await;
    }

    async fn assignment(&self) -> Value {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        self.admin.done(HttpCall::get(&path)).await
    }

    async fn order(&self, order: OrderId) -> Value {
        self.customer
            .done(HttpCall::get(&format!("/api/v1/orders/{order}")))
            .await
    }

    /// The provider's commands listed as cases because their edge is no longer trusted.
    async fn cases(&self) -> Vec<Value> {
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
    async fn measured(&self, name: &str) -> u64 {
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

    async fn until_measured(&self, name: &str, number: u64) {
        eventually(name, PATIENCE, async || {
            (self.measured(name).await == number).then_some(())
        })
        .await;
    }

    /// Returns true if operators see the edge among the active ones.
    async fn is_in_status(&self) -> bool {
        let status = self.admin.done(HttpCall::get("/api/v1/admin/status")).await;
        let regions = status["regions"].as_array().unwrap();
        let mut edges = regions
            .iter()
            .flat_map(|region| region["edges"].as_array().unwrap());
        let name = json!(self.thief.edge);
        edges.any(|edge| edge["edge"] == name)
    }

    async fn edges(&self) -> Vec<Value> {
        let edges = self
            .admin
            .done(HttpCall::get("/api/v1/admin/edges?limit=100"))
            .await;
        edges["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_backdates_a_command_to_when_an_old_token_was_good() {
    let mut theft = Theft::begin().await;
    let order = theft.open_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let entry = ThiefEntry {
        actor: theft.actor(),
        order,
        token_seq,
        received_at,
    };
    let seq = theft.thief.append(&Op::Command(entry.op()));
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "invalid_token".into()));
    // After a new Hello, like an edge returning from a long outage.
    theft.thief.hang_up();
    let entry = ThiefEntry {
        actor: theft.actor(),
        order,
        token_seq,
        received_at,
    };
    let seq = theft.thief.append(&Op::Command(entry.op()));
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "invalid_token".into()));
    assert_eq!(theft.order(order).await["status"], "pending");
}

/// Such an edge has never reported the end of its log, so only its enrolment bounds its first ops.
#[tokio::test(flavor = "multi_thread")]
async fn a_thief_backdates_a_command_of_an_edge_that_has_never_called() {
    let mut theft = Theft::begin().await;
    theft.thief = Thief::of(&theft.platform, &edge_name()).await;
    let order = theft.open_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let entry = ThiefEntry {
        actor: theft.actor(),
        order,
        token_seq,
        received_at,
    };
    let first = theft.thief.append(&Op::Command(entry.op()));
    // Nor behind a current command.
    let other = theft.open_order().await;
    let present = theft.accepts(other);
    let entry = ThiefEntry {
        actor: theft.actor(),
        order,
        token_seq,
        received_at,
    };
    let later = theft.thief.append(&Op::Command(entry.op()));
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, present).await.0,
        "applied"
    );
    for seq in [later, first] {
        let outcome = theft.thief.outcome(&theft.admin, seq).await;
        assert_eq!(
            outcome,
            ("rejected".into(), "invalid_token".into()),
            "op {seq}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_says_that_a_lost_receipt_vouches_for_an_old_token() {
    let mut theft = Theft::begin().await;
    let order = theft.open_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let edge = theft.thief.edge.clone();
    let mut seqs = Vec::new();
    for received_at in [received_at, Clock::system().now()] {
        let entry = ThiefEntry {
            actor: theft.actor(),
            order,
            token_seq,
            received_at,
        };
        let mut op = entry.op();
        op.relogged = Some(EarlierReceipt {
            edge: edge.clone(),
            epoch: 1,
            at: ChainHead {
                seq: 900,
                hash: Hash::digest_bytes(b"lost"),
            },
            verdict: Verdict::Provisional,
            fence: None,
            why: QuarantineWhy::EdgeRestored,
        });
        seqs.push(theft.thief.append(&Op::Command(op)));
    }
    theft.thief.send_up().await;
    for seq in seqs {
        let outcome = theft.thief.outcome(&theft.admin, seq).await;
        assert_eq!(
            outcome,
            ("rejected".into(), "invalid_token".into()),
            "op {seq}"
        );
    }
    assert_eq!(theft.order(order).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_acts_for_a_revoked_person_as_if_the_edge_had_not_heard_of_it() {
    let mut theft = Theft::begin().await;
    let order = theft.open_order().await;
    theft
        .assign(&json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1}))
        .await;
    let fence = theft.assignment().await["fences"][0]["fence"]
        .as_u64()
        .unwrap();
    let path = format!(
        "/api/v1/admin/users/{}/revoke",
        theft.provider.person.user_id
    );
    theft
        .admin
        .done(HttpCall::post(&path).json(&json!({"reason": "Fraud"})))
        .await;
    // While still honest, the edge read the revocation and acknowledged it.
    theft.thief.read_to_a_revocation().await;
    theft.thief.ack().await;
    theft.thief.ack().await;
    let token_seq = theft.thief.append_token(&theft.provider.edge_token.clone());
    let received_at = Clock::system().now();
    let mut op = ThiefEntry {
        actor: theft.actor(),
        order,
        token_seq,
        received_at,
    }
    .op();
    (op.verdict, op.fence, op.revocations_version) = (Verdict::Firm, Some(fence), Some(0));
    let seq = theft.thief.append(&Op::Command(op));
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "revoked".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_goes_on_with_a_key_that_was_disabled() {
    let mut theft = Theft::begin().await;
    theft.thief.hang_up();
    theft.disable(Clock::system().now()).await;
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
    // Nor does another invitation restore it.
    let form = json!({"edge": theft.thief.edge, "region": REGION});
    let invited = theft
        .admin
        .ask(HttpCall::post("/api/v1/admin/edges").json(&form))
        .await
        .unwrap();
    assert_eq!(invited.code(), "edge_exists");
    assert!(!theft.is_in_status().await, "it is out of service");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_keeps_the_session_that_stands() {
    let mut theft = Theft::begin().await;
    let order = theft.open_order().await;
    theft.disable(Clock::system().now()).await;
    let seq = theft.accepts(order);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.until_ended().await,
        CallEnd::Refused(Code::EdgeDisabled)
    );
    assert_eq!(
        theft.thief.op(&theft.admin, seq).await,
        None,
        "the hub took it"
    );
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_wins_by_what_was_undecided_when_the_edge_was_disabled() {
    const DISTRUSTED: &str = "holdfast_hub_ops_distrusted_total";
    let mut theft = Theft::begin().await;
    // Another edge holds the region and is offline, so this edge's commands wait.
    let holder = Thief::of(&theft.platform, &edge_name()).await;
    let [before, honest, after] = [
        theft.open_order().await,
        theft.open_order().await,
        theft.open_order().await,
    ];
    let decided = theft.accepts(before);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, decided).await.0,
        "applied"
    );
    theft
        .assign(&json!({"policy": "exclusive", "holder": holder.edge, "epoch": 1}))
        .await;
    let earlier = theft.accepts(honest);
    theft.thief.send_up().await;
    theft
        .thief
        .until_state(&theft.admin, earlier, "held_region")
        .await;
    // From the next millisecond on, the edge belongs to the thief.
    let since = eventually("time goes on", PATIENCE, async || {
        let received: UnixMillis = serde_json::from_value(
            theft.thief.op(&theft.admin, earlier).await?["received_at"].clone(),
        )
        .ok()?;
        let now = Clock::system().now();
        (now > received).then_some(now)
    })
    .await;
    let later = theft.accepts(after);
    theft.thief.send_up().await;
    theft
        .thief
        .until_state(&theft.admin, later, "held_region")
        .await;
    let distrusted = theft.measured(DISTRUSTED).await;
    let answer = theft.disable(since).await;
    assert_eq!(
        (&answer["settled"], &answer["cases"]),
        (&json!(true), &json!(0)),
        "{answer}"
    );
    let outcome = theft.thief.outcome(&theft.admin, later).await;
    assert_eq!(outcome, ("rejected".into(), "edge_not_trusted".into()));
    let waiting = |edge: &Value| edge["disabled_at"].is_string() && edge["retired_at"].is_null();
    let disabled = theft.edges().await.into_iter().filter(waiting).count();
    theft
        .until_measured("holdfast_hub_disabled_edges", disabled as u64)
        .await;
    theft.until_measured(DISTRUSTED, distrusted + 1).await;
    assert_eq!(theft.order(after).await["status"], "pending");
    // Commands from its honest time are decided as usual, once the holder gives way.
    theft
        .assign(&json!({"policy": "optimistic", "take_back": {"why": "It is away"}}))
        .await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, earlier).await.0,
        "applied"
    );
    assert!(
        theft.cases().await.is_empty(),
        "nothing that was decided came after the theft"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_hopes_that_nobody_looks_at_what_was_decided_already() {
    let mut theft = Theft::begin().await;
    let since = Clock::system().now();
    let order = theft.open_order().await;
    let seq = theft.accepts(order);
    theft.thief.send_up().await;
    assert_eq!(theft.thief.outcome(&theft.admin, seq).await.0, "applied");
    for _ in 0..2 {
        theft.disable(since).await;
        let cases = theft.cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!(cases[0]["order_id"], json!(order));
        assert_eq!(cases[0]["user_id"], json!(theft.provider.person.user_id));
    }
    // An admin reviews the case; nothing is undone silently.
    assert_eq!(theft.order(order).await["status"], "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_goes_on_to_assign_the_region_that_the_edge_held() {
    let theft = Theft::begin().await;
    theft
        .assign(&json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1}))
        .await;
    let fence = theft.assignment().await["fences"][0]["fence"]
        .as_u64()
        .unwrap();
    let order = theft.open_order().await;
    theft.disable(Clock::system().now()).await;
    let assignment = theft.assignment().await;
    let end = &assignment["fences"][0]["end"];
    assert_eq!(end["how"], "edge_disabled", "{assignment}");
    assert_eq!(
        (&end["why"], &end["by"]),
        (&json!("It was stolen"), &json!(theft.admin.person.user_id))
    );
    // The region is unassigned, so a person at the portal gets the order at once.
    let accepted = theft.provider.act(order, "accept").await.unwrap();
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    // The region cannot be assigned to the thief again.
    let path = format!("/api/v1/admin/assignments/{REGION}");
    let again = json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1});
    let again = theft
        .admin
        .ask(HttpCall::new("PUT", &path).json(&again))
        .await
        .unwrap();
    assert_eq!(again.code(), "edge_disabled", "{}", again.text());
    assert!(fence > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_comes_back_with_the_old_key_after_a_new_one_was_given() {
    let mut theft = Theft::begin().await;
    theft.thief.hang_up();
    theft.disable(Clock::system().now()).await;
    let code = theft.rekey(false).await;
    assert_eq!(
        theft.thief.call().await,
        CallEnd::Status(401),
        "before the code is used"
    );
    let owner = new_key();
    let other = new_key();
    assert_eq!(enrol(theft.platform.gateway(), &code, &owner).await, 200);
    assert_eq!(
        theft.thief.call().await,
        CallEnd::Status(401),
        "after it was used"
    );
    assert_eq!(
        enrol(theft.platform.gateway(), &code, &other).await,
        401,
        "the code is used"
    );
    // The machine with the new key continues under the old name, in a new epoch.
    theft.thief.signer = owner;
    assert_eq!(theft.thief.call().await, CallEnd::Quarantined);
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
    let path = format!("/api/v1/admin/edges/{}/acts", theft.thief.edge);
    let acts = theft.admin.done(HttpCall::get(&path)).await;
    let acts: Vec<&str> = acts["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|act| act["act"].as_str())
        .collect();
    assert_eq!(acts, ["rekeyed", "disabled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_keeps_the_session_of_a_key_that_was_replaced() {
    let mut theft = Theft::begin().await;
    let code = theft.rekey(true).await;
    theft.thief.ack().await;
    let order = theft.open_order().await;
    let seq = theft.accepts(order);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, seq).await.0,
        "applied",
        "until the code is used"
    );
    let owner = new_key();
    assert_eq!(enrol(theft.platform.gateway(), &code, &owner).await, 200);
    assert!(matches!(
        theft.thief.until_ended().await,
        CallEnd::Refused(_) | CallEnd::HungUp
    ));
    assert_eq!(theft.thief.call().await, CallEnd::Status(401));
    // Its log was intact, so it continues at the same place.
    theft.thief.signer = owner;
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_wakes_an_edge_that_was_retired() {
    let mut theft = Theft::begin().await;
    let path = format!("/api/v1/admin/edges/{}/retirement", theft.thief.edge);
    let form = json!({"why": "The shop has closed"});
    let answer = theft.admin.done(HttpCall::post(&path).json(&form)).await;
    assert_eq!(
        (&answer["undecided"], &answer["not_received"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        theft.thief.until_ended().await,
        CallEnd::Refused(Code::EdgeDisabled)
    );
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
    assert!(!theft.is_in_status().await, "it is gone from the status");
    let edges = theft.edges().await;
    let listed = edges
        .iter()
        .find(|edge| edge["edge"] == json!(theft.thief.edge))
        .unwrap();
    assert!(listed["retired_at"].is_string(), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_disables_an_edge() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let form = json!({"since": Clock::system().now(), "why": "I do not like it"});
    for (act, form) in [
        ("disabling", form),
        ("retirement", json!({"why": "I do not like it"})),
        ("key", json!({})),
    ] {
        let path = format!("/api/v1/admin/edges/north-1/{act}");
        let answer = customer
            .ask(HttpCall::post(&path).json(&form))
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.code()),
            (403, "role_forbidden".into()),
            "{act}"
        );
    }
}
