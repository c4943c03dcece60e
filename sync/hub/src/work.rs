//! Works the edges' logs: decides every received op in log order, even after a restart or while the
//! edge is away. Read `sync/hub/src/work/drain.rs` next.
//!
//! Invariant: an op leaves the queue only with its outcome stored. One replica at a time works a
//! log; if two believe that they do, the store accepts results from only one.

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

use crate::{rounds::PollLoop, signals::WorkSignal, store::StoreError};
use workers::Workers;

/// Poll interval without a signal: another replica may have stored ops and died.
const LOOK: Duration = Duration::from_secs(1);

/// Maximum edges per poll; the next poll continues after them.
const EDGES_MAX: usize = 1_000;

impl Workers {
    pub fn start(&self) {
        let workers = self.clone();
        self.tasks
            .spawn("work", async move { workers.run_dispatcher().await });
        let workers = self.clone();
        self.tasks
            .spawn("asks", async move { workers.hand_in_accepts().await });
    }

    async fn run_dispatcher(&self) {
        let busy = BusyEdges::default();
        let mut after = String::new();
        let mut rounds = PollLoop::new(&self.tasks, "Could not read the logs; received ops wait");
        loop {
            let result = self.begin_all(&busy, &mut after).await;
            let woken = async {
                tokio::select! {
                    () = self.bell.wait_for_work() => {}
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
            let Some(turn) = busy.try_begin(edge, &self.bell) else {
                continue;
            };
            let workers = self.clone();
            self.tasks.spawn_once(
                "work_edge",
                async move { workers.drain_log(&turn.edge).await },
            );
        }
        Ok(())
    }
}

/// The edges with a running worker task on this replica; `true` if more work was signalled
/// meanwhile. One task per edge.
#[derive(Clone, Default)]
struct BusyEdges(Arc<Mutex<HashMap<EdgeId, bool>>>);

/// The exclusive turn to work one edge. It also ends if the task panics or is aborted.
struct EdgeWorkGuard {
    busy: BusyEdges,
    edge: EdgeId,
    bell: WorkSignal,
}

impl BusyEdges {
    fn try_begin(&self, edge: EdgeId, bell: &WorkSignal) -> Option<EdgeWorkGuard> {
        let mut edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked_for) = edges.get_mut(&edge) {
            *asked_for = true;
            return None;
        }
        edges.insert(edge.clone(), false);
        Some(EdgeWorkGuard {
            busy: self.clone(),
            edge,
            bell: bell.clone(),
        })
    }
}

impl Drop for EdgeWorkGuard {
    fn drop(&mut self) {
        let mut edges = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Work signalled while this turn ended found the edge busy.
        if edges.remove(&self.edge) == Some(true) {
            self.bell.wake_workers();
        }
    }
}
