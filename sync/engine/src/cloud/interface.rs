//! The interface between the cloud end of a session and its driver.

use wire::{
    Ack, BootNonce, CertificateAnswer, ChainHead, FeedChange, ForwardedAccept, Frame, Hash,
    HeldReason, Hello, MessageMark, MessagePhotoPlace, MessagesAnswer, NumberedOutcome,
    PhotoAnswer, PhotoChunkFrame, QuarantineWhy, Region, SessionRefusal, SnapshotCursor,
    SnapshotPart, UnixMillis,
};

use crate::trusted_time::{LogHeadReports, OpBounds};

/// The hub's record of an edge at session start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdge {
    pub region: Region,
    /// Rises with every takeover. A decision based on this record applies only under this term.
    pub term: u64,
    /// The newest session's boot nonce, while that session may be alive.
    pub running: Option<BootNonce>,
    pub epoch: u64,
    /// The grant of this epoch; `None` for the first epoch.
    pub grant: Option<EpochGrant>,
    /// The newest epoch that is ending or over. Its rights may be revoked already.
    pub ending: Option<EndingEpoch>,
    /// New epochs in the last day without an operator's review.
    pub epochs_today: u32,
    /// The end of the received chain.
    pub cursor: ChainHead,
    pub outcome_count: u64,
    pub feed_generation: u64,
    pub feed_seq: u64,
    /// Departed orders below this number are gone from the feed, so an edge with a lower cursor has
    /// missed changes.
    pub feed_holds_from: u64,
    /// Replaced versions up to here are gone: no read as of an earlier number.
    pub feed_compacted_to: u64,
    /// The feed number of the grant that the edge holds in this epoch.
    pub granted_seq: Option<u64>,
    pub orders: u64,
    pub gate_open: bool,
    /// Set by an operator.
    pub disabled: bool,
    pub heads: LogHeadReports,
}

/// The grant of a new epoch to one run of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochGrant {
    pub to: BootNonce,
    /// The run with the newest session until then.
    pub after: Option<BootNonce>,
}

/// A begun quarantine: the epoch's rights have ended. The next session completes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndingEpoch {
    pub epoch: u64,
    pub why: QuarantineWhy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncSessionInput {
    Frame(Frame),
    /// Answers `SyncSessionOutput::Load`, and also `TakeOver` and `Quarantine` if another session
    /// has raised the term.
    Loaded(StoredEdge),
    Probed {
        alive: bool,
    },
    Quarantined(QuarantineGrant),
    Tail(LogTail),
    /// Another session wants to probe this session's edge. This input and the frame that answers the
    /// probe may come while the outputs of another input are carried out.
    ProbeAsked {
        number: u64,
    },
    /// Answers `SyncSessionOutput::TakeOver`: the record under the new term, including writes by
    /// older sessions.
    TakenOver {
        term: u64,
        stored: StoredEdge,
    },
    /// Answers `SyncSessionOutput::Store`: ops and cursor are on disk.
    OpsStored {
        cursor: u64,
    },
    /// Answers `SyncSessionOutput::ReadOutcomes`: consecutive numbers from `after + 1`.
    Outcomes(Vec<NumberedOutcome>),
    /// Answers `SyncSessionOutput::ReadFeed`: all changes up to `to`.
    Feed {
        to: u64,
        changes: Vec<FeedChange>,
    },
    Snapshot(SnapshotPart),
    /// The edge's orders differ from the cloud's; a snapshot repairs them.
    Repair {
        feed_seq: u64,
        /// The feed number of the grant that the edge holds in this epoch.
        granted_seq: Option<u64>,
    },
    /// The newest stored outcome.
    OutcomesReach(u64),
    FeedReaches {
        generation: u64,
        feed_seq: u64,
    },
    /// An op waits for `reason`. The edge gets a notice.
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere, for the region's holder to log.
    ForwardAccept {
        accept: Box<ForwardedAccept>,
        taken_at: UnixMillis,
    },
    /// Answers `SyncSessionOutput::IssueCertificate`.
    CertificateDecided(CertificateAnswer),
    /// Answers `SyncSessionOutput::DeliverPhotoChunk`, possibly after later inputs.
    PhotoAnswered {
        chunk: Box<PhotoChunkFrame>,
        answer: PhotoAnswer,
    },
    /// Answers `SyncSessionOutput::AskForMessages`, possibly after later inputs. `None` if the
    /// order service gave no answer.
    MessagesAnswered(Option<MessagesAnswer>),
    Superseded,
    GateClosed,
    Disabled,
    /// About once a second: drives retries of lost requests.
    Tick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncSessionOutput {
    Send(Frame),
    Load,
    /// Have the session of this term probe its edge; allow two seconds for the answer.
    Probe {
        term: u64,
    },
    SaveAlive {
        number: u64,
    },
    /// Raise the term if it is still `over`, and record this run.
    TakeOver {
        hello: Box<Hello>,
        over: u64,
    },
    Quarantine(Box<QuarantineRequest>),
    /// Read the ops stored after this place.
    ReadTail(LogPosition),
    /// Store these ops and the new cursor in one transaction, guarded by the term.
    Store(NewOps),
    ReadOutcomes {
        after: u64,
        limit: u32,
    },
    ReadFeed {
        after: u64,
        limit: u32,
    },
    ReadSnapshot(ChunkRequest),
    /// The snapshot from this session is now the edge's view.
    SnapshotTaken,
    SaveAck(Ack, LogHeadReports),
    /// Check this PKCS#10 request in DER, and issue the certificate.
    IssueCertificate {
        csr: Vec<u8>,
    },
    /// Hand this chunk to the order service, while the session continues.
    DeliverPhotoChunk(Box<PhotoChunkFrame>),
    /// Request these messages, or this part of a photo, from the order service, while the session
    /// continues.
    AskForMessages(MessageQuestion),
    /// Send the reason to the edge, then close.
    End(SessionRefusal),
}

/// A query of an edge: for the messages after these marks, or for a part of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageQuestion {
    pub marks: Vec<MessageMark>,
    pub photo: Option<MessagePhotoPlace>,
}

/// A read of the next chunk of the snapshot as of `feed_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRequest {
    pub feed_seq: u64,
    /// `None` at the start.
    pub after: Option<SnapshotCursor>,
}

/// A request to quarantine an edge, which sends no ops until it has a new epoch. Three repeatable
/// steps: record the old epoch's end and raise the term, if it is still `over`; have order_db
/// record the revocation of the old epoch's rights [QUAR_TAKEBACK]; raise the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRequest {
    pub hello: Hello,
    pub over: u64,
    pub epoch: u64,
    /// This run owns the current epoch but missed the grant, so the epoch does not rise.
    pub again: bool,
    pub why: QuarantineWhy,
}

/// The new epoch of an edge in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineGrant {
    pub epoch: u64,
    pub grant: u64,
    pub last_accepted: Hash,
    pub why: QuarantineWhy,
    /// The edge certainly has the ops up to here.
    pub known: LogPosition,
}

/// The position of an op in an edge's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    pub epoch: u64,
    pub seq: u64,
}

/// Consecutive stored ops of one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTail {
    pub epoch: u64,
    pub first_seq: u64,
    /// The chain hash up to and including the first op.
    pub first_hash: Hash,
    pub ops: Vec<Vec<u8>>,
    pub more: bool,
}

impl LogTail {
    /// The tail after the last op.
    pub fn empty() -> Self {
        Self {
            epoch: 0,
            first_seq: 0,
            first_hash: Hash::ZERO,
            ops: Vec::new(),
            more: false,
        }
    }
}

/// New ops that continue the chain at `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOps {
    pub term: u64,
    pub epoch: u64,
    pub after: ChainHead,
    pub ops: Vec<NewOp>,
    /// The notes after these ops.
    pub heads: LogHeadReports,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOp {
    /// The chain up to and including this op.
    pub head: ChainHead,
    pub bytes: Vec<u8>,
    pub bounds: OpBounds,
}

impl NewOps {
    pub fn cursor(&self) -> ChainHead {
        self.ops.last().map_or(self.after, |op| op.head)
    }
}
