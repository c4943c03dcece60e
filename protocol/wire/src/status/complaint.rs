//! The health problems in a status report, in one place so that all readers agree on the meaning of
//! healthy.

use super::{
    ChecksumState, EdgeStatus, GateState, LeftBehind, LinkState, RegionStatus, StatusReport,
};
use crate::{Policy, QuarantineStatus, UnixMillis};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthIssue {
    /// The region or the edge.
    pub about: String,
    pub kind: HealthIssueKind,
}

impl HealthIssue {
    fn new(about: &str, kind: HealthIssueKind) -> Self {
        let about = about.to_owned();
        Self { about, kind }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthIssueKind {
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
    pub fn list_health_issues(&self) -> Vec<HealthIssue> {
        let mut complaints = Vec::new();
        for region in &self.regions {
            let about = region.region.as_str();
            let kinds = region.list_health_issues(self.now);
            complaints.extend(kinds.map(|kind| HealthIssue::new(about, kind)));
            for edge in &region.edges {
                let about = edge.edge.as_str();
                let kinds = edge.list_health_issues(region.gate);
                complaints.extend(kinds.map(|kind| HealthIssue::new(about, kind)));
            }
        }
        complaints
    }
}

impl RegionStatus {
    fn list_health_issues(&self, now: UnixMillis) -> impl Iterator<Item = HealthIssueKind> {
        let repairs = self.repairs.unwrap_or_default();
        let contradicted = repairs
            .contradicted_at
            .filter(|at| now.ms_since(*at) < CONTRADICTION_SHOWN_MS);
        let found = [
            (self.gate == GateState::Closed).then_some(HealthIssueKind::GateClosed),
            contradicted.map(|_| HealthIssueKind::Contradicted(repairs.contradictions)),
            nonzero_count(self.asks_stopped).map(HealthIssueKind::AsksStopped),
            self.edges.is_empty().then_some(HealthIssueKind::NoEdge),
            self.lacks_holder().then_some(HealthIssueKind::NobodyHolds),
        ];
        found.into_iter().flatten()
    }

    /// Returns true if one edge should assign but none may.
    fn lacks_holder(&self) -> bool {
        self.policy == Policy::Exclusive && self.holder.is_none()
    }
}

impl EdgeStatus {
    /// Alarms about its log come before all others.
    fn list_health_issues(&self, gate: GateState) -> impl Iterator<Item = HealthIssueKind> {
        let alarms = [
            self.needs_operator_at
                .map(|_| HealthIssueKind::NeedsOperator),
            self.twin_seen_at.map(|_| HealthIssueKind::Twin),
            self.quarantine
                .map(|status| HealthIssueKind::Quarantined(status, self.epoch)),
            self.unproven
                .map(|fence| HealthIssueKind::GrantDiffers { fence }),
        ];
        let left_behind = self
            .left_behind
            .iter()
            .copied()
            .map(HealthIssueKind::LeftBehind);
        let free_bytes = self.disk_free_bytes.filter(|_| self.disk_is_low());
        let error_ms = self
            .clock_error_ms
            .filter(|ms| ms.saturating_abs() > CLOCK_ERROR_MS_MAX);
        let others = [
            self.find_link_issue(gate),
            free_bytes.map(|free_bytes| HealthIssueKind::DiskLow { free_bytes }),
            nonzero_count(self.newcomers_waiting.into()).map(HealthIssueKind::NewcomersWait),
            error_ms.map(|error_ms| HealthIssueKind::ClockWrong { error_ms }),
            self.takes_any_hub.then_some(HealthIssueKind::TakesAnyHub),
            self.plain_line.then_some(HealthIssueKind::PlainLine),
            self.cloud_tokens_since
                .map(|since| HealthIssueKind::CloudTokens { since }),
        ];
        alarms
            .into_iter()
            .flatten()
            .chain(left_behind)
            .chain(others.into_iter().flatten())
    }

    /// Only the gravest: while the link is down, everything else about it is stale.
    fn find_link_issue(&self, gate: GateState) -> Option<HealthIssueKind> {
        match (self.link, self.checksum) {
            (LinkState::Never, _) => return Some(HealthIssueKind::NeverConnected),
            (LinkState::Down, _) => return Some(HealthIssueKind::LinkDown(gate)),
            (LinkState::Up, ChecksumState::Mismatch) => return Some(HealthIssueKind::OrdersDiffer),
            _ => {}
        }
        let unread = self.lag_down_changes;
        let unsettled = self.unsettled_since;
        unsettled
            .map(|since| HealthIssueKind::Unsettled { since, unread })
            .or(nonzero_count(self.stopped).map(HealthIssueKind::OpsStopped))
            .or(nonzero_count(self.held).map(HealthIssueKind::OpsHeld))
            .or(nonzero_count(self.parked).map(HealthIssueKind::OpsParked))
    }
}

fn nonzero_count(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}
