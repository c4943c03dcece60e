//! The status of a region and its edges for an operator: the one shape that the hub answers and that the
//! command line and dashboards show.

use serde::{Deserialize, Serialize};

use crate::{EdgeId, Policy, QuarantineWhy, Region, UnixMillis};

words! {
    GateState {
        Open "open",
        Closed "closed",
    }
}
words_from_text!(GateState);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    Up,
    Down,
    /// Enrolled, never heard of.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumState {
    /// The edge's confirmed orders equal the cloud's at the same feed number.
    Match,
    Mismatch,
    /// The edge is behind the feed, or an outcome has run ahead of it: nothing to compare yet.
    Settling,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    pub now: UnixMillis,
    pub regions: Vec<RegionStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionStatus {
    pub region: Region,
    pub gate: GateState,
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    pub feed_seq: u64,
    pub orders: u64,
    /// Accepts made at the portal that wait, for the region's holder or for an operator.
    #[serde(default)]
    pub asks_waiting: u64,
    /// Of those: the ones that wait for an operator.
    #[serde(default)]
    pub asks_stopped: u64,
    /// The repairs by the comparison with the order service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repairs: Option<RepairStatus>,
    pub edges: Vec<EdgeStatus>,
}

/// How a region's feed was put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairStatus {
    /// When it was last compared with the order service.
    pub compared_at: Option<UnixMillis>,
    /// Changes that had not arrived.
    pub repaired: u64,
    pub repaired_at: Option<UnixMillis>,
    /// How often the two have said different things of one version of an order, or the feed was ahead of
    /// the order service, or had too many orders that it does not know: those stay.
    pub contradictions: u64,
    pub contradicted_at: Option<UnixMillis>,
}

/// One edge in the hub's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeListItem {
    pub region: Region,
    pub created_at: UnixMillis,
    /// Absent while its code waits to be used.
    pub enrolled_at: Option<UnixMillis>,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStatus {
    pub edge: EdgeId,
    pub link: LinkState,
    /// Since when the link is as it is.
    pub since: Option<UnixMillis>,
    pub last_contact_at: Option<UnixMillis>,
    pub epoch: u64,
    pub version: Option<String>,
    /// Ops at the edge without a stored outcome, by its last word, and the age of the oldest.
    pub pending: u32,
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
    pub clock_error_ms: Option<i64>,
    pub disk_free_bytes: Option<u64>,
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
    pub stopped: u64,
    /// Acceptances made there that have lost, and when the last of them was told so.
    #[serde(default)]
    pub lost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<UnixMillis>,
}

/// The commands that an ended epoch has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBehind {
    pub epoch: u64,
    pub commands: u64,
}

/// An epoch was ended because the edge was restored or cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineStatus {
    pub at: UnixMillis,
    pub why: QuarantineWhy,
}

/// With less, an operator is told while there is still time: an edge whose disk is full takes nothing in.
const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// A clock further off judges tokens wrongly; a slow network alone looks like some seconds.
const CLOCK_ERROR_MS_MAX: u64 = 60_000;

/// How long a contradiction is spoken of.
const CONTRADICTION_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

impl StatusReport {
    /// A sentence for everything that is wrong; empty when all is well.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for region in &self.regions {
            let of_region = region.complaints(self.now);
            complaints.extend(of_region.map(|why| format!("{}: {why}", region.region)));
            for edge in &region.edges {
                complaints.extend(edge.complaints().map(|why| format!("{}: {why}", edge.edge)));
            }
        }
        complaints
    }
}

impl RegionStatus {
    /// True if its feed and its owner contradicted each other on one version in the last day.
    pub fn contradicted_lately(&self, now: UnixMillis) -> bool {
        let at = self.repairs.and_then(|repairs| repairs.contradicted_at);
        at.is_some_and(|at| now.since(at) < CONTRADICTION_SHOWN_MS)
    }

    fn complaints(&self, now: UnixMillis) -> impl Iterator<Item = String> {
        let contradiction = "its feed and the order service said different things of an order";
        let stopped = format!("{} accepts of the portal wait for an operator", self.asks_stopped);
        so([
            (self.gate == GateState::Closed, "the gate is closed"),
            (self.contradicted_lately(now), contradiction),
            (self.asks_stopped > 0, &stopped),
            (self.edges.is_empty(), "no edge is enrolled"),
        ])
    }
}

impl EdgeStatus {
    /// True if its disk will soon be full, by its last word.
    pub fn disk_is_low(&self) -> bool {
        self.disk_free_bytes.is_some_and(|free| free < DISK_FREE_BYTES_MIN)
    }

    /// True if its clock is wrong, by its last word.
    pub fn clock_is_wrong(&self) -> bool {
        self.clock_error_ms.is_some_and(|error| error.unsigned_abs() > CLOCK_ERROR_MS_MAX)
    }

    /// The alarms about its log come before all others.
    fn complaints(&self) -> impl Iterator<Item = String> {
        let quarantine = self.quarantine.map(|quarantine| quarantine.why);
        let alarms = so([
            (self.needs_operator_at.is_some(), "was restored too often and is not let in"),
            (self.twin_seen_at.is_some(), "a second instance of it calls"),
            (quarantine == Some(QuarantineWhy::EdgeRestored), "was restored and has a new epoch"),
            (quarantine == Some(QuarantineWhy::EdgeCloned), "was cloned and has a new epoch"),
            (self.unproven.is_some(), "holds the region and its view did not agree"),
        ]);
        let left_behind = self.left_behind.iter().map(|LeftBehind { epoch, commands }| {
            format!("left behind in epoch {epoch}: {commands} commands")
        });
        let machine = so([
            (self.disk_is_low(), "its disk is nearly full"),
            (self.clock_is_wrong(), "its clock is wrong"),
        ]);
        alarms.chain(left_behind).chain(self.link_complaint()).chain(machine)
    }

    fn link_complaint(&self) -> Option<String> {
        let why = match (self.link, self.checksum) {
            (LinkState::Never, _) => "has never been heard of",
            (LinkState::Down, _) => "the link is down",
            (LinkState::Up, ChecksumState::Mismatch) => "its orders differ from the cloud's",
            _ if self.unsettled_since.is_some() => {
                "its orders cannot be compared with the cloud's though nothing moves"
            }
            _ if self.held > 0 => return Some(format!("{} ops are held", self.held)),
            _ if self.parked > 0 => return Some(format!("{} ops wait for a service", self.parked)),
            _ => return None,
        };
        Some(why.to_owned())
    }
}

/// The sentences that are true.
fn so<const N: usize>(sentences: [(bool, &str); N]) -> impl Iterator<Item = String> + use<N> {
    let mut told = Vec::new();
    told.extend(sentences.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why.to_owned()));
    told.into_iter()
}
