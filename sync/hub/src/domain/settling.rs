//! Finds edges with a checksum that settles for too long. A checksum settles while changes are in
//! transit; once nothing moves, it matches within seconds or never.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wire::{ChecksumState, EdgeId, EdgeStatus, LinkState, UnixMillis};

pub const SETTLES_WITHIN: Duration = Duration::from_secs(60);

/// The settling edges. Clones share them: the gauges update them periodically, a status request
/// reads them.
#[derive(Clone, Default)]
pub struct SettlingEdges(Arc<Mutex<BTreeMap<EdgeId, SettlingState>>>);

struct SettlingState {
    since: Duration,
    at: ProgressCounters,
    stuck_since: Option<UnixMillis>,
}

/// The numbers that change while an edge catches up or takes in more.
#[derive(PartialEq, Eq)]
struct ProgressCounters {
    feed_seq: u64,
    lag_up_ops: u64,
    lag_down_changes: u64,
    lag_down_outcomes: u64,
    undecided: u64,
    pending: u32,
}

impl SettlingEdges {
    /// Returns true if nothing about the edge has moved for too long and its checksum still does
    /// not match.
    pub fn is_stuck(
        &self,
        edge: &EdgeStatus,
        feed_seq: u64,
        elapsed: Duration,
        now: UnixMillis,
    ) -> bool {
        let mut edges = self.lock_edges();
        if edge.link != LinkState::Up || edge.checksum != ChecksumState::Settling {
            edges.remove(&edge.edge);
            return false;
        }
        let at = ProgressCounters {
            feed_seq,
            lag_up_ops: edge.lag_up_ops,
            lag_down_changes: edge.lag_down_changes,
            lag_down_outcomes: edge.lag_down_outcomes,
            undecided: edge.undecided,
            pending: edge.pending,
        };
        if let Some(rest) = edges.get_mut(&edge.edge).filter(|rest| rest.at == at) {
            let is_stuck = elapsed.saturating_sub(rest.since) > SETTLES_WITHIN;
            if is_stuck {
                rest.stuck_since.get_or_insert(now);
            }
            return is_stuck;
        }
        edges.insert(
            edge.edge.clone(),
            SettlingState {
                since: elapsed,
                at,
                stuck_since: None,
            },
        );
        false
    }

    /// Sets `unsettled_since`. An edge that has settled since the last check is no longer stuck.
    pub fn set_unsettled_since(&self, edge: &mut EdgeStatus) {
        let stuck_since = self
            .lock_edges()
            .get(&edge.edge)
            .and_then(|rest| rest.stuck_since);
        let is_settling = edge.checksum == ChecksumState::Settling;
        edge.unsettled_since = stuck_since.filter(|_| is_settling);
    }

    fn lock_edges(&self) -> MutexGuard<'_, BTreeMap<EdgeId, SettlingState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::status::{self, tests as samples};

    fn north() -> EdgeStatus {
        let shown = status::derive_edge_status(&samples::north(), &samples::region(), samples::NOW);
        EdgeStatus {
            checksum: ChecksumState::Settling,
            pending: 0,
            lag_down_changes: 0,
            ..shown
        }
    }

    const NOW: UnixMillis = samples::NOW;
    const LATER: Duration = Duration::from_secs(61);

    #[track_caller]
    fn check(between: &EdgeStatus, feed_seq: u64, expected: bool) {
        let settling = SettlingEdges::default();
        assert!(!settling.is_stuck(&north(), 7, Duration::ZERO, NOW));
        settling.is_stuck(between, feed_seq, Duration::from_secs(5), NOW);
        assert_eq!(settling.is_stuck(&north(), 7, LATER, NOW), expected);
    }

    #[test]
    fn an_edge_is_stuck_only_while_nothing_moves() {
        check(&north(), 7, true);
        check(&north(), 6, false);
        check(
            &EdgeStatus {
                pending: 1,
                ..north()
            },
            7,
            false,
        );
        check(
            &EdgeStatus {
                lag_down_changes: 1,
                ..north()
            },
            7,
            false,
        );
        check(
            &EdgeStatus {
                link: LinkState::Down,
                ..north()
            },
            7,
            false,
        );
        check(
            &EdgeStatus {
                checksum: ChecksumState::Match,
                ..north()
            },
            7,
            false,
        );
    }

    #[test]
    fn a_minute_is_given() {
        let settling = SettlingEdges::default();
        assert!(!settling.is_stuck(&north(), 7, Duration::ZERO, NOW));
        assert!(!settling.is_stuck(&north(), 7, SETTLES_WITHIN, NOW));
        assert!(settling.is_stuck(&north(), 7, LATER, NOW));
    }

    #[test]
    fn who_is_stuck_is_shown_until_it_has_settled() {
        let settling = SettlingEdges::default();
        let mut north = north();
        let shown = |edge: &mut EdgeStatus| {
            settling.set_unsettled_since(edge);
            edge.unsettled_since
        };
        settling.is_stuck(&north, 7, Duration::ZERO, UnixMillis(1));
        assert_eq!(shown(&mut north), None);
        settling.is_stuck(&north, 7, LATER, UnixMillis(5));
        settling.is_stuck(&north, 7, LATER, UnixMillis(9));
        assert_eq!(shown(&mut north), Some(UnixMillis(5)), "since it was found");
        north.checksum = ChecksumState::Match;
        assert_eq!(shown(&mut north), None);
        north.checksum = ChecksumState::Settling;
        settling.is_stuck(&north, 8, LATER, UnixMillis(10));
        assert_eq!(shown(&mut north), None);
    }
}
