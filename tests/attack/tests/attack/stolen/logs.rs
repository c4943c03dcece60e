//! A thief with the log and the tokens in it, who sends commands with a false time or person.

use attack::{HttpCall, PATIENCE};
use process::clock::Clock;
use serde_json::{Value, json};
use support::eventually;
use wire::{ChainHead, EarlierReceipt, Hash, Op, QuarantineWhy, UnixMillis, Verdict};

use super::{
    theft::{Theft, new_edge_name},
    thief::{CallEnd, Thief},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_backdates_a_command_to_when_an_old_token_was_good() {
    let mut theft = Theft::begin().await;
    let order = theft.publish_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let seq = theft.log_accept_at(order, token_seq, received_at);
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "invalid_token".into()));
    // After a new Hello, like an edge returning from a long outage.
    theft.thief.hang_up();
    let seq = theft.log_accept_at(order, token_seq, received_at);
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "invalid_token".into()));
    assert_eq!(theft.read_order(order).await["status"], "pending");
}

/// Such an edge has never reported the end of its log, so only its enrolment bounds its first ops.
#[tokio::test(flavor = "multi_thread")]
async fn a_thief_backdates_a_command_of_an_edge_that_has_never_called() {
    let mut theft = Theft::begin().await;
    theft.thief = Thief::of(&theft.platform, &new_edge_name()).await;
    let order = theft.publish_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let first = theft.log_accept_at(order, token_seq, received_at);
    // Nor behind a current command.
    let other = theft.publish_order().await;
    let present = theft.log_accept(other);
    let later = theft.log_accept_at(order, token_seq, received_at);
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
    let order = theft.publish_order().await;
    let (token, received_at) = theft.old_token();
    let token_seq = theft.thief.append_token(&token);
    let edge = theft.thief.edge.clone();
    let mut seqs = Vec::new();
    for received_at in [received_at, Clock::system().now()] {
        let mut op = theft.accept_entry(order, token_seq, received_at).op();
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
    assert_eq!(theft.read_order(order).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_acts_for_a_revoked_person_as_if_the_edge_had_not_heard_of_it() {
    let mut theft = Theft::begin().await;
    let order = theft.publish_order().await;
    theft
        .assign_region(&json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1}))
        .await;
    let fence = theft.read_assignment().await["fences"][0]["fence"]
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
    let mut op = theft.accept_entry(order, token_seq, received_at).op();
    op.verdict = Verdict::Firm;
    op.fence = Some(fence);
    op.revocations_version = Some(0);
    let seq = theft.thief.append(&Op::Command(op));
    theft.thief.send_up().await;
    let outcome = theft.thief.outcome(&theft.admin, seq).await;
    assert_eq!(outcome, ("rejected".into(), "revoked".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_wins_by_what_was_undecided_when_the_edge_was_disabled() {
    const DISTRUSTED: &str = "holdfast_hub_ops_distrusted_total";
    let mut theft = Theft::begin().await;
    // Another edge holds the region and is offline, so this edge's commands wait.
    let holder = Thief::of(&theft.platform, &new_edge_name()).await;
    let [before, honest, after] = [
        theft.publish_order().await,
        theft.publish_order().await,
        theft.publish_order().await,
    ];
    let decided = theft.log_accept(before);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, decided).await.0,
        "applied"
    );
    theft
        .assign_region(&json!({"policy": "exclusive", "holder": holder.edge, "epoch": 1}))
        .await;
    let earlier = theft.log_accept(honest);
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
    let later = theft.log_accept(after);
    theft.thief.send_up().await;
    theft
        .thief
        .until_state(&theft.admin, later, "held_region")
        .await;
    let distrusted = theft.read_metric(DISTRUSTED).await;
    let answer = theft.disable(since).await;
    assert_eq!(
        (&answer["settled"], &answer["cases"]),
        (&json!(true), &json!(0)),
        "{answer}"
    );
    let outcome = theft.thief.outcome(&theft.admin, later).await;
    assert_eq!(outcome, ("rejected".into(), "edge_not_trusted".into()));
    let waiting = |edge: &Value| edge["disabled_at"].is_string() && edge["retired_at"].is_null();
    let disabled = theft.list_edges().await.into_iter().filter(waiting).count();
    theft
        .await_metric("holdfast_hub_disabled_edges", disabled as u64)
        .await;
    theft.await_metric(DISTRUSTED, distrusted + 1).await;
    assert_eq!(theft.read_order(after).await["status"], "pending");
    // Commands from its honest time are decided as usual, once the holder gives way.
    theft
        .assign_region(&json!({"policy": "optimistic", "take_back": {"why": "It is away"}}))
        .await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, earlier).await.0,
        "applied"
    );
    assert!(
        theft.list_cases().await.is_empty(),
        "nothing that was decided came after the theft"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_hopes_that_nobody_looks_at_what_was_decided_already() {
    let mut theft = Theft::begin().await;
    let since = Clock::system().now();
    let order = theft.publish_order().await;
    let seq = theft.log_accept(order);
    theft.thief.send_up().await;
    assert_eq!(theft.thief.outcome(&theft.admin, seq).await.0, "applied");
    for _ in 0..2 {
        theft.disable(since).await;
        let cases = theft.list_cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!(cases[0]["order_id"], json!(order));
        assert_eq!(cases[0]["user_id"], json!(theft.provider.person.user_id));
    }
    // An admin reviews the case; nothing is undone silently.
    assert_eq!(theft.read_order(order).await["status"], "accepted");
}
