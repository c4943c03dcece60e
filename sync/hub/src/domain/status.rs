//! Derives the operator's status view from stored rows, and finds edges with a checksum that
//! settles for too long. A checksum settles while changes are in transit; once nothing moves, it
//! matches within seconds or never.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    ChecksumState, EdgeId, EdgeStatus, GateState, Hash, LinkState, Policy, Region, RegionStatus,
    RepairStatus, StatusReport, UnixMillis,
};

/// A session records its last contact every few seconds. A link counts as down after
/// this time without contact: the edge or the session's replica may be gone.
pub(crate) const CONTACT_STALE_MS: i64 = 12_000;

/// A twin calls twice a minute. After a longer silence it is gone or enrolled again.
const TWIN_STALE_MS: i64 = 120_000;

/// A region as stored. An operator's list shows the first six fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RegionRecord {
    pub region: Region,
    pub gate: GateState,
    pub policy: Policy,
    #[schema(required)]
    pub holder: Option<EdgeId>,
    pub feed_seq: u64,
    pub orders: u64,
    #[serde(skip)]
    pub feed_generation: u64,
    #[serde(skip)]
    pub feed_digest: Hash,
    /// The feed is compacted up to this number: older versions are removed.
    #[serde(skip)]
    pub compacted_to: u64,
    /// The number of the last lost acceptance.
    #[serde(skip)]
    pub lost: u64,
    /// The portal's waiting accepts, and how many of them wait for an operator.
    #[serde(skip)]
    pub asks_waiting: u64,
    #[serde(skip)]
    pub asks_stopped: u64,
    #[serde(skip)]
    pub repairs: RepairStatus,
}

/// A region's link, as shown to customers and providers: without edge names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RegionLink {
    pub region: Region,
    /// No edge of the region reaches the cloud: an order may be further along there.
    pub is_cut_off: bool,
    /// The time of the cut-off, if known.
    #[schema(required)]
    pub cut_off_since: Option<UnixMillis>,
}

impl RegionLink {
    /// The region is cut off from the moment its last link went down.
    pub(crate) fn from_status(status: &RegionStatus) -> Self {
        let edges = &status.edges;
        let is_known = edges.iter().any(|edge| edge.link != LinkState::Never);
        let is_linked = edges.iter().any(|edge| edge.link == LinkState::Up);
        let is_cut_off = is_known && (status.gate == GateState::Closed || !is_linked);
        let cut_off_since = edges
            .iter()
            .filter(|edge| edge.link == LinkState::Down)
            .filter_map(|edge| edge.since)
            .max()
            .filter(|_| is_cut_off);
        Self {
            region: status.region,
            is_cut_off,
            cut_off_since,
        }
    }
}

/// An edge as stored. An operator's list shows the fields down to `stored`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EdgeItem)]
pub(crate) struct EdgeRecord {
    pub region: Region,
    pub created_at: UnixMillis,
    /// Absent until the edge uses its code.
    #[schema(required)]
    pub enrolled_at: Option<UnixMillis>,
    /// The expiry of the unused code, if there is one.
    #[schema(required)]
    pub code_expires_at: Option<UnixMillis>,
    /// Set if an operator disabled the edge: its key is refused until it gets a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<UnixMillis>,
    /// Set if the edge was disabled permanently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<UnixMillis>,
    pub cursor_seq: u64,
    pub outcome_cursor: u64,
    pub feed_cursor: u64,
    /// The values shown as stored. The derived ones are added when the status is built.
    #[serde(flatten)]
    pub stored: EdgeStatus,
    #[serde(skip)]
    pub outcome_count: u64,
    #[serde(skip)]
    pub link_up: bool,
    #[serde(skip)]
    pub link_since: Option<UnixMillis>,
    #[serde(skip)]
    pub digest: Option<Hash>,
    #[serde(skip)]
    pub ahead: u64,
    #[serde(skip)]
    pub last_seq: u64,
    /// The region's digest at `feed_cursor`, if that change is still stored.
    #[serde(skip)]
    pub region_digest: Option<Hash>,
    /// The digest of the region assignment known to the edge.
    #[serde(skip)]
    pub assignment: Option<Hash>,
    /// When an operator last acknowledged its quarantine.
    #[serde(skip)]
    pub readmitted_at: Option<UnixMillis>,
}

impl EdgeRecord {
    pub(crate) fn is_in_service(&self) -> bool {
        self.enrolled_at.is_some() && self.disabled_at.is_none()
    }

    /// Disabled, and waiting for an operator to issue a new key or retire it.
    pub(crate) fn waits_disabled(&self) -> bool {
        self.disabled_at.is_some() && self.retired_at.is_none()
    }
}

/// Regions in their fixed order, each with its edges in service, sorted by name. The parts of the
/// cloud are in no store.
pub(crate) fn build_report(
    regions: &[RegionRecord],
    edges: &[EdgeRecord],
    now: UnixMillis,
) -> StatusReport {
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
            edges: derive_edges_of_region(edges, region, now),
        })
        .collect();
    StatusReport {
        now,
        regions,
        parts: Vec::new(),
    }
}

fn derive_edges_of_region(
    edges: &[EdgeRecord],
    region: &RegionRecord,
    now: UnixMillis,
) -> Vec<EdgeStatus> {
    edges
        .iter()
        .filter(|edge| edge.region == region.region && edge.is_in_service())
        .map(|edge| derive_edge_status(edge, region, now))
        .collect()
}

pub(crate) fn derive_edge_status(
    edge: &EdgeRecord,
    region: &RegionRecord,
    now: UnixMillis,
) -> EdgeStatus {
    let (link, since) = derive_link_state(edge, now);
    let stored = edge.stored.clone();
    EdgeStatus {
        link,
        since,
        lag_up_ops: edge.last_seq.saturating_sub(edge.cursor_seq),
        lag_down_changes: region.feed_seq.saturating_sub(edge.feed_cursor),
        lag_down_outcomes: edge.outcome_count.saturating_sub(edge.outcome_cursor),
        checksum: derive_checksum_state(edge, region),
        quarantine: stored
            .quarantine
            .filter(|quarantine| edge.readmitted_at.is_none_or(|noted| noted < quarantine.at)),
        twin_seen_at: stored
            .twin_seen_at
            .filter(|seen| now.ms_since(*seen) <= TWIN_STALE_MS),
        ..stored
    }
}

fn derive_link_state(edge: &EdgeRecord, now: UnixMillis) -> (LinkState, Option<UnixMillis>) {
    let Some(contact) = edge.stored.last_contact_at else {
        return (LinkState::Never, None);
    };
    match edge.link_up {
        false => (LinkState::Down, edge.link_since),
        true if now.ms_since(contact) > CONTACT_STALE_MS => (LinkState::Down, Some(contact)),
        true => (LinkState::Up, edge.link_since),
    }
}

/// Compares the edge's orders with the cloud's. A difference at the same feed number is a mismatch
/// even if more changes follow; equality counts only at the end of the feed.
fn derive_checksum_state(edge: &EdgeRecord, region: &RegionRecord) -> ChecksumState {
    let Some(digest) = edge.digest else {
        return ChecksumState::Unknown;
    };
    let (0, Some(here)) = (edge.ahead, region_digest(edge, region)) else {
        return ChecksumState::Settling;
    };
    match digest == here {
        false => ChecksumState::Mismatch,
        true if edge.feed_cursor == region.feed_seq => ChecksumState::Match,
        true => ChecksumState::Settling,
    }
}

/// The region's digest at the edge's cursor; `None` below the compacted part, because a reader may
/// lack those versions.
fn region_digest(edge: &EdgeRecord, region: &RegionRecord) -> Option<Hash> {
    if edge.feed_cursor == region.feed_seq {
        return Some(region.feed_digest);
    }
    edge.region_digest
        .filter(|_| edge.feed_cursor >= region.compacted_to)
}

pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(60);

/// The settling edges. Clones share them: the gauges update them periodically, a status request
/// reads them.
#[derive(Clone, Default)]
pub(crate) struct SettlingEdges(Arc<Mutex<BTreeMap<EdgeId, SettlingState>>>);

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
    pub(crate) fn is_stuck(
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
    pub(crate) fn set_unsettled_since(&self, edge: &mut EdgeStatus) {
        let stuck_since = self
            .lock_edges()
            .get(&edge.edge)
            .and_then(|rest| rest.stuck_since);
        let is_settling = edge.checksum == ChecksumState::Settling;
        edge.unsettled_since = stuck_since.filter(|_| is_settling);
    }

    /// Completes a report as [`Self::set_unsettled_since`] does one edge.
    pub(crate) fn set_unsettled_edges(&self, report: &mut StatusReport) {
        let regions = report.regions.iter_mut();
        for edge in regions.flat_map(|region| &mut region.edges) {
            self.set_unsettled_since(edge);
        }
    }

    fn lock_edges(&self) -> MutexGuard<'_, BTreeMap<EdgeId, SettlingState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests;
