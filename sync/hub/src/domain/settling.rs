//! Which edges have been settling for too long. While something is on its way that is as it should be;
//! once nothing moves, the checksums agree within seconds or never.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wire::{ChecksumState, EdgeId, EdgeStatus, LinkState, UnixMillis};

pub const SETTLES_WITHIN: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Settling(BTreeMap<EdgeId, (Duration, Moved)>);

/// Since when each edge has been stuck, by who looks from time to time, for who is asked once. Clones
/// share it.
#[derive(Clone, Default)]
pub struct Unsettled(Arc<Mutex<BTreeMap<EdgeId, UnixMillis>>>);

impl Unsettled {
    pub fn note(&self, edge: &EdgeId, stuck: bool, now: UnixMillis) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stuck {
            known.entry(edge.clone()).or_insert(now);
        } else {
            known.remove(edge);
        }
    }

    /// An edge that has settled since the last look is not stuck any more.
    pub fn mark(&self, edge: &mut EdgeStatus) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let settling = edge.checksum == ChecksumState::Settling;
        edge.unsettled_since = known.get(&edge.edge).copied().filter(|_| settling);
    }
}

/// What moves while an edge catches up, or takes more in.
#[derive(PartialEq, Eq)]
struct Moved {
    feed_seq: u64,
    lag_up_ops: u64,
    lag_down_changes: u64,
    lag_down_outcomes: u64,
    undecided: u64,
    pending: u32,
}

impl Settling {
    /// Whether that edge has stood still for too long without its checksum agreeing.
    pub fn is_stuck(&mut self, edge: &EdgeStatus, feed_seq: u64, now: Duration) -> bool {
        if edge.link != LinkState::Up || edge.checksum != ChecksumState::Settling {
            self.0.remove(&edge.edge);
            return false;
        }
        let moved = Moved {
            feed_seq,
            lag_up_ops: edge.lag_up_ops,
            lag_down_changes: edge.lag_down_changes,
            lag_down_outcomes: edge.lag_down_outcomes,
            undecided: edge.undecided,
            pending: edge.pending,
        };
        match self.0.get(&edge.edge) {
            Some((since, before)) if *before == moved => {
                now.saturating_sub(*since) > SETTLES_WITHIN
            }
            _ => {
                self.0.insert(edge.edge.clone(), (now, moved));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn north() -> EdgeStatus {
        EdgeStatus {
            edge: EdgeId::new("north-1").unwrap(),
            link: LinkState::Up,
            since: None,
            last_contact_at: None,
            epoch: 1,
            version: None,
            pending: 0,
            oldest_pending_at: None,
            undecided: 0,
            held: 0,
            parked: 0,
            lag_up_ops: 0,
            lag_down_changes: 0,
            lag_down_outcomes: 0,
            lag_down_since: None,
            checksum: ChecksumState::Settling,
            clock_error_ms: None,
            disk_free_bytes: None,
            left_behind: Vec::new(),
            quarantine: None,
            needs_operator_at: None,
            twin_seen_at: None,
            repair_asked_at: None,
            repairs: 0,
            repaired_at: None,
            unproven: None,
            unsettled_since: None,
            stopped: 0,
            lost: 0,
            lost_at: None,
        }
    }

    const LATER: Duration = Duration::from_secs(61);

    #[track_caller]
    fn check(between: &EdgeStatus, feed_seq: u64, expected: bool) {
        let mut settling = Settling::default();
        assert!(!settling.is_stuck(&north(), 7, Duration::ZERO));
        settling.is_stuck(between, feed_seq, Duration::from_secs(5));
        assert_eq!(settling.is_stuck(&north(), 7, LATER), expected);
    }

    #[test]
    fn an_edge_is_stuck_only_while_nothing_moves() {
        check(&north(), 7, true);
        check(&north(), 6, false);
        check(&EdgeStatus { pending: 1, ..north() }, 7, false);
        check(&EdgeStatus { lag_down_changes: 1, ..north() }, 7, false);
        check(&EdgeStatus { link: LinkState::Down, ..north() }, 7, false);
        check(&EdgeStatus { checksum: ChecksumState::Match, ..north() }, 7, false);
    }

    #[test]
    fn a_minute_is_given() {
        let mut settling = Settling::default();
        assert!(!settling.is_stuck(&north(), 7, Duration::ZERO));
        assert!(!settling.is_stuck(&north(), 7, SETTLES_WITHIN));
        assert!(settling.is_stuck(&north(), 7, LATER));
    }

    #[test]
    fn who_is_stuck_is_shown_until_it_has_settled() {
        let (unsettled, mut north) = (Unsettled::default(), north());
        let shown = |edge: &mut EdgeStatus| {
            unsettled.mark(edge);
            edge.unsettled_since
        };
        assert_eq!(shown(&mut north), None);
        unsettled.note(&north.edge, true, UnixMillis(5));
        unsettled.note(&north.edge, true, UnixMillis(9));
        assert_eq!(shown(&mut north), Some(UnixMillis(5)), "since it was found");
        north.checksum = ChecksumState::Match;
        assert_eq!(shown(&mut north), None);
        north.checksum = ChecksumState::Settling;
        unsettled.note(&north.edge, false, UnixMillis(10));
        assert_eq!(shown(&mut north), None);
    }
}
