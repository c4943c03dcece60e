//! Works the edges' logs: every received op is decided, in log order, also after a restart and
//! while the edge is away. Read `sync/hub/src/work/drain.rs` next.
//!
//! Invariant: an op leaves the queue only with its outcome stored. One replica at a time works a
//! log; where two believe they do, the store takes results from one of them only.

mod asks;
mod drain;
mod run;
pub mod sweeps;
pub mod workers;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wire::EdgeId;

use crate::{rounds::Rounds, signals::WorkBell, store::StoreError};
use workers::Workers;

/// The time between two looks without a signal: another replica may have stored ops and died.
const LOOK: Duration = Duration::from_secs(1);

/// Edges of one look; the next look goes on behind them.
const EDGES_MAX: usize = 1_000;

impl Workers {
    pub fn start(&self) {
        let workers = self.clone();
        self.tasks.spawn("work", async move { workers.dispatch().await });
        let workers = self.clone();
        self.tasks.spawn("asks", async move { workers.hand_in_accepts().await });
    }

    async fn dispatch(&self) {
        let busy = BusyEdges::default();
        let mut after = String::new();
        let mut rounds = Rounds::new(&self.tasks, "The logs cannot be read; received ops wait");
        loop {
            let result = self.begin_all(&busy, &mut after).await;
            let woken = async {
                tokio::select! {
                    () = self.bell.woken() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            };
            if !rounds.next(result, woken).await {
                return;
            }
        }
    }

    async fn begin_all(&self, busy: &BusyEdges, after: &mut String) -> Result<(), StoreError> {
        let (edges, next) = self.store.edges_with_work(after, EDGES_MAX).await?;
        *after = next;
        for edge in edges {
            let Some(turn) = busy.turn(edge, &self.bell) else { continue };
            let workers = self.clone();
            self.tasks.spawn_once("work_edge", async move { workers.drain(&turn.edge).await });
        }
        Ok(())
    }
}

/// The edges whose log a task of this replica works now, each with whether it was asked for
/// meanwhile. One task an edge.
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
