//! The health problems in a status report, in one place so that all readers agree on the meaning of
//! healthy.

use super::{
    ChecksumState, EdgeStatus, GateState, LeftBehind, LinkState, RegionStatus, StatusReport,
};
use crate::{Policy, QuarantineStatus, UnixMillis};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The region or the edge.
    pub about: String,
    pub kind: ComplaintKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComplaintKind {
    GateClosed,
    /// The feed and its owner disagreed on one version within the last day; with the total so far.
    Contradicted(u64),
    AsksStopped(u64),
    NoEdge,
    /// The policy is exclusive but no edge has the right, so the region assigns as under
    /// optimistic.
    NobodyHolds,
    NeedsOperator,
    Twin,
    /// With the epoch that has run since.
    Quarantined(QuarantineStatus, u64),
    GrantDiffers {
        fence: u64,
    },
    LeftBehind(LeftBehind),
    NeverConnected,
    LinkDown(GateState),
    OrdersDiffer,
    /// The two differ although nothing is on its way: the edge cannot continue to read, or an
    /// outcome announced a change that the feed never delivered.
    Unsettled {
        since: UnixMillis,
        unread: u64,
    },
    OpsStopped(u64),
    OpsHeld(u64),
    OpsParked(u64),
    DiskLow {
        free_bytes: u64,
    },
    /// It reserves its last space for known people and has refused this many others.
    NewcomersWait(u64),
    /// It would accept any hub.
    TakesAnyHub,
    /// Third parties can read and change its traffic with the cloud.
    PlainLine,
    ClockWrong {
        error_ms: i64,
    },
    /// It has people's tokens that open the cloud.
    CloudTokens {
        since: UnixMillis,
    },
}

/// Below this limit an operator is warned in time: an edge with a full disk takes nothing in.
pub(super) const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// A clock further off misjudges tokens; a slow network alone looks like a few seconds.
pub const CLOCK_ERROR_MS_MAX: i64 = 60_000;

const CONTRADICTION_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

impl StatusReport {
    /// Empty if all is well.
    pub fn complaints(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut add =
            |about: &str, kind| complaints.push(Complaint { about: about.to_owned(), kind });
        for region in &self.regions {
            region.complaints(self.now).for_each(|kind| add(region.region.as_str(), kind));
            for edge in &region.edges {
                edge.complaints(region.gate).for_each(|kind| add(edge.edge.as_str(), kind));
            }
        }
        complaints
    }
}

impl RegionStatus {
    fn complaints(&self, now: UnixMillis) -> impl Iterator<Item = ComplaintKind> {
        let repairs = self.repairs.unwrap_or_default();
        let lately = |at: UnixMillis| now.since(at) < CONTRADICTION_SHOWN_MS;
        let contradicted = repairs.contradicted_at.filter(|at| lately(*at));
        let found = [
            (self.gate == GateState::Closed).then_some(ComplaintKind::GateClosed),
            contradicted.map(|_| ComplaintKind::Contradicted(repairs.contradictions)),
            some(self.asks_stopped).map(ComplaintKind::AsksStopped),
            self.edges.is_empty().then_some(ComplaintKind::NoEdge),
            self.is_held_by_nobody().then_some(ComplaintKind::NobodyHolds),
        ];
        found.into_iter().flatten()
    }

    /// Returns true if one edge should assign but none may.
    fn is_held_by_nobody(&self) -> bool {
        self.policy == Policy::Exclusive && self.holder.is_none()
    }
}

impl EdgeStatus {
    /// Alarms about its log come before all others.
    fn complaints(&self, gate: GateState) -> impl Iterator<Item = ComplaintKind> {
        let alarms = [
            self.needs_operator_at.map(|_| ComplaintKind::NeedsOperator),
            self.twin_seen_at.map(|_| ComplaintKind::Twin),
            self.quarantine.map(|status| ComplaintKind::Quarantined(status, self.epoch)),
            self.unproven.map(|fence| ComplaintKind::GrantDiffers { fence }),
        ];
        let left_behind = self.left_behind.iter().copied().map(ComplaintKind::LeftBehind);
        let free_bytes = self.disk_free_bytes.filter(|_| self.disk_is_low());
        let error_ms = self.clock_error_ms.filter(|ms| ms.saturating_abs() > CLOCK_ERROR_MS_MAX);
        let others = [
            self.link_complaint(gate),
            free_bytes.map(|free_bytes| ComplaintKind::DiskLow { free_bytes }),
            some(self.newcomers_waiting.into()).map(ComplaintKind::NewcomersWait),
            error_ms.map(|error_ms| ComplaintKind::ClockWrong { error_ms }),
            self.takes_any_hub.then_some(ComplaintKind::TakesAnyHub),
            self.plain_line.then_some(ComplaintKind::PlainLine),
            self.cloud_tokens_since.map(|since| ComplaintKind::CloudTokens { since }),
        ];
        alarms.into_iter().flatten().chain(left_behind).chain(others.into_iter().flatten())
    }

    /// Only the gravest: while the link is down, everything else about it is stale.
    fn link_complaint(&self, gate: GateState) -> Option<ComplaintKind> {
        match (self.link, self.checksum) {
            (LinkState::Never, _) => return Some(ComplaintKind::NeverConnected),
            (LinkState::Down, _) => return Some(ComplaintKind::LinkDown(gate)),
            (LinkState::Up, ChecksumState::Mismatch) => return Some(ComplaintKind::OrdersDiffer),
            _ => {}
        }
        let unread = self.lag_down_changes;
        let unsettled = self.unsettled_since;
        unsettled
            .map(|since| ComplaintKind::Unsettled { since, unread })
            .or(some(self.stopped).map(ComplaintKind::OpsStopped))
            .or(some(self.held).map(ComplaintKind::OpsHeld))
            .or(some(self.parked).map(ComplaintKind::OpsParked))
    }
}

fn some(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}
