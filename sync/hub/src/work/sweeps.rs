//! Schedules the retry of an edge's held ops: every few seconds, and immediately after a region
//! assignment changes. That signal may arrive before the `held` result that it should end, hence
//! the timer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wire::EdgeId;

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
    pub fn new(again: Duration) -> Self {
        Self {
            again,
            begun: Arc::default(),
        }
    }

    /// Returns true if a sweep of the edge's held ops is due, and records its start.
    pub fn begin_if_due(&self, edge: &EdgeId, now: Duration, turns: u64) -> bool {
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
