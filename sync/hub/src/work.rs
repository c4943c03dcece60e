//! Works the edges' logs: whatever was received is decided, in log order, also after a restart and
//! while the edge is away.
//!
//! Invariant: an op leaves the queue only with its outcome stored. One replica at a time works a log;
//! should two believe they do, the store takes from one of them only.

mod asks;
mod drain;
mod judge;
mod owner;
mod run;
mod sweeps;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use process::tasks::STOP_WITHIN;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wire::EdgeId;

use crate::{hub::Hub, store::StoreError};

/// Looked at also when nobody wakes: another replica may have stored ops and died.
const LOOK: Duration = Duration::from_secs(1);

/// Edges of one look; the next look goes on behind them.
const EDGES_MAX: usize = 1_000;

/// What is under way when the process stops has so long to end; then there is time to let go.
const GRACE: Duration = Duration::from_millis(500);
const _: () = assert!(GRACE.as_millis() < STOP_WITHIN.as_millis());

/// Until what is under way is to be given up, so that an owner that keeps silent stops nobody from
/// letting go. Nothing of it is stored in part.
async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Rung when ops have been stored, or a region assigns in another way.
#[derive(Clone, Default)]
pub(crate) struct Wake {
    bell: Arc<Notify>,
    /// How often something was heard by which what is held may not be held any more.
    turns: Arc<AtomicU64>,
    turned: Arc<Notify>,
}

impl Wake {
    pub fn wake(&self) {
        self.bell.notify_one();
    }

    /// What was held may not be any more: a right has turned, or an answer has come that it waits for.
    pub fn hand_in_again(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.turned.notify_one();
        self.wake();
    }

    fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }
}

/// The edges whose log a task of this replica works now, and whether somebody asked for them
/// meanwhile. One task an edge, so it is bounded by them.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashMap<EdgeId, bool>>>);

/// The right to be the one task of an edge. It ends also when the task panics or is aborted.
struct Turn {
    busy: Busy,
    edge: EdgeId,
    wake: Wake,
}

impl Busy {
    fn turn(&self, edge: EdgeId, wake: &Wake) -> Option<Turn> {
        let mut edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked_for) = edges.get_mut(&edge) {
            *asked_for = true;
            return None;
        }
        edges.insert(edge.clone(), false);
        Some(Turn { busy: self.clone(), edge, wake: wake.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut edges = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was stored while this turn ended found the edge busy.
        if edges.remove(&self.edge) == Some(true) {
            self.wake.wake();
        }
    }
}

pub(crate) fn start(hub: &Hub) {
    let hub = hub.clone();
    let again = hub.clone();
    hub.tasks.clone().spawn("work", async move { dispatch(hub).await });
    again.tasks.clone().spawn("asks", async move { asks::follow(&again).await });
}

async fn dispatch(hub: Hub) {
    let stop = hub.tasks.token();
    let busy = Busy::default();
    let batches = owner::Batches::default();
    let sweeps = sweeps::Sweeps::new(hub.held_again);
    let mut fails = false;
    let mut after = String::new();
    loop {
        let result = begin_all(&hub, &busy, &batches, &sweeps, &mut after).await;
        if let Err(error) = &result
            && !fails
        {
            tracing::warn!(%error, "The logs cannot be looked at; received ops wait");
        }
        fails = result.is_err();
        tokio::select! {
            () = stop.cancelled() => return,
            () = hub.wake.bell.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn begin_all(
    hub: &Hub,
    busy: &Busy,
    batches: &owner::Batches,
    sweeps: &sweeps::Sweeps,
    after: &mut String,
) -> Result<(), StoreError> {
    let (edges, next) = hub.store.edges_with_work(after, EDGES_MAX).await?;
    *after = next;
    for edge in edges {
        let Some(turn) = busy.turn(edge, &hub.wake) else { continue };
        let (hub, batches, sweeps) = (hub.clone(), batches.clone(), sweeps.clone());
        hub.tasks.clone().spawn_once("work_edge", async move {
            drain::drain(&hub, &batches, &sweeps, &turn.edge).await;
        });
    }
    Ok(())
}
