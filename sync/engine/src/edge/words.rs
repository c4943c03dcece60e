//! The words in which the edge's end of the link speaks with the machine around it.

use wire::{
    Ask, BootNonce, Chain, Change, Code, EdgeId, Frame, Hash, HeldReason, NumberedOutcome,
    QuarantineWhy, Region, SnapshotPlace, Staged, UnixMillis,
};

use crate::view::Tally;

/// Who speaks: fixed for one run of the process.
#[derive(Debug, Clone)]
pub struct Who {
    pub edge: EdgeId,
    pub region: Region,
    pub nonce: BootNonce,
    pub version: String,
}

/// What the edge's file says, read after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub epoch: u64,
    pub head: Chain,
    pub suspect: bool,
    /// It was told that it is a second instance of this edge.
    pub twin: bool,
    /// The newest op with a stored outcome, where it is still kept.
    pub settled: Option<Chain>,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    /// How much is stored of an image that is to become the view.
    pub staged: Option<Staged>,
    /// The last image that became the view, by the hash of its last chunk.
    pub snapshot: Option<Hash>,
    /// The fence of a grant to this edge that its view did not agree with.
    pub unproven: Option<u64>,
    /// The digest of how the region assigns.
    pub assignment: Hash,
    pub tally: Tally,
    pub pending: u32,
    pub oldest_pending_at: Option<UnixMillis>,
}

/// What only the machine around the engine knows, for the hub's eyes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub now: UnixMillis,
    pub disk_free_bytes: Option<u64>,
}

/// A run of the log as stored, and the chain just before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub before: Chain,
    pub ops: Vec<Vec<u8>>,
}

/// Which ops to read: as many as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub from: u64,
    pub ops_max: u32,
    pub bytes_max: u64,
    /// Nothing is on the wire, so the first op goes however large it is: one that is larger than
    /// the credit would otherwise wait for ever.
    pub first_whatever_size: bool,
}

/// What the machine around the engine has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    Send(Box<Frame>),
    /// Read these ops and hand them to `Edge::read`.
    Read(Wanted),
    /// Store this in one transaction, then hand the new position to `Edge::moved`.
    Store(Store),
    /// The session stands; the cloud's clock for comparison.
    Welcomed(UnixMillis),
    /// All that the region's feed holds was read, as of now.
    FeedCurrent,
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere: log it where its id is not known, then hand the new position to
    /// `Edge::moved`.
    Log(Box<Ask>),
    Ignored {
        kind: &'static str,
        why: Why,
    },
    /// Close the connection.
    End(End),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
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
    /// A chunk of an image: kept apart from the view, which becomes the image with the last one.
    Snapshot(SnapshotRun),
    /// A part of what this edge has lost: to be kept apart until the last part is there.
    Tail(TailRun),
    /// The whole tail is there: begin this epoch, and log in it what has no outcome [RELOG].
    Quarantine(NewEpoch),
    /// The hub says that this is a second instance of the edge.
    Twin,
}

/// A chunk of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRun {
    /// What was kept of an earlier image is forgotten.
    pub begins: bool,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub index: u32,
    /// The chunk's own.
    pub hash: Hash,
    pub changes: Vec<Change>,
    /// Where the next chunk begins; absent in the last one, with which the image becomes the view.
    pub next: Option<SnapshotPlace>,
}

impl SnapshotRun {
    /// What is staged with this chunk; none with the last.
    pub fn staged(&self) -> Option<Staged> {
        let Self { feed_generation, feed_seq, index, hash, .. } = *self;
        let next = self.next?;
        Some(Staged { feed_generation, feed_seq, chunks: index + 1, hash, next })
    }
}

/// Ops that the hub has of this edge, of one epoch and without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailRun {
    /// What was kept of an earlier tail is forgotten.
    pub begins: bool,
    pub epoch: u64,
    pub first_seq: u64,
    /// The chain's hash at the first op.
    pub first_hash: Hash,
    pub ops: Vec<Vec<u8>>,
}

/// The epoch that a quarantine gives, and what its chain starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEpoch {
    pub epoch: u64,
    pub grant: u64,
    pub last_accepted: Hash,
    pub why: QuarantineWhy,
}

/// Why a frame changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Another term, nonce or epoch.
    Standing,
    /// It leaves out what has not arrived yet.
    Gap,
    /// It holds nothing that is not stored.
    Stale,
    /// No frame for this end, this moment or this version.
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
    /// A part of what the cloud gives back is missing.
    TailTorn,
    /// This edge has become suspect.
    Suspect,
    /// It has begun a new epoch and calls again under it.
    Quarantined(NewEpoch),
}
