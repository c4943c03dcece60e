//! The parts that a replica's workers share: clients and signals, the edges that are being worked,
//! and the schedule for retries of held ops. Held ops are retried every few seconds, and
//! immediately after a region assignment changes. That signal may arrive before the `held` result
//! that it should end, hence the timer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use platform::key_source::KeySource;
use process::{clock::Clock, tasks::Tasks};
use tokio::sync::Semaphore;
use uuid::Uuid;
use wire::EdgeId;

use crate::{
    peers::OwnerClient,
    polling::{EdgeSignals, ForwardedAccepts, WorkSignal},
    store::Store,
};

/// Permits for concurrent batches of different edges; the rest queue.
const BATCHES_MAX: usize = 4;

/// Works the logs of all edges, one call at a time per edge. Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Workers {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order_client: OwnerClient,
    pub review: OwnerClient,
    pub keys: KeySource,
    pub signals: EdgeSignals,
    pub forwarded_accepts: ForwardedAccepts,
    pub work_signal: WorkSignal,
    pub retry_interval: Duration,
    pub accept_cloud_tokens: bool,
    /// Distinguishes this process from other replicas, and from itself before a restart.
    pub replica: Uuid,
    pub sweeps: RetrySchedule,
    pub batch_permits: BatchPermits,
}

#[derive(Clone)]
pub(crate) struct BatchPermits(pub Arc<Semaphore>);

impl Default for BatchPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BATCHES_MAX)))
    }
}

/// The edges with a running worker task on this replica; `true` if more work was signalled
/// meanwhile. One task per edge.
#[derive(Clone, Default)]
pub(super) struct BusyEdges(Arc<Mutex<HashMap<EdgeId, bool>>>);

/// The exclusive turn to work one edge. It also ends if the task panics or is aborted.
pub(super) struct EdgeWorkGuard {
    busy: BusyEdges,
    pub edge: EdgeId,
    work_signal: WorkSignal,
}

impl BusyEdges {
    pub(super) fn try_begin(
        &self,
        edge: EdgeId,
        work_signal: &WorkSignal,
    ) -> Option<EdgeWorkGuard> {
        let mut edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked_for) = edges.get_mut(&edge) {
            *asked_for = true;
            return None;
        }
        edges.insert(edge.clone(), false);
        Some(EdgeWorkGuard {
            busy: self.clone(),
            edge,
            work_signal: work_signal.clone(),
        })
    }
}

impl Drop for EdgeWorkGuard {
    fn drop(&mut self) {
        let mut edges = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Work signalled while this turn ended found the edge busy.
        if edges.remove(&self.edge) == Some(true) {
            self.work_signal.wake_workers();
        }
    }
}

#[derive(Clone)]
pub(crate) struct RetrySchedule {
    again: Duration,
    /// One entry per edge that ever had work here.
    begun: Arc<Mutex<HashMap<EdgeId, SweepStart>>>,
}

#[derive(Clone, Copy)]
struct SweepStart {
    at: Duration,
    turns: u64,
}

impl RetrySchedule {
    pub(crate) fn new(again: Duration) -> Self {
        Self {
            again,
            begun: Arc::default(),
        }
    }

    /// Returns true if a sweep of the edge's held ops is due, and records its start.
    pub(crate) fn begin_if_due(&self, edge: &EdgeId, now: Duration, turns: u64) -> bool {
        let mut begun = self.lock_starts();
        let due = begun
            .get(edge)
            .is_none_or(|last| last.turns != turns || now.saturating_sub(last.at) >= self.again);
        if due {
            begun.insert(edge.clone(), SweepStart { at: now, turns });
        }
        due
    }

    fn lock_starts(&self) -> MutexGuard<'_, HashMap<EdgeId, SweepStart>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_ops_are_handed_in_again_by_the_clock_and_when_a_right_turns() {
        let sweeps = RetrySchedule::new(Duration::from_secs(2));
        let north = EdgeId::new("north-1").unwrap();
        let begin = |s, turns| sweeps.begin_if_due(&north, Duration::from_secs(s), turns);
        assert!(begin(10, 0));
        assert!(!begin(11, 0));
        assert!(begin(11, 1), "a right has turned");
        assert!(!begin(12, 1));
        assert!(begin(13, 1));
        assert!(sweeps.begin_if_due(&EdgeId::new("north-2").unwrap(), Duration::from_secs(13), 1));
    }
}
