//! An edge is stuck if nothing about it moves while its checksum settles.

use std::time::Duration;

use wire::{ChecksumState, EdgeStatus, LinkState, UnixMillis};

use crate::domain::status::{self, SETTLES_WITHIN, SettlingEdges, tests as samples};

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
