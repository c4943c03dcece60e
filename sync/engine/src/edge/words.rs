//! The interface between the edge's end of the link and the machine around it.

use wire::{
    Ask, BootNonce, Chain, Challenge, Change, Code, EdgeId, Frame, Hash, HeldReason,
    NumberedOutcome, QuarantineWhy, Region, SnapshotPlace, Staged, UnixMillis,
};

use crate::view::Tally;

/// The identity of one run of an edge process.
#[derive(Debug, Clone)]
pub struct Speaker {
    pub edge: EdgeId,
    pub region: Region,
    pub nonce: BootNonce,
    pub version: String,
}

/// The part of Hello that tells how this edge checks its hub. The default checks nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct HubCheck {
    pub challenge: Option<Challenge>,
    /// It knows the hub's key.
    pub pinned: bool,
    /// Its link goes over plain HTTP to another machine.
    pub plain_line: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub epoch: u64,
    pub head: Chain,
    pub suspect: bool,
    pub twin: bool,
    /// The newest op with a stored outcome, where it is still kept.
    pub settled: Option<Chain>,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    /// The stored part of an image that is to become the view.
    pub staged: Option<Staged>,
    /// The last image that became the view, by the hash of its last chunk.
    pub snapshot: Option<Hash>,
    /// The fence of a grant that disagreed with this edge's view.
    pub unproven: Option<u64>,
    /// The digest of the region's policy, holder and fence.
    pub assignment: Hash,
    pub tally: Tally,
    pub pending: u32,
    pub oldest_pending_at: Option<UnixMillis>,
}

/// The part of an Ack about the edge's machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineReport {
    /// The time that the edge works by.
    pub now: UnixMillis,
    pub disk_free_bytes: Option<u64>,
    /// How far the machine's own clock is ahead of that time, where the edge does not work by it.
    pub clock_error_ms: Option<i64>,
    /// People who are refused for want of room; `None` where there is room.
    pub newcomers_waiting: Option<u32>,
}

/// A run of the log as stored, and the chain just before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub before: Chain,
    pub ops: Vec<Vec<u8>>,
}

/// The ops to read next: as many as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpRange {
    pub from: u64,
    pub ops_max: u32,
    pub bytes_max: u64,
    /// Nothing is on the wire, so the first op goes at any size, even one that is larger than the
    /// credit.
    pub first_whatever_size: bool,
}

/// One step for the machine around the engine. Steps are done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStep {
    Send(Box<Frame>),
    /// Read these ops and hand them to `Edge::read`.
    Read(OpRange),
    /// Store this in one transaction, then hand the new position to `Edge::moved`.
    Store(EdgeWrite),
    /// The session stands; the cloud's clock for comparison.
    Welcomed(UnixMillis),
    /// The edge has read the region's whole feed, as of now.
    FeedCurrent,
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere: log it unless its id is known, then hand the new position to
    /// `Edge::moved`.
    Log(Box<Ask>),
    Ignored {
        kind: &'static str,
        why: IgnoreReason,
    },
    /// Close the connection.
    End(End),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeWrite {
    Outcomes {
        to: u64,
        outcomes: Vec<NumberedOutcome>,
    },
    Changes {
        to: u64,
        changes: Vec<Change>,
    },
    /// The hub counts a feed of another generation: count it from 0, keep the orders.
    Generation(u64),
    /// A chunk of an image, kept apart from the view. With the last chunk the image becomes the
    /// view.
    Snapshot(SnapshotRun),
    /// A part of this edge's lost ops, kept apart until the last part is there.
    Tail(TailRun),
    /// The whole tail is there: begin this epoch and log the undecided commands in it [RELOG].
    Quarantine(NewEpoch),
    Twin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRun {
    /// Drop the kept part of an earlier image.
    pub begins: bool,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub index: u32,
    /// The chunk's own.
    pub hash: Hash,
    pub changes: Vec<Change>,
    /// The beginning of the next chunk. Absent in the last one.
    pub next: Option<SnapshotPlace>,
}

impl SnapshotRun {
    /// The staged part up to this chunk. None with the last chunk.
    pub fn staged(&self) -> Option<Staged> {
        let Self { feed_generation, feed_seq, index, hash, .. } = *self;
        let next = self.next?;
        Some(Staged { feed_generation, feed_seq, chunks: index + 1, hash, next })
    }
}

/// Ops of this edge that the hub returns, of one epoch and without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailRun {
    /// Drop the kept part of an earlier tail.
    pub begins: bool,
    pub epoch: u64,
    pub first_seq: u64,
    /// The chain's hash at the first op.
    pub first_hash: Hash,
    pub ops: Vec<Vec<u8>>,
}

/// The epoch that a quarantine gives, and the start of its chain.
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
    Standing,
    /// Something before it has not arrived yet.
    Gap,
    /// Everything in it is stored already.
    Stale,
    /// It does not belong to this end, this moment or this version.
    Unexpected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Refused {
        code: Code,
        detail: String,
    },
    ProtocolUnsupported,
    /// Hub and log disagree about the log: this edge is suspect from here on.
    ChainBroken,
    /// The hub asks for the same ops again and again.
    Stuck,
    /// A part of the returned ops is missing.
    TailTorn,
    Suspect,
    /// The hub has not proven to be this edge's hub.
    Unproven,
    /// It has begun a new epoch and calls again under it.
    Quarantined(NewEpoch),
}
