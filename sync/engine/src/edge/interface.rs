//! The interface between the edge end of the link and its driver, and when the driver reconnects.
//!
//! Invariant: attempts start at most 2 s apart in the first minute after the link is lost and at
//! most 30 s apart after that. Jitter, drawn from an entropy argument, keeps edges out of step.

use std::time::Duration;

use wire::{
    BootNonce, CertificateAnswer, ChainHead, Challenge, Code, CommandId, DiskUse, EdgeId,
    FeedChange, ForwardedAcceptFrame, Frame, Hash, HeldReason, MessagePhotoPart, NumberedOutcome,
    OrderMessage, PhotoAnswer, QuarantineWhy, Region, SnapshotCursor, StagedSnapshot, UnixMillis,
};

use crate::view::ViewDigest;

/// The identity of one run of an edge process.
#[derive(Debug, Clone)]
pub struct EdgeRunIdentity {
    pub edge: EdgeId,
    pub region: Region,
    pub nonce: BootNonce,
    pub version: String,
    /// Tablets on other machines connect to it without encryption.
    pub plain_listeners: bool,
}

/// The cloud's answer to one query for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMessages {
    pub messages: Vec<OrderMessage>,
    /// The queried orders have more.
    pub is_more: bool,
}

/// How this edge verifies its hub, as declared in Hello. The default verifies nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct HubCheck {
    pub challenge: Option<Challenge>,
    /// The edge has pinned the hub's key.
    pub pinned: bool,
    /// The link runs over plain HTTP to another machine.
    pub plain_line: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeFilePosition {
    pub epoch: u64,
    pub head: ChainHead,
    pub suspect: bool,
    pub twin: bool,
    /// The newest op with a stored outcome, if that op is still on file.
    pub settled: Option<ChainHead>,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    /// The stored part of an incoming snapshot.
    pub staged: Option<StagedSnapshot>,
    /// The newest snapshot that became the view, by its last chunk's hash.
    pub snapshot: Option<Hash>,
    /// The fence of a grant that disagreed with this edge's view.
    pub unproven: Option<u64>,
    /// The digest of the region's policy, holder and fence.
    pub assignment: Hash,
    pub tally: ViewDigest,
    pub pending: u32,
    pub oldest_pending_at: Option<UnixMillis>,
}

/// The part of an Ack that describes the edge's machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineReport {
    /// The time that the edge uses.
    pub now: UnixMillis,
    pub disk_free_bytes: Option<u64>,
    /// How far the machine's clock is ahead of `now`, if the edge does not use that clock.
    pub clock_error_ms: Option<i64>,
    /// Number of people refused for lack of capacity; `None` while there is capacity.
    pub newcomers_waiting: Option<u32>,
    /// `None` if the system does not report it.
    pub disk: Option<DiskUse>,
    /// Number of whole photos that the cloud does not have yet.
    pub photos_waiting: Option<u32>,
}

/// Consecutive stored ops, and the chain before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpRun {
    pub before: ChainHead,
    pub ops: Vec<Vec<u8>>,
}

/// The ops to read next: as many as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpRange {
    pub from: u64,
    pub ops_max: u32,
    pub bytes_max: u64,
    /// Nothing is in flight, so the first op may have any size, even beyond the credit.
    pub first_whatever_size: bool,
}

/// One step for the driver, which runs steps in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStep {
    Send(Box<Frame>),
    /// Read these ops and pass them to the edge.
    Read(OpRange),
    /// Store this in one transaction, then report the position to the edge.
    Store(EdgeWrite),
    /// The session is open. Carries the cloud's clock for comparison.
    Welcomed(UnixMillis),
    /// The edge has now read the region's whole feed.
    FeedCurrent,
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere: log it unless its id is already logged, then report the position.
    Log(Box<ForwardedAcceptFrame>),
    /// The hub's answer to the request for a certificate.
    Certificate(Box<CertificateAnswer>),
    /// The hub's answer to the chunk of a photo.
    PhotoAnswered {
        command_id: CommandId,
        hash: Hash,
        answer: PhotoAnswer,
    },
    /// The answer to the query for messages; `None` if the cloud could not read them.
    MessagesAnswered(Option<ToldMessages>),
    /// The answer to the query for a part of a message's photo; `None` if the cloud could not read
    /// it.
    MessagePhotoAnswered(Option<MessagePhotoPart>),
    Ignored {
        kind: &'static str,
        why: IgnoreReason,
    },
    /// Close the connection.
    End(LinkEnd),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeWrite {
    Outcomes {
        to: u64,
        outcomes: Vec<NumberedOutcome>,
    },
    Changes {
        to: u64,
        changes: Vec<FeedChange>,
    },
    /// The feed has another generation: restart the cursor at 0 and keep the orders.
    Generation(u64),
    /// A snapshot chunk, staged outside the view. The last chunk makes the snapshot the view.
    Snapshot(SnapshotChunkWrite),
    /// A part of this edge's lost ops, staged until the last part arrives.
    Tail(TailWrite),
    /// The tail is complete: start this epoch and relog the undecided commands in it [RELOG].
    Quarantine(NewEpoch),
    Twin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotChunkWrite {
    /// Drop any staged part of an earlier snapshot.
    pub begins: bool,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub index: u32,
    /// The hash of this chunk.
    pub hash: Hash,
    pub changes: Vec<FeedChange>,
    /// The start of the next chunk; `None` in the last one.
    pub next: Option<SnapshotCursor>,
}

impl SnapshotChunkWrite {
    /// The staged part up to this chunk; `None` for the last chunk.
    pub fn as_staged(&self) -> Option<StagedSnapshot> {
        let Self {
            feed_generation,
            feed_seq,
            index,
            hash,
            ..
        } = *self;
        let next = self.next?;
        Some(StagedSnapshot {
            feed_generation,
            feed_seq,
            chunks: index + 1,
            hash,
            next,
        })
    }
}

/// Consecutive ops of one epoch that the hub returns to this edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailWrite {
    /// Drop any staged part of an earlier tail.
    pub begins: bool,
    pub epoch: u64,
    pub first_seq: u64,
    /// The chain hash up to and including the first op.
    pub first_hash: Hash,
    pub ops: Vec<Vec<u8>>,
}

/// The epoch granted by a quarantine, and the start of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEpoch {
    pub epoch: u64,
    pub grant: u64,
    pub last_accepted: Hash,
    pub why: QuarantineWhy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoreReason {
    /// Another term, nonce or epoch.
    OtherSession,
    /// An earlier frame is missing.
    Gap,
    /// Everything in the frame is already stored.
    Stale,
    /// The frame does not fit this end, phase or protocol version.
    Unexpected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEnd {
    Refused {
        code: Code,
        detail: String,
    },
    ProtocolUnsupported,
    /// The hub's chain contradicts this log: the edge is suspect from now on.
    ChainBroken,
    /// The hub keeps requesting the same ops.
    Stuck,
    /// A part of the returned ops is missing.
    TailTorn,
    Suspect,
    /// The hub has not proven its identity.
    Unproven,
    /// The edge has a new epoch and reconnects under it.
    Quarantined(NewEpoch),
}

const BACKOFF_FIRST: Duration = Duration::from_millis(200);
const BACKOFF_EARLY_MAX: Duration = Duration::from_secs(2);
const BACKOFF_LATE_MAX: Duration = Duration::from_secs(30);
const EARLY_FOR: Duration = Duration::from_secs(60);

/// The time between the starts of two attempts to reconnect to the hub. `lost_for` counts from the
/// loss of the last welcomed session, and `attempt` starts at 0 then.
pub fn reconnect_delay(lost_for: Duration, attempt: u32, entropy: u64) -> Duration {
    let max = if lost_for < EARLY_FOR {
        BACKOFF_EARLY_MAX
    } else {
        BACKOFF_LATE_MAX
    };
    let ceiling = BACKOFF_FIRST.saturating_mul(1 << attempt.min(16)).min(max);
    // At least half the ceiling: calls to a recovering hub are spread, and none comes without a
    // pause.
    let half = ceiling / 2;
    let span = u64::try_from(half.as_millis())
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    half + Duration::from_millis(entropy % span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_keeps_its_bounds(lost_ms in 0u64..400_000, attempt: u32, entropy: u64) {
            let lost_for = Duration::from_millis(lost_ms);
            let wait = reconnect_delay(lost_for, attempt, entropy);
            let max = if lost_ms < 60_000 { 2_000 } else { 30_000 };
            prop_assert!(wait <= Duration::from_millis(max));
            prop_assert!(wait >= Duration::from_millis(100));
        }
    }

    #[test]
    fn the_first_call_comes_soon_and_late_ones_spread() {
        assert!(reconnect_delay(Duration::ZERO, 0, u64::MAX) <= Duration::from_millis(200));
        let late: Vec<_> = (0..4)
            .map(|n| reconnect_delay(EARLY_FOR, 40, n * 4_001))
            .collect();
        assert!(late.windows(2).all(|pair| pair[0] != pair[1]), "{late:?}");
        assert!(late.iter().all(|wait| *wait >= Duration::from_secs(15)));
    }
}
