//! The status of a region and its edges, in the shape that the hub, the command line and dashboards
//! share, and its health problems, in one place so that all readers agree on the meaning of
//! healthy.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    assignment::{Policy, QuarantineWhy},
    ids::{EdgeId, Region},
    time::UnixMillis,
};

words! {
    GateState {
        Open "open",
        Closed "closed",
    }
}
words_from_text!(GateState);

words! {
    /// What an edge does about its disk. Add no level: an older hub would ignore the whole Ack.
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    DiskLevel {
        Normal = 0 "normal",
        /// Warns the operator.
        Warn = 1 "warn",
        /// Also drops copies of closed orders, which the cloud has.
        Shed = 2 "shed",
        /// Also refuses new commands.
        Refuse = 3 "refuse",
    }
}
words_from_text!(DiskLevel);

/// How full the disk of an edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct DiskUse {
    #[n(0)]
    pub level: DiskLevel,
    #[n(1)]
    pub used_percent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    Up,
    Down,
    /// Enrolled but never connected.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumState {
    /// The edge's confirmed orders equal the cloud's at the same feed number.
    Match,
    Mismatch,
    /// The edge is behind the feed, or an outcome is ahead of it, so there is nothing to compare
    /// yet.
    Settling,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusReport {
    pub now: UnixMillis,
    pub regions: Vec<RegionStatus>,
    /// The parts of the cloud. Absent until the hub has looked at them for the first time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartStatus>,
}

/// A part of the cloud, as the hub sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartStatus {
    /// Its name, such as `payment`.
    pub part: String,
    /// The events of its queues and its exchange that wait for an operator.
    pub dead_letters: u64,
    /// Since when it has not answered, or no process of it has read its events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_since: Option<UnixMillis>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegionStatus {
    pub region: Region,
    pub gate: GateState,
    pub policy: Policy,
    #[schema(required)]
    pub holder: Option<EdgeId>,
    pub feed_seq: u64,
    pub orders: u64,
    /// Accepts made at the portal that wait for the region's holder or for an operator.
    #[serde(default)]
    #[schema(required)]
    pub asks_waiting: u64,
    /// The number of those that wait for an operator.
    #[serde(default)]
    #[schema(required)]
    pub asks_stopped: u64,
    /// Repairs after comparison with the order service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repairs: Option<RepairStatus>,
    pub edges: Vec<EdgeStatus>,
}

/// How a region's feed was repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepairStatus {
    #[schema(required)]
    pub compared_at: Option<UnixMillis>,
    /// Changes that had not arrived.
    pub repaired: u64,
    #[schema(required)]
    pub repaired_at: Option<UnixMillis>,
    /// How often the two disagreed on one version of an order, the feed was ahead of the order
    /// service, or it had too many unknown orders. These are not repaired.
    pub contradictions: u64,
    #[schema(required)]
    pub contradicted_at: Option<UnixMillis>,
}

/// One edge in the hub's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeListItem {
    pub region: Region,
    pub created_at: UnixMillis,
    /// Absent until its enrolment code is used.
    pub enrolled_at: Option<UnixMillis>,
    /// When its enrolment code expires, if it has one.
    #[serde(default)]
    pub code_expires_at: Option<UnixMillis>,
    /// When an operator disabled it; its key is refused until it has a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<UnixMillis>,
    /// When it was disabled permanently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<UnixMillis>,
    /// The end of its log at the hub, in this epoch.
    #[serde(default)]
    pub cursor_seq: u64,
    /// Its cursors in the outcomes and in its region's feed.
    #[serde(default)]
    pub outcome_cursor: u64,
    #[serde(default)]
    pub feed_cursor: u64,
    #[serde(flatten)]
    pub status: EdgeStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgeStatus {
    pub edge: EdgeId,
    pub link: LinkState,
    /// When the link entered its current state.
    #[schema(required)]
    pub since: Option<UnixMillis>,
    #[schema(required)]
    pub last_contact_at: Option<UnixMillis>,
    pub epoch: u64,
    #[schema(required)]
    pub version: Option<String>,
    /// Ops at the edge without a stored outcome, as last reported, and the age of the oldest.
    pub pending: u32,
    #[schema(required)]
    pub oldest_pending_at: Option<UnixMillis>,
    /// Ops that the hub has received but not decided.
    pub undecided: u64,
    pub held: u64,
    pub parked: u64,
    /// Ops that the edge has logged but the hub has not received.
    pub lag_up_ops: u64,
    /// Feed changes and outcomes that the edge has not acknowledged.
    pub lag_down_changes: u64,
    pub lag_down_outcomes: u64,
    /// When the hub stored the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_down_since: Option<UnixMillis>,
    pub checksum: ChecksumState,
    #[schema(required)]
    pub clock_error_ms: Option<i64>,
    #[schema(required)]
    pub disk_free_bytes: Option<u64>,
    /// Absent from edges that do not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskUse>,
    /// Photos at the edge that the cloud does not have yet; absent from edges that take none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos_waiting: Option<u32>,
    /// People that it refuses because it reserves its last space for known people.
    #[serde(default)]
    pub newcomers_waiting: u32,
    /// Commands that its epochs left without an outcome and that have not come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<LeftBehind>,
    /// How its current epoch began, until an operator takes note of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineStatus>,
    /// Since when it waits for an operator's admission, because it was restored too often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_operator_at: Option<UnixMillis>,
    /// When a second instance of it connected, if that was recent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin_seen_at: Option<UnixMillis>,
    /// Since when a snapshot that repairs it has been under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair_asked_at: Option<UnixMillis>,
    /// How many such repairs it had, and when the last one was.
    #[serde(default)]
    #[schema(required)]
    pub repairs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired_at: Option<UnixMillis>,
    /// The fence of a grant that its view did not match, so that it gives no firm answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproven: Option<u64>,
    /// Since when its checksum has been settling although nothing moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsettled_since: Option<UnixMillis>,
    /// The number of held ops that wait for an operator.
    #[serde(default)]
    #[schema(required)]
    pub stopped: u64,
    /// Acceptances made there that lost, and when the last provider was notified.
    #[serde(default)]
    #[schema(required)]
    pub lost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<UnixMillis>,
    /// It accepts any hub: it runs an older program, or has no hub key on a plain line.
    #[serde(default)]
    pub takes_any_hub: bool,
    /// Its link uses plain HTTP to another machine.
    #[serde(default)]
    pub plain_line: bool,
    /// Tablets on other machines connect to it without encryption.
    #[serde(default)]
    pub plain_listeners: bool,
    /// Since when it has sent people's tokens for the cloud, as edges did before edge tokens
    /// existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_tokens_since: Option<UnixMillis>,
    /// When the newest certificate that the hub issued it for its tablets ends. Absent if it has its
    /// own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_at: Option<UnixMillis>,
}

/// The commands that an ended epoch has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftBehind {
    pub epoch: u64,
    pub commands: u64,
}

/// An epoch ended because the edge was restored or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineStatus {
    pub at: UnixMillis,
    pub why: QuarantineWhy,
}

impl EdgeStatus {
    /// Returns true if its disk will soon be full, or is full enough that the edge drops copies, as
    /// last reported.
    pub fn disk_is_low(&self) -> bool {
        let sheds = self.disk.is_some_and(|disk| disk.level >= DiskLevel::Shed);
        sheds
            || self
                .disk_free_bytes
                .is_some_and(|free| free < DISK_FREE_BYTES_MIN)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthIssue {
    /// The region, the edge or the part.
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
    /// The part does not answer, or reads no events.
    PartAway {
        since: UnixMillis,
    },
    /// Events of the part that wait for an operator.
    DeadLetters(u64),
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
        /// If the edge reports it.
        disk: Option<DiskUse>,
    },
    /// It reserves its last space for known people and has refused this many others.
    NewcomersWait(u64),
    /// It would accept any hub.
    TakesAnyHub,
    /// Third parties can read and change its traffic with the cloud.
    PlainLine,
    /// Third parties on the shop's network can read and change its traffic with tablets.
    PlainListeners,
    ClockWrong {
        error_ms: i64,
    },
    /// It has people's tokens that open the cloud.
    CloudTokens {
        since: UnixMillis,
    },
    /// Without a newer one, its tablets refuse it from then on.
    CertificateEnds {
        at: UnixMillis,
    },
}

/// Below this limit an operator is warned in time: an edge with a full disk takes nothing in.
const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// A clock further off misjudges tokens; a slow network alone looks like a few seconds.
pub const CLOCK_ERROR_MS_MAX: i64 = 60_000;

/// A connected edge renews its certificate 30 days before the end, so half of that has passed in
/// vain. An issue ends as long after the end: by then the edge shows another certificate.
const CERTIFICATE_WARNED_MS: i64 = 15 * 24 * 60 * 60 * 1000;

const CONTRADICTION_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

impl StatusReport {
    /// Empty if all is well.
    pub fn list_health_issues(&self) -> Vec<HealthIssue> {
        let mut complaints = Vec::new();
        for part in &self.parts {
            let kinds = part.list_health_issues();
            complaints.extend(kinds.map(|kind| HealthIssue::new(&part.part, kind)));
        }
        for region in &self.regions {
            let about = region.region.as_str();
            let kinds = region.list_health_issues(self.now);
            complaints.extend(kinds.map(|kind| HealthIssue::new(about, kind)));
            for edge in &region.edges {
                let about = edge.edge.as_str();
                let kinds = edge.list_health_issues(region.gate, self.now);
                complaints.extend(kinds.map(|kind| HealthIssue::new(about, kind)));
            }
        }
        complaints
    }
}

impl PartStatus {
    fn list_health_issues(&self) -> impl Iterator<Item = HealthIssueKind> {
        let away = self.away_since;
        let found = [
            away.map(|since| HealthIssueKind::PartAway { since }),
            nonzero_count(self.dead_letters).map(HealthIssueKind::DeadLetters),
        ];
        found.into_iter().flatten()
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
    fn list_health_issues(
        &self,
        gate: GateState,
        now: UnixMillis,
    ) -> impl Iterator<Item = HealthIssueKind> {
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
            free_bytes.map(|free_bytes| HealthIssueKind::DiskLow {
                free_bytes,
                disk: self.disk,
            }),
            nonzero_count(self.newcomers_waiting.into()).map(HealthIssueKind::NewcomersWait),
            error_ms.map(|error_ms| HealthIssueKind::ClockWrong { error_ms }),
            self.takes_any_hub.then_some(HealthIssueKind::TakesAnyHub),
            self.plain_line.then_some(HealthIssueKind::PlainLine),
            self.plain_listeners
                .then_some(HealthIssueKind::PlainListeners),
            self.cloud_tokens_since
                .map(|since| HealthIssueKind::CloudTokens { since }),
            self.certificate_ends_at
                .filter(|at| is_near(now, *at, CERTIFICATE_WARNED_MS))
                .map(|at| HealthIssueKind::CertificateEnds { at }),
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

fn is_near(now: UnixMillis, at: UnixMillis, within_ms: i64) -> bool {
    at.ms_since(now) < within_ms && now.ms_since(at) < within_ms
}

fn nonzero_count(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}
