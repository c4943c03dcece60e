//! Undecidable ops among many good ones, and owners that decide nothing for a while.

use std::time::Duration;

use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use support::{eventually, is_deep_run};
use uuid::Uuid;
use wire::{Code, CommandId, Hash, HeldReason, Region, Role};

use crate::stage::{Edge, PATIENCE, Replica, Stage, accept, accept_on, token};

const LIMIT: Duration = Duration::from_secs(60);
/// Good ops per log: several batches.
fn good() -> u64 {
    if is_deep_run() { 10_000 } else { 2_500 }
}

/// Maximum ops per batch.
const BATCH: u64 = 1_000;
/// The calls that one failing op costs: three trials, each followed by a control, and the last two
/// preceded by one.
const ITS_OWN: u64 = 8;

async fn sent_while_the_owner_is_away(
    stage: &Stage,
    hub: &Replica,
    fill: impl FnOnce(&mut Edge),
) -> Edge {
    let mut edge = stage.enrol(hub, "north-1", Region::North).await;
    edge.log = vec![token(&stage.edge_token(Role::Provider, 5))];
    fill(&mut edge);
    stage.owner.script().away = true;
    edge.open(hub).await;
    let count = edge.log.len();
    for first in (1..=count).step_by(2_500) {
        edge.up(first, 2_500.min(count + 1 - first)).await;
    }
    edge.until(|edge| edge.cursor == count as u64).await;
    edge.vanish();
    stage.north_until(hub, |edge| edge.parked > 0).await;
    stage.owner.script().away = false;
    edge
}

/// Waits until at most `waiting` ops are undecided, then lets the edge read its outcomes.
async fn decided(stage: &Stage, hub: &Replica, edge: &mut Edge, waiting: usize) {
    eventually("all that can be is decided", LIMIT, async || {
        (stage.north(hub).await.undecided == waiting as u64).then_some(())
    })
    .await;
    edge.open(hub).await;
    let all = edge.log.len() - waiting;
    while edge.outcomes.len() < all {
        edge.until_outcomes((edge.outcomes.len() + 1_000).min(all))
            .await;
        edge.ack(Hash::ZERO).await;
    }
}

/// The number of owner calls for a log of good ops, with a few undecidable ones after `bad_after`
/// of them.
async fn calls(bad_after: Option<u64>) -> u64 {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let now = stage.clock.now();
    let poison = u128::from(good()) + 7;
    stage
        .owner
        .script()
        .poison
        .insert(CommandId(Uuid::from_u128(poison)));
    let newer = vec![0x82, 0x18, 99, 0x80];
    let bad = [
        newer,
        b"rubbish".to_vec(),
        accept(poison, 1, now),
        // The same order again, which has to wait behind it.
        accept_on(poison + 1, poison, 1, now),
    ];
    let mut edge = sent_while_the_owner_is_away(&stage, &hub, |edge| {
        edge.log
            .extend((1..=good()).map(|n| accept(n.into(), 1, now)));
        if let Some(after) = bad_after {
            let at = usize::try_from(after).unwrap() + 1;
            edge.log.splice(at..at, bad);
        }
    })
    .await;
    decided(&stage, &hub, &mut edge, bad_after.map_or(0, |_| 2)).await;
    if let Some(after) = bad_after {
        edge.until(|edge| !edge.held.is_empty()).await;
        assert_eq!(edge.held, [(after + 4, HeldReason::NeedsOperator)]);
        let unknown = edge
            .outcomes
            .iter()
            .filter(|o| o.outcome.code == Some(Code::UnknownOp));
        let unknown: Vec<u64> = unknown.map(|outcome| outcome.seq).collect();
        assert_eq!(unknown, [after + 2, after + 3]);
        stage
            .north_until(&hub, |edge| (edge.held, edge.undecided) == (1, 2))
            .await;
    }
    stage.owner.script().calls.len() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_op_that_cannot_be_decided_costs_thousands_of_others_few_calls() {
    let plain = calls(None).await;
    for after in [0, BATCH / 3, BATCH - 5, good() / 2 + 77, good()] {
        let more = calls(Some(after)).await - plain - ITS_OWN;
        let bound = 2 * u64::from(BATCH.ilog2()) + 3;
        assert!(
            more <= bound,
            "behind {after} good ones it costs {more} calls more"
        );
    }
}

/// The owner's time limit in the tests with a silent owner.
const HANGS_MS: u64 = 500;

#[tokio::test]
async fn an_op_that_its_owner_never_answers_waits_for_an_operator_and_the_rest_goes_on() {
    let mut stage = Stage::new(false).await;
    stage.owner_has_so_long(HANGS_MS);
    let hub = stage.replica().await;
    let _other = stage.replica().await;
    let now = stage.clock.now();
    stage
        .owner
        .script()
        .hangs_at
        .insert(CommandId(Uuid::from_u128(7)));
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![token(&stage.edge_token(Role::Provider, 5))];
    edge.log.extend((2..=12).map(|n| accept(n, 1, now)));
    edge.log.push(accept_on(13, 7, 1, now));
    edge.open(&hub).await;
    edge.up(1, 13).await;
    edge.until_outcomes(11).await;
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (1, 2))
        .await;
    assert_eq!(stage.owner.script().decided.len(), 10, "once each");
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Away,
    Broken,
    Hanging,
}

#[rstest]
#[case::away(Trouble::Away)]
#[case::broken(Trouble::Broken)]
#[case::hanging(Trouble::Hanging)]
#[tokio::test]
async fn an_owner_that_decides_nothing_for_a_while_makes_no_op_look_bad(#[case] trouble: Trouble) {
    const TRIALS: usize = 7;
    let mut stage = Stage::new(false).await;
    stage.owner_has_so_long(HANGS_MS);
    let hub = stage.replica().await;
    let now = stage.clock.now();
    let mut edge = sent_while_the_owner_is_away(&stage, &hub, |edge| {
        edge.log.push(accept(1, 1, now));
    })
    .await;
    match trouble {
        Trouble::Away => stage.owner.script().away = true,
        Trouble::Broken => stage.owner.script().broken = true,
        Trouble::Hanging => stage.owner.script().hanging = true,
    }
    eventually("it was tried often", LIMIT, async || {
        let script = stage.owner.script();
        let with_ops = script.calls.iter().filter(|(ops, _)| *ops > 0).count();
        (with_ops + script.turned_away >= TRIALS).then_some(())
    })
    .await;
    assert_eq!(stage.north(&hub).await.held, 0);
    *stage.owner.script() = crate::stage::Script::default();
    decided(&stage, &hub, &mut edge, 0).await;
    assert!(
        edge.held.is_empty(),
        "nobody is told that it waits for an operator"
    );
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_operator_has_an_op_tried_again_with_what_waits_behind_it(#[case] mysql: bool) {
    let stage = Stage::new(mysql).await;
    let hub = stage.replica().await;
    let now = stage.clock.now();
    let poison = CommandId(Uuid::from_u128(7));
    stage.owner.script().poison.insert(poison);
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![
        token(&stage.edge_token(Role::Provider, 5)),
        accept(7, 1, now),
    ];
    edge.log
        .extend([accept_on(8, 7, 1, now), accept(9, 1, now)]);
    edge.open(&hub).await;
    edge.up(1, 4).await;
    edge.until_outcomes(2).await;
    edge.until(|edge| !edge.held.is_empty()).await;

    only_stopped_ops_can_be_retried(&stage, &hub).await;
    the_queue_is_listed_by_state(&stage, &hub).await;

    // The fault is still there: it gets another three trials.
    let before = count_failed_calls(&stage);
    let (status, body) = retry_op(&stage, &hub, &retry_path(2)).await;
    assert_eq!(
        (status, body),
        (
            StatusCode::OK,
            json!({"edge": "north-1", "epoch": 1, "seq": 2})
        )
    );
    eventually("it has had its trials", PATIENCE, async || {
        (count_failed_calls(&stage) == before + 3).then_some(())
    })
    .await;
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (1, 2))
        .await;

    stage.owner.script().poison.clear();
    assert_eq!(
        retry_op(&stage, &hub, &retry_path(2)).await.0,
        StatusCode::OK
    );
    edge.until_outcomes(4).await;
    assert_eq!(edge.outcome_seqs(), [1, 4, 2, 3]);
    assert_eq!(
        retry_op(&stage, &hub, &retry_path(2)).await.0,
        StatusCode::NOT_FOUND,
        "it is decided"
    );
}

fn retry_path(seq: u64) -> String {
    format!("/api/v1/admin/edges/north-1/queue/1/{seq}/retry")
}

async fn retry_op(stage: &Stage, hub: &Replica, path: &str) -> (StatusCode, Value) {
    stage.admin(hub, Method::POST, path, None).await
}

fn count_failed_calls(stage: &Stage) -> usize {
    let script = stage.owner.script();
    script.calls.iter().filter(|(_, failed)| *failed).count()
}

async fn only_stopped_ops_can_be_retried(stage: &Stage, hub: &Replica) {
    let provider = stage.token(Role::Provider, 5);
    let (status, _) = hub
        .ask(Method::POST, &retry_path(2), Some(&provider), None)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, body) = retry_op(stage, hub, &retry_path(3)).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("op_not_stopped"))
    );
    for nothing in [
        retry_path(4),
        retry_path(9),
        "/api/v1/admin/edges/north-9/queue/1/2/retry".into(),
    ] {
        assert_eq!(
            retry_op(stage, hub, &nothing).await.0,
            StatusCode::NOT_FOUND,
            "{nothing}"
        );
    }
}

async fn the_queue_is_listed_by_state(stage: &Stage, hub: &Replica) {
    let queue = async |state: &str| {
        let path = format!("/api/v1/admin/queue?state={state}");
        stage.admin(hub, Method::GET, &path, None).await
    };
    let (status, body) = queue("needs_operator").await;
    assert_eq!(
        (status, body["items"].as_array().map(Vec::len)),
        (StatusCode::OK, Some(1))
    );
    for unknown in ["frozen", "unrecognised", "decided", ""] {
        let (status, body) = queue(unknown).await;
        let named = (&body["code"], &body["errors"][0]["field"]);
        assert_eq!(
            status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{unknown}: {body}"
        );
        assert_eq!(
            named,
            (&json!("invalid_input"), &json!("state")),
            "{unknown}"
        );
    }
}
