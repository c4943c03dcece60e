//! The status of a region and its edges for an operator: the one shape that the hub answers and
//! that the command line and dashboards show.

mod complaint;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{EdgeId, Policy, QuarantineWhy, Region, UnixMillis};

pub use complaint::{CLOCK_ERROR_MS_MAX, Complaint, ComplaintKind};

words! {
    GateState {
        Open "open",
        Closed "closed",
    }
}
words_from_text!(GateState);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    Up,
    Down,
    /// Enrolled, never heard of.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumState {
    /// The edge's confirmed orders equal the cloud's at the same feed number.
    Match,
    Mismatch,
    /// The edge is behind the feed, or an outcome has run ahead of it: nothing to compare yet.
    Settling,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusReport {
    pub now: UnixMillis,
    pub regions: Vec<RegionStatus>,
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
    /// Accepts made at the portal that wait, for the region's holder or for an operator.
    #[serde(default)]
    #[schema(required)]
    pub asks_waiting: u64,
    /// Of those: the ones that wait for an operator.
    #[serde(default)]
    #[schema(required)]
    pub asks_stopped: u64,
    /// The repairs by the comparison with the order service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repairs: Option<RepairStatus>,
    pub edges: Vec<EdgeStatus>,
}

/// How a region's feed was put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepairStatus {
    /// When it was last compared with the order service.
    #[schema(required)]
    pub compared_at: Option<UnixMillis>,
    /// Changes that had not arrived.
    pub repaired: u64,
    #[schema(required)]
    pub repaired_at: Option<UnixMillis>,
    /// How often the two have said different things of one version of an order, or the feed was
    /// ahead of the order service, or had too many orders that it does not know: those stay.
    pub contradictions: u64,
    #[schema(required)]
    pub contradicted_at: Option<UnixMillis>,
}

/// One edge in the hub's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeListItem {
    pub region: Region,
    pub created_at: UnixMillis,
    /// Absent while its code waits to be used.
    pub enrolled_at: Option<UnixMillis>,
    /// The last moment at which its code can be used, while it has one.
    #[serde(default)]
    pub code_expires_at: Option<UnixMillis>,
    /// An operator has disabled it: its key is refused until it has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<UnixMillis>,
    /// It was disabled for good.
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
    /// Since when the link is as it is.
    #[schema(required)]
    pub since: Option<UnixMillis>,
    #[schema(required)]
    pub last_contact_at: Option<UnixMillis>,
    pub epoch: u64,
    #[schema(required)]
    pub version: Option<String>,
    /// Ops at the edge without a stored outcome, by its last word, and the age of the oldest.
    pub pending: u32,
    #[schema(required)]
    pub oldest_pending_at: Option<UnixMillis>,
    /// Ops the hub has received and not yet decided.
    pub undecided: u64,
    pub held: u64,
    pub parked: u64,
    /// Ops the edge has logged and the hub has not received.
    pub lag_up_ops: u64,
    /// Feed changes and outcomes that the edge has not yet acknowledged.
    pub lag_down_changes: u64,
    pub lag_down_outcomes: u64,
    /// When the oldest of them was stored at the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_down_since: Option<UnixMillis>,
    pub checksum: ChecksumState,
    #[schema(required)]
    pub clock_error_ms: Option<i64>,
    #[schema(required)]
    pub disk_free_bytes: Option<u64>,
    /// People whose commands it refuses, because it keeps its last room for those whom it knows.
    #[serde(default)]
    pub newcomers_waiting: u32,
    /// Commands that epochs of it have left without an outcome, and that have not come back yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<LeftBehind>,
    /// How its epoch came to be, until an operator has taken note of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineStatus>,
    /// Since when it waits to be let in, because it was restored too often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_operator_at: Option<UnixMillis>,
    /// When a second instance of it called, where that was just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin_seen_at: Option<UnixMillis>,
    /// Since when an image is on its way that puts right what it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair_asked_at: Option<UnixMillis>,
    /// How often one has, and when last.
    #[serde(default)]
    #[schema(required)]
    pub repairs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired_at: Option<UnixMillis>,
    /// The fence of a grant that its view did not agree with: it answers nothing firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproven: Option<u64>,
    /// Since when its checksum has been settling though nothing moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsettled_since: Option<UnixMillis>,
    /// Of those held: the ops that wait for an operator.
    #[serde(default)]
    #[schema(required)]
    pub stopped: u64,
    /// Acceptances made there that have lost, and when the last of them was told so.
    #[serde(default)]
    #[schema(required)]
    pub lost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<UnixMillis>,
    /// It checks no hub's key: an older program, or one without a key on a plain line.
    #[serde(default)]
    pub takes_any_hub: bool,
    /// Its link goes over plain HTTP to another machine.
    #[serde(default)]
    pub plain_line: bool,
    /// Since when it sends people's tokens that open the cloud, as edges did before there were
    /// others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_tokens_since: Option<UnixMillis>,
}

/// The commands that an ended epoch has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftBehind {
    pub epoch: u64,
    pub commands: u64,
}

/// An epoch was ended because the edge was restored or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineStatus {
    pub at: UnixMillis,
    pub why: QuarantineWhy,
}

impl EdgeStatus {
    /// True if its disk will soon be full, by its last word.
    pub fn disk_is_low(&self) -> bool {
        self.disk_free_bytes.is_some_and(|free| free < complaint::DISK_FREE_BYTES_MIN)
    }
}
