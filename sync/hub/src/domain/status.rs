//! What an operator is shown, from what stands stored.

use wire::{
    EdgeId, EdgeStatus, GateState, Hash, LeftBehind, LinkState, Policy, QuarantineStatus, Region,
    RegionStatus, RepairStatus, StatusReport, UnixMillis,
};

use super::checksum::{self, Compared};

/// A session touches its row every few seconds; after this a link that was up is taken for down, for
/// the replica that held it may be gone.
pub const CONTACT_STALE_MS: i64 = 12_000;

/// A twin calls twice a minute; one that was not heard of for longer is gone, or was enrolled anew.
const TWIN_STALE_MS: i64 = 120_000;

/// A region as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionRecord {
    pub region: Region,
    pub gate: GateState,
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    pub feed_generation: u64,
    pub feed_seq: u64,
    /// The set digest of the region's orders.
    pub feed_digest: Hash,
    /// Older versions have been taken out of the feed up to here.
    pub compacted_to: u64,
    pub orders: u64,
    /// Accepts of the portal that wait, and those of them that wait for an operator.
    pub asks_waiting: u64,
    pub asks_stopped: u64,
    pub repairs: RepairStatus,
}

/// An edge as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeRecord {
    pub edge: EdgeId,
    pub region: Region,
    pub created_at: UnixMillis,
    pub enrolled_at: Option<UnixMillis>,
    pub epoch: u64,
    pub program_version: Option<String>,
    pub cursor_seq: u64,
    pub outcome_count: u64,
    pub undecided: u64,
    pub held: u64,
    /// Of those held, what waits for an operator.
    pub stopped: u64,
    pub parked: u64,
    pub link_up: bool,
    pub link_since: Option<UnixMillis>,
    pub last_contact_at: Option<UnixMillis>,
    pub outcome_cursor: u64,
    pub feed_cursor: u64,
    pub digest: Option<Hash>,
    pub ahead: u64,
    pub pending: u64,
    pub oldest_pending_at: Option<UnixMillis>,
    pub last_seq: u64,
    pub clock_error_ms: Option<i64>,
    pub disk_free_bytes: Option<u64>,
    /// Commands without an outcome of epochs that are over.
    pub left_behind: Vec<LeftBehind>,
    /// The region's digest at `feed_cursor`, where that change is still kept.
    pub region_digest: Option<Hash>,
    pub repair_asked_at: Option<UnixMillis>,
    pub repairs: u64,
    pub repaired_at: Option<UnixMillis>,
    /// The fence of a grant that its view did not agree with.
    pub unproven: Option<u64>,
    /// The digest of how it believes that its region assigns.
    pub assignment: Option<Hash>,
    /// When the oldest change or outcome that it has not acknowledged was stored; of a change that was
    /// compacted meanwhile, when the next was.
    pub lag_down_since: Option<UnixMillis>,
    /// Acceptances made there that have lost, and when the last of them was told so.
    pub lost: u64,
    pub lost_at: Option<UnixMillis>,
    pub alarms: Alarms,
}

/// What concerns an edge's log itself, as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarms {
    /// How its epoch came to be.
    pub quarantine: Option<QuarantineStatus>,
    /// When an operator last took note of it.
    pub readmitted_at: Option<UnixMillis>,
    pub needs_operator_at: Option<UnixMillis>,
    pub twin_seen_at: Option<UnixMillis>,
}

/// Regions in their order, each with its enrolled edges by name.
pub fn report(regions: &[RegionRecord], edges: &[EdgeRecord], now: UnixMillis) -> StatusReport {
    let of = |region: &RegionRecord| {
        let here = edges.iter().filter(|e| e.region == region.region && e.enrolled_at.is_some());
        here.map(|e| edge(e, region, now)).collect()
    };
    let regions = regions
        .iter()
        .map(|region| RegionStatus {
            region: region.region,
            gate: region.gate,
            policy: region.policy,
            holder: region.holder.clone(),
            feed_seq: region.feed_seq,
            orders: region.orders,
            asks_waiting: region.asks_waiting,
            asks_stopped: region.asks_stopped,
            repairs: Some(region.repairs),
            edges: of(region),
        })
        .collect();
    StatusReport { now, regions }
}

pub fn edge(edge: &EdgeRecord, region: &RegionRecord, now: UnixMillis) -> EdgeStatus {
    let (link, since) = link(edge, now);
    EdgeStatus {
        edge: edge.edge.clone(),
        link,
        since,
        last_contact_at: edge.last_contact_at,
        epoch: edge.epoch,
        version: edge.program_version.clone(),
        pending: u32::try_from(edge.pending).unwrap_or(u32::MAX),
        oldest_pending_at: edge.oldest_pending_at,
        undecided: edge.undecided,
        held: edge.held,
        parked: edge.parked,
        lag_up_ops: edge.last_seq.saturating_sub(edge.cursor_seq),
        lag_down_changes: region.feed_seq.saturating_sub(edge.feed_cursor),
        lag_down_outcomes: edge.outcome_count.saturating_sub(edge.outcome_cursor),
        lag_down_since: edge.lag_down_since,
        checksum: checksum::compare(Compared {
            edge: edge.digest,
            ahead: edge.ahead,
            edge_cursor: edge.feed_cursor,
            region: region_digest(edge, region),
            feed_seq: region.feed_seq,
        }),
        clock_error_ms: edge.clock_error_ms,
        disk_free_bytes: edge.disk_free_bytes,
        left_behind: edge.left_behind.clone(),
        quarantine: edge.alarms.quarantine.filter(|quarantine| {
            edge.alarms.readmitted_at.is_none_or(|noted| noted < quarantine.at)
        }),
        needs_operator_at: edge.alarms.needs_operator_at,
        twin_seen_at: edge.alarms.twin_seen_at.filter(|seen| now.since(*seen) <= TWIN_STALE_MS),
        repair_asked_at: edge.repair_asked_at,
        repairs: edge.repairs,
        repaired_at: edge.repaired_at,
        unproven: edge.unproven,
        // Known only to who has looked more than once.
        unsettled_since: None,
        stopped: edge.stopped,
        lost: edge.lost,
        lost_at: edge.lost_at,
    }
}

fn link(edge: &EdgeRecord, now: UnixMillis) -> (LinkState, Option<UnixMillis>) {
    let Some(contact) = edge.last_contact_at else { return (LinkState::Never, None) };
    match edge.link_up {
        false => (LinkState::Down, edge.link_since),
        true if now.since(contact) > CONTACT_STALE_MS => (LinkState::Down, Some(contact)),
        true => (LinkState::Up, edge.link_since),
    }
}

/// The region's digest where the edge stands. Below what was compacted a reader may lack versions
/// that were taken out, so nothing can be said there.
fn region_digest(edge: &EdgeRecord, region: &RegionRecord) -> Option<Hash> {
    if edge.feed_cursor == region.feed_seq {
        return Some(region.feed_digest);
    }
    edge.region_digest.filter(|_| edge.feed_cursor >= region.compacted_to)
}

#[cfg(test)]
mod tests {
    use wire::ChecksumState;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

    fn region() -> RegionRecord {
        RegionRecord {
            region: Region::North,
            gate: GateState::Open,
            policy: Policy::Optimistic,
            holder: None,
            feed_generation: 5,
            feed_seq: 40,
            feed_digest: Hash::of(b"all"),
            compacted_to: 20,
            orders: 9,
            asks_waiting: 0,
            asks_stopped: 0,
            repairs: RepairStatus::default(),
        }
    }

    fn north() -> EdgeRecord {
        EdgeRecord {
            edge: EdgeId::new("north-1").unwrap(),
            region: Region::North,
            created_at: NOW,
            enrolled_at: Some(NOW),
            epoch: 1,
            program_version: None,
            cursor_seq: 7,
            outcome_count: 6,
            undecided: 1,
            held: 0,
            stopped: 0,
            parked: 1,
            link_up: true,
            link_since: Some(NOW.plus_ms(-60_000)),
            last_contact_at: Some(NOW.plus_ms(-1_000)),
            outcome_cursor: 4,
            feed_cursor: 40,
            digest: Some(Hash::of(b"all")),
            ahead: 0,
            pending: 3,
            oldest_pending_at: None,
            last_seq: 9,
            clock_error_ms: Some(12),
            disk_free_bytes: None,
            left_behind: Vec::new(),
            region_digest: None,
            repair_asked_at: None,
            repairs: 0,
            repaired_at: None,
            unproven: None,
            assignment: None,
            lag_down_since: None,
            lost: 0,
            lost_at: None,
            alarms: Alarms::default(),
        }
    }

    #[test]
    fn lags_count_both_ways() {
        let shown = edge(&EdgeRecord { feed_cursor: 38, ..north() }, &region(), NOW);
        assert_eq!((shown.lag_up_ops, shown.lag_down_outcomes, shown.lag_down_changes), (2, 2, 2));
    }

    #[test]
    fn a_link_is_up_only_while_somebody_hears_the_edge() {
        let shown = |edge: EdgeRecord| {
            let shown = super::edge(&edge, &region(), NOW);
            (shown.link, shown.since)
        };
        assert_eq!(shown(north()), (LinkState::Up, north().link_since));
        let stale = Some(NOW.plus_ms(-CONTACT_STALE_MS - 1));
        assert_eq!(
            shown(EdgeRecord { last_contact_at: stale, ..north() }),
            (LinkState::Down, stale),
            "its replica is gone"
        );
        let ended = EdgeRecord { link_up: false, link_since: Some(NOW), ..north() };
        assert_eq!(shown(ended), (LinkState::Down, Some(NOW)));
        assert_eq!(
            shown(EdgeRecord { last_contact_at: None, ..north() }),
            (LinkState::Never, None)
        );
    }

    #[test]
    fn digests_below_what_was_compacted_say_nothing() {
        let at = |feed_cursor| {
            let there = Some(Hash::of(b"there"));
            edge(&EdgeRecord { feed_cursor, region_digest: there, ..north() }, &region(), NOW)
                .checksum
        };
        assert_eq!(at(40), ChecksumState::Match);
        assert_eq!(at(20), ChecksumState::Mismatch);
        assert_eq!(at(19), ChecksumState::Settling);
    }

    #[test]
    fn a_quarantine_is_shown_until_it_is_noted_and_a_twin_while_it_calls() {
        let quarantine = QuarantineStatus { at: NOW, why: wire::QuarantineWhy::EdgeRestored };
        let shown = |alarms| {
            let shown = edge(&EdgeRecord { alarms, ..north() }, &region(), NOW);
            (shown.quarantine.is_some(), shown.twin_seen_at.is_some())
        };
        let seen = |ago_ms: i64| Some(NOW.plus_ms(-ago_ms));
        let alarms = |readmitted_at, twin_seen_at| Alarms {
            quarantine: Some(quarantine),
            readmitted_at,
            needs_operator_at: None,
            twin_seen_at,
        };
        assert_eq!(shown(alarms(seen(1), seen(TWIN_STALE_MS))), (true, true));
        assert_eq!(shown(alarms(seen(0), seen(TWIN_STALE_MS + 1))), (false, false));
    }

    #[test]
    fn an_edge_that_never_enrolled_is_not_reported() {
        let waiting = EdgeRecord { enrolled_at: None, ..north() };
        let report = report(&[region()], &[north(), waiting], NOW);
        assert_eq!(report.regions[0].edges.len(), 1);
    }
}
