//! Edges share the owner fairly: a newly sent op gets its turn soon, even behind large backlogs of
//! other edges. Turns are counted in owner calls, the only shared resource.

use std::{sync::Arc, time::Duration};

use support::eventually;
use tokio::sync::Semaphore;
use wire::{EdgeId, Region, Role};

use crate::stage::{Edge, Replica, Stage, accept, boot, token};

const LIMIT: Duration = Duration::from_secs(60);
/// Maximum ops per batch.
const BATCH: u64 = 1_000;
/// The hub's concurrent batches.
const UNDER_WAY: usize = 4;

/// An edge with this many accepts in its log, all received by the hub.
async fn with_accepts(stage: &Stage, hub: &Replica, name: &str, count: u64) -> Edge {
    let mut edge = stage.enrol(hub, name, Region::North).await;
    let now = stage.clock.now();
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5))];
    edge.log
        .extend((1..=count).map(|n| accept(n.into(), 2, now)));
    edge.open(hub).await;
    let all = edge.log.len();
    for first in (1..=all).step_by(2_500) {
        edge.up(first, 2_500.min(all + 1 - first)).await;
    }
    edge.until(|edge| edge.cursor == all as u64).await;
    edge
}

async fn until_came(stage: &Stage, count: usize) -> Vec<EdgeId> {
    eventually("so many batches are with the owner", LIMIT, async || {
        let came = stage.owner.script().came.clone();
        (came.len() >= count).then_some(came)
    })
    .await
}

#[tokio::test]
async fn a_fresh_accept_is_with_the_owner_while_anothers_backlog_is_not_begun() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let turns = Arc::new(Semaphore::new(0));
    stage.owner.script().paced = Some(turns.clone());
    let crowd = with_accepts(&stage, &hub, "north-1", 6 * BATCH).await;
    until_came(&stage, 1).await;
    let mut fresh = with_accepts(&stage, &hub, "north-2", 1).await;
    let came = until_came(&stage, 2).await;
    assert_eq!(came, [crowd.id.clone(), fresh.id.clone()]);
    turns.add_permits(2);
    fresh.until_outcomes(3).await;
    let came = stage.owner.script().came.clone();
    assert!(
        came.len() <= 3,
        "of a backlog of six batches at most two were before it: {came:?}"
    );
    turns.add_permits(100);
}

#[tokio::test]
async fn where_more_edges_have_a_backlog_than_have_turns_a_fresh_accept_waits_for_one_round() {
    const CROWD: usize = 6;
    const BATCHES_OF_EACH: u64 = 4;
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let turns = Arc::new(Semaphore::new(0));
    stage.owner.script().paced = Some(turns.clone());
    let mut crowd = Vec::new();
    for n in 1..=CROWD {
        let name = format!("north-{n}");
        crowd.push(with_accepts(&stage, &hub, &name, BATCHES_OF_EACH * BATCH).await);
    }
    until_came(&stage, UNDER_WAY).await;
    let fresh = with_accepts(&stage, &hub, "north-9", 1).await;
    let mut calls = UNDER_WAY;
    loop {
        let came = until_came(&stage, calls).await;
        if came.contains(&fresh.id) {
            break;
        }
        turns.add_permits(1);
        calls += 1;
    }
    // Running batches plus earlier turns: at most one more per edge.
    assert!(
        calls <= UNDER_WAY + CROWD + 1,
        "its turn came with call {calls}"
    );
    turns.add_permits(1_000);
}
