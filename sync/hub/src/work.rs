//! Works the edges' logs: every received op is decided, in log order, also after a restart and while the
//! edge is away. Read `sync/hub/src/work/drain.rs` next.
//!
//! Invariant: an op leaves the queue only with its outcome stored. One replica at a time works a log; where
//! two believe they do, the store takes results from one of them only.

mod asks;
mod drain;
mod run;
mod sweeps;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use process::{clock::Clock, tasks::Tasks};
use wire::EdgeId;

use crate::{
    peers::{auth::KeySource, order::OrderService},
    rounds::Rounds,
    signals::{Nudges, PutAccepts, WorkBell},
    store::{Store, StoreError},
};
use asks::PortalAccepts;
use drain::Drainer;
use run::{Decider, Turns};
use sweeps::Sweeps;

/// The time between two looks without a signal: another replica may have stored ops and died.
const LOOK: Duration = Duration::from_secs(1);

/// Edges of one look; the next look goes on behind them.
const EDGES_MAX: usize = 1_000;

/// The parts that the work of a replica needs.
pub(crate) struct Workers {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order: OrderService,
    pub keys: KeySource,
    pub nudges: Nudges,
    pub put_accepts: PutAccepts,
    pub bell: WorkBell,
    pub held_again: Duration,
}

impl Workers {
    pub fn start(self) {
        let Self { store, clock, tasks, order, keys, nudges, put_accepts, bell, held_again } = self;
        let portal_accepts = PortalAccepts {
            store: store.clone(),
            order: order.clone(),
            tasks: tasks.clone(),
            bell: bell.clone(),
            again: held_again,
        };
        let decider = Decider { store: store.clone(), order, keys, turns: Turns::default() };
        let (replica, sweeps) = (clock.new_id(), Sweeps::new(held_again));
        let spawner = tasks.clone();
        let drainer =
            Drainer { decider, store, clock, tasks, replica, sweeps, bell, nudges, put_accepts };
        spawner.spawn("work", async move { dispatch(drainer).await });
        spawner.spawn("asks", async move { portal_accepts.follow().await });
    }
}

/// The edges whose log a task of this replica works now, each with whether it was asked for meanwhile. One
/// task an edge.
#[derive(Clone, Default)]
struct BusyEdges(Arc<Mutex<HashMap<EdgeId, bool>>>);

/// The right to be the one task of an edge. It ends also when the task panics or is aborted.
struct EdgeTurn {
    busy: BusyEdges,
    edge: EdgeId,
    bell: WorkBell,
}

impl BusyEdges {
    fn turn(&self, edge: EdgeId, bell: &WorkBell) -> Option<EdgeTurn> {
        let mut edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked_for) = edges.get_mut(&edge) {
            *asked_for = true;
            return None;
        }
        edges.insert(edge.clone(), false);
        Some(EdgeTurn { busy: self.clone(), edge, bell: bell.clone() })
    }
}

impl Drop for EdgeTurn {
    fn drop(&mut self) {
        let mut edges = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ops that were stored while this turn ended found the edge busy.
        if edges.remove(&self.edge) == Some(true) {
            self.bell.wake();
        }
    }
}

async fn dispatch(drainer: Drainer) {
    let busy = BusyEdges::default();
    let mut after = String::new();
    let mut rounds = Rounds::new(&drainer.tasks, "The logs cannot be read; received ops wait");
    loop {
        let result = begin_all(&drainer, &busy, &mut after).await;
        let woken = async {
            tokio::select! {
                () = drainer.bell.woken() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        };
        if !rounds.next(result, woken).await {
            return;
        }
    }
}

async fn begin_all(
    drainer: &Drainer,
    busy: &BusyEdges,
    after: &mut String,
) -> Result<(), StoreError> {
    let (edges, next) = drainer.store.edges_with_work(after, EDGES_MAX).await?;
    *after = next;
    for edge in edges {
        let Some(turn) = busy.turn(edge, &drainer.bell) else { continue };
        let drainer = drainer.clone();
        drainer.tasks.clone().spawn_once("work_edge", async move {
            drainer.drain(&turn.edge).await;
        });
    }
    Ok(())
}
