mod settling;

use wire::QuarantineStatus;

use super::*;

pub(in crate::domain) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

pub(in crate::domain) fn region() -> RegionRecord {
    RegionRecord {
        region: Region::North,
        gate: GateState::Open,
        policy: Policy::Optimistic,
        holder: None,
        feed_generation: 5,
        feed_seq: 40,
        feed_digest: Hash::digest_bytes(b"all"),
        compacted_to: 20,
        orders: 9,
        lost: 0,
        asks_waiting: 0,
        asks_stopped: 0,
        repairs: RepairStatus::default(),
    }
}

pub(in crate::domain) fn north() -> EdgeRecord {
    let stored = EdgeStatus {
        edge: EdgeId::new("north-1").unwrap(),
        link: LinkState::Never,
        since: None,
        last_contact_at: Some(NOW.plus_ms(-1_000)),
        epoch: 1,
        version: None,
        pending: 3,
        oldest_pending_at: None,
        undecided: 1,
        held: 0,
        parked: 1,
        lag_up_ops: 0,
        lag_down_changes: 0,
        lag_down_outcomes: 0,
        lag_down_since: None,
        checksum: ChecksumState::Unknown,
        clock_error_ms: Some(12),
        disk_free_bytes: None,
        newcomers_waiting: 0,
        disk: None,
        photos_waiting: None,
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
        takes_any_hub: false,
        plain_line: false,
        plain_listeners: false,
        cloud_tokens_since: None,
        certificate_ends_at: None,
    };
    EdgeRecord {
        stored,
        region: Region::North,
        created_at: NOW,
        enrolled_at: Some(NOW),
        code_expires_at: None,
        disabled_at: None,
        retired_at: None,
        cursor_seq: 7,
        outcome_count: 6,
        link_up: true,
        link_since: Some(NOW.plus_ms(-60_000)),
        outcome_cursor: 4,
        feed_cursor: 40,
        digest: Some(Hash::digest_bytes(b"all")),
        ahead: 0,
        last_seq: 9,
        region_digest: None,
        assignment: None,
        readmitted_at: None,
    }
}

fn north_after(change: impl FnOnce(&mut EdgeStatus)) -> EdgeRecord {
    let mut north = north();
    change(&mut north.stored);
    north
}

#[test]
fn lags_count_both_ways() {
    let shown = derive_edge_status(
        &EdgeRecord {
            feed_cursor: 38,
            ..north()
        },
        &region(),
        NOW,
    );
    assert_eq!(
        (
            shown.lag_up_ops,
            shown.lag_down_outcomes,
            shown.lag_down_changes
        ),
        (2, 2, 2)
    );
}

#[test]
fn a_link_is_up_only_while_somebody_hears_the_edge() {
    let shown = |edge: EdgeRecord| {
        let shown = super::derive_edge_status(&edge, &region(), NOW);
        (shown.link, shown.since)
    };
    assert_eq!(shown(north()), (LinkState::Up, north().link_since));
    let stale = Some(NOW.plus_ms(-CONTACT_STALE_MS - 1));
    assert_eq!(
        shown(north_after(|stored| stored.last_contact_at = stale)),
        (LinkState::Down, stale),
        "its replica is gone"
    );
    let ended = EdgeRecord {
        link_up: false,
        link_since: Some(NOW),
        ..north()
    };
    assert_eq!(shown(ended), (LinkState::Down, Some(NOW)));
    assert_eq!(
        shown(north_after(|stored| stored.last_contact_at = None)),
        (LinkState::Never, None)
    );
}

#[test]
fn only_equal_digests_at_the_end_of_the_feed_match() {
    let a = Some(Hash::digest_bytes(b"a"));
    let b = Some(Hash::digest_bytes(b"b"));
    for (digest, ahead, feed_cursor, there, expected) in [
        (None, 0, 0, a, ChecksumState::Unknown),
        (a, 0, 9, a, ChecksumState::Match),
        (a, 0, 9, b, ChecksumState::Mismatch),
        (a, 0, 8, a, ChecksumState::Settling),
        (a, 0, 8, b, ChecksumState::Mismatch),
        (a, 1, 9, b, ChecksumState::Settling),
        (a, 0, 3, None, ChecksumState::Settling),
    ] {
        let feed_digest = there.unwrap_or(Hash::ZERO);
        let region = RegionRecord {
            feed_seq: 9,
            feed_digest,
            compacted_to: 0,
            ..region()
        };
        let edge = EdgeRecord {
            digest,
            ahead,
            feed_cursor,
            region_digest: there,
            ..north()
        };
        assert_eq!(derive_checksum_state(&edge, &region), expected, "{edge:?}");
    }
}

#[test]
fn digests_below_what_was_compacted_say_nothing() {
    let at = |feed_cursor| {
        let there = Some(Hash::digest_bytes(b"there"));
        derive_edge_status(
            &EdgeRecord {
                feed_cursor,
                region_digest: there,
                ..north()
            },
            &region(),
            NOW,
        )
        .checksum
    };
    assert_eq!(at(40), ChecksumState::Match);
    assert_eq!(at(20), ChecksumState::Mismatch);
    assert_eq!(at(19), ChecksumState::Settling);
}

#[test]
fn a_quarantine_is_shown_until_it_is_noted_and_a_twin_while_it_calls() {
    let quarantine = QuarantineStatus {
        at: NOW,
        why: wire::QuarantineWhy::EdgeRestored,
    };
    let shown = |readmitted_at, twin_seen_at| {
        let north = north_after(|stored| {
            (stored.quarantine, stored.twin_seen_at) = (Some(quarantine), twin_seen_at);
        });
        let shown = derive_edge_status(
            &EdgeRecord {
                readmitted_at,
                ..north
            },
            &region(),
            NOW,
        );
        (shown.quarantine.is_some(), shown.twin_seen_at.is_some())
    };
    let seen = |ago_ms: i64| Some(NOW.plus_ms(-ago_ms));
    assert_eq!(shown(seen(1), seen(TWIN_STALE_MS)), (true, true));
    assert_eq!(shown(seen(0), seen(TWIN_STALE_MS + 1)), (false, false));
}

#[test]
fn an_edge_that_never_enrolled_is_not_reported() {
    let waiting = EdgeRecord {
        enrolled_at: None,
        ..north()
    };
    let report = build_report(&[region()], &[north(), waiting], NOW);
    assert_eq!(report.regions[0].edges.len(), 1);
}
