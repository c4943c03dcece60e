//! The poll loops of one replica, and the in-process signals that make them reload from sync_db
//! early. Cloning a signal shares it.
//!
//! Invariant: the rows in sync_db are the truth. A lost signal only costs time, because every
//! reader also polls.

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use process::tasks::{STOP_WITHIN, Tasks};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use wire::{CommandId, EdgeId, GateState, Region};

use crate::store::{Store, StoreError};

/// Time for running work when the process stops. It leaves enough to give up a claim.
const GRACE: Duration = Duration::from_millis(500);
const _: () = assert!(GRACE.as_millis() < STOP_WITHIN.as_millis());

/// A loop that a replica repeats until the process stops. Logs only the first of several failures
/// in a row.
pub(crate) struct PollLoop {
    stop: CancellationToken,
    warning: &'static str,
    is_failing: bool,
}

impl PollLoop {
    pub(crate) fn new(tasks: &Tasks, warning: &'static str) -> Self {
        Self {
            stop: tasks.stop_token(),
            warning,
            is_failing: false,
        }
    }

    /// Takes the result of one round and waits for the next. Returns `false` when the process
    /// stops.
    pub(crate) async fn next(
        &mut self,
        result: Result<(), impl Error>,
        pause: impl Future<Output = ()>,
    ) -> bool {
        if let Err(error) = &result
            && !self.is_failing
        {
            tracing::warn!(
                cause = process::problem::format_error_chain(error),
                "{}",
                self.warning
            );
        }
        self.is_failing = result.is_err();
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = pause => true,
        }
    }
}

/// Completes when running work must be abandoned, so that a silent owner cannot prevent the end
/// of a claim. Abandoned work is never partially stored.
pub(crate) async fn wait_until_abandoned(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The end of a region's feed and of its lost acceptances, and the state of its gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RegionMark {
    pub generation: u64,
    pub feed_seq: u64,
    pub lost: u64,
    pub gate_closed: bool,
}

/// The newest known mark of each region.
#[derive(Clone, Default)]
pub(crate) struct RegionMarks(Arc<[watch::Sender<RegionMark>; Region::ALL.len()]>);

impl RegionMarks {
    /// A receiver sees the newest mark, not every one.
    pub(crate) fn watch_region(&self, region: Region) -> watch::Receiver<RegionMark> {
        self.0[usize::from(region.index())].subscribe()
    }

    pub(crate) async fn reload_marks(&self, store: &Store) -> Result<(), StoreError> {
        for state in store.list_regions().await? {
            let mark = RegionMark {
                generation: state.feed_generation,
                feed_seq: state.feed_seq,
                lost: state.lost,
                gate_closed: state.gate == GateState::Closed,
            };
            self.0[usize::from(state.region.index())].send_if_modified(|known| {
                // Two reads may overtake each other; within a generation both numbers only grow.
                let fell = mark.feed_seq < known.feed_seq || mark.lost < known.lost;
                let older = known.generation == mark.generation && fell;
                let changed = *known != mark && !older;
                if changed {
                    *known = mark;
                }
                changed
            });
        }
        Ok(())
    }
}

/// The signals of each edge with a session. One entry per edge; bounded by the enrolled edges,
/// because only they get a session.
#[derive(Clone, Default)]
pub(crate) struct EdgeSignals(Arc<Mutex<HashMap<EdgeId, EdgeSignal>>>);

#[derive(Default)]
struct EdgeSignal {
    row: watch::Sender<()>,
    probe: watch::Sender<u64>,
    answer: watch::Sender<ProbeAnswer>,
}

/// The newest probe that an edge has answered in its session of this term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProbeAnswer {
    pub term: u64,
    pub number: u64,
}

impl EdgeSignals {
    /// Makes every session of the edge on this replica check again, even if it is busy now.
    pub(crate) fn wake_sessions(&self, edge: &EdgeId) {
        if let Some(signal) = lock_shared(&self.0).get(edge) {
            signal.row.send_replace(());
        }
    }

    pub(crate) fn watch_edge(&self, edge: &EdgeId) -> watch::Receiver<()> {
        self.subscribe(edge, |signal| signal.row.subscribe())
    }

    /// Makes every session of the edge on this replica probe it.
    pub(crate) fn request_probe(&self, edge: &EdgeId, number: u64) {
        if let Some(signal) = lock_shared(&self.0).get(edge) {
            signal.probe.send_replace(number);
        }
    }

    /// The numbers of the probes requested from now on.
    pub(crate) fn watch_probes(&self, edge: &EdgeId) -> watch::Receiver<u64> {
        self.subscribe(edge, |signal| signal.probe.subscribe())
    }

    pub(crate) fn report_answer(&self, edge: &EdgeId, answer: ProbeAnswer) {
        if let Some(signal) = lock_shared(&self.0).get(edge) {
            signal.answer.send_replace(answer);
        }
    }

    pub(crate) fn watch_answers(&self, edge: &EdgeId) -> watch::Receiver<ProbeAnswer> {
        self.subscribe(edge, |signal| signal.answer.subscribe())
    }

    fn subscribe<T>(
        &self,
        edge: &EdgeId,
        choose: impl Fn(&EdgeSignal) -> watch::Receiver<T>,
    ) -> watch::Receiver<T> {
        choose(lock_shared(&self.0).entry(edge.clone()).or_default())
    }
}

/// Waits for the next value. The sender must live as long as the hub; a receiver sees the newest
/// value, not every one.
pub(crate) async fn wait_for_change<T: Copy>(values: &mut watch::Receiver<T>) -> T {
    match values.changed().await {
        Ok(()) => *values.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

/// Wakes the workers: ops were stored, or held ops may be decidable.
#[derive(Clone, Default)]
pub(crate) struct WorkSignal {
    stored: Arc<Notify>,
    /// The number of calls of `request_retry`.
    retry_requests: Arc<AtomicU64>,
    retry_requested: Arc<Notify>,
}

impl WorkSignal {
    pub(crate) fn wake_workers(&self) {
        self.stored.notify_one();
    }

    /// Held ops may be decidable: a right has changed, or an answer that they wait for arrived.
    pub(crate) fn request_retry(&self) {
        self.retry_requests.fetch_add(1, Ordering::Relaxed);
        self.retry_requested.notify_one();
        self.wake_workers();
    }

    pub(crate) fn retry_generation(&self) -> u64 {
        self.retry_requests.load(Ordering::Relaxed)
    }

    pub(crate) async fn wait_for_work(&self) {
        self.stored.notified().await;
    }

    pub(crate) async fn wait_for_retry(&self) {
        self.retry_requested.notified().await;
    }
}

/// Above this, the lowest ids are dropped; their held ops then wait for the timer.
const REMEMBERED_MAX: usize = 10_000;

/// The accepts that this replica's sessions have put to holders. Once one is decided, the ops that
/// wait for it are retried.
#[derive(Clone, Default)]
pub(crate) struct ForwardedAccepts(Arc<Mutex<BTreeSet<CommandId>>>);

impl ForwardedAccepts {
    pub(crate) fn remember_accept(&self, id: CommandId) {
        let mut ids = lock_shared(&self.0);
        if ids.len() >= REMEMBERED_MAX {
            ids.pop_first();
        }
        ids.insert(id);
    }

    /// Forgets these. Returns true if any of them was put to a holder.
    pub(crate) fn remove_decided(&self, decided: impl Iterator<Item = CommandId>) -> bool {
        let mut ids = lock_shared(&self.0);
        decided.filter(|id| ids.remove(id)).count() > 0
    }
}

fn lock_shared<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_settled_once_and_what_was_not_never() {
        let accepts = ForwardedAccepts::default();
        let id = |n| CommandId(uuid::Uuid::from_u128(n));
        accepts.remember_accept(id(1));
        accepts.remember_accept(id(2));
        assert!(accepts.remove_decided([id(1), id(3)].into_iter()));
        assert!(accepts.remove_decided([id(1), id(2)].into_iter()));
        assert!(!accepts.remove_decided([id(1), id(2)].into_iter()));
    }
}
