//! The cloud end of one edge session.
//!
//! Pure: frames, store results and time come in; frames and store requests go out. Invariants: each
//! op goes to the store once and in log order; a frame with another term or boot nonce changes
//! nothing; credit follows the store's confirmation; streams to the edge leave no gap; ops come
//! only from a log that continues the received one, and never from a second instance of a living
//! edge.

mod downstream;
mod hello;
mod open;
mod returning;
mod snapshot;
mod upstream;

#[cfg(test)]
mod tests;

use wire::{
    AcceptForHolder, Ack, BootNonce, ChainHead, Code, EdgeId, FeedChange, Frame, HeldReason, Hello,
    LinkLimits, NumberedOutcome, QuarantineWhy, Region, SessionRefusal, SnapshotPart, UnixMillis,
};

use crate::moments::{LogHeadReports, OpBounds};
use hello::{HelloCheck, HelloRejection};
use open::{OpenSession, SessionStart, UnusedFrame};
use returning::TailReturn;

pub use snapshot::{ChunkRequest, feed_base};

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
    /// Answers `SyncSessionOutput::Load`, and also `TakeOver` and `Quarantine` if another session has raised
    /// the term.
    Loaded(StoredEdge),
    Probed {
        alive: bool,
    },
    Quarantined(QuarantineGrant),
    Tail(LogTail),
    /// Another session wants to probe this session's edge.
    ProbeAsked {
        number: u64,
    },
    /// Answers `SyncSessionOutput::TakeOver`: the record under the new term, including writes by older
    /// sessions.
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
    Ask {
        accept: Box<AcceptForHolder>,
        taken_at: UnixMillis,
    },
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
    /// Send the reason to the edge, then close.
    End(SessionRefusal),
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
    pub last_accepted: wire::Hash,
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
    pub first_hash: wire::Hash,
    pub ops: Vec<Vec<u8>>,
    pub more: bool,
}

impl LogTail {
    /// The tail after the last op.
    pub fn empty() -> Self {
        let first_hash = wire::Hash::ZERO;
        Self {
            epoch: 0,
            first_seq: 0,
            first_hash,
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
    pub at: ChainHead,
    pub bytes: Vec<u8>,
    pub bounds: OpBounds,
}

impl NewOps {
    pub fn cursor(&self) -> ChainHead {
        self.ops.last().map_or(self.after, |op| op.at)
    }
}

/// One session, from its first frame to its end.
#[derive(Debug)]
pub struct SyncSession {
    edge: EdgeId,
    limits: LinkLimits,
    linked_at: UnixMillis,
    phase: SessionPhase,
    ignored: u64,
}

#[derive(Debug)]
enum SessionPhase {
    /// Accepts only a Hello.
    Greeting,
    Loading(Box<Hello>),
    /// The older session is probing its edge.
    Probing(Box<Hello>, Box<StoredEdge>),
    TakingOver(Box<Hello>),
    Confining(Box<Hello>),
    /// The edge's lost ops go out; the edge reconnects once it has all of them.
    Returning(Box<TailReturn>),
    Open(Box<OpenSession>),
    Ended,
}

impl SyncSession {
    /// `linked_at` is the hub's time at which the edge's link token was valid.
    pub fn new(edge: EdgeId, limits: LinkLimits, linked_at: UnixMillis) -> Self {
        Self {
            edge,
            limits,
            linked_at,
            phase: SessionPhase::Greeting,
            ignored: 0,
        }
    }

    /// The count of ignored frames: another standing, or an unexpected kind.
    pub fn ignored_count(&self) -> u64 {
        self.ignored
    }

    /// Guards this session's writes once the session is open.
    pub fn term(&self) -> Option<u64> {
        match &self.phase {
            SessionPhase::Open(open) => Some(open.standing.term),
            _ => None,
        }
    }

    pub fn is_greeting(&self) -> bool {
        matches!(self.phase, SessionPhase::Greeting)
    }

    pub fn handle_input(
        &mut self,
        input: SyncSessionInput,
        now: UnixMillis,
    ) -> Vec<SyncSessionOutput> {
        let phase = std::mem::replace(&mut self.phase, SessionPhase::Ended);
        let (phase, outputs) = self.advance_phase(phase, input, now);
        let ends = outputs
            .iter()
            .any(|output| matches!(output, SyncSessionOutput::End(_)));
        self.phase = if ends { SessionPhase::Ended } else { phase };
        outputs
    }

    fn advance_phase(
        &mut self,
        phase: SessionPhase,
        input: SyncSessionInput,
        now: UnixMillis,
    ) -> (SessionPhase, Vec<SyncSessionOutput>) {
        match (phase, input) {
            (SessionPhase::Ended, _) => (SessionPhase::Ended, Vec::new()),
            (phase, SyncSessionInput::GateClosed) => (
                phase,
                vec![end_session(Code::GateClosed, "closed by an operator")],
            ),
            (phase, SyncSessionInput::Disabled) => (
                phase,
                vec![end_session(Code::EdgeDisabled, "disabled by an operator")],
            ),
            (phase, SyncSessionInput::Superseded) => (
                phase,
                vec![end_session(
                    Code::SessionSuperseded,
                    "a newer session has raised the term",
                )],
            ),
            (SessionPhase::Greeting, SyncSessionInput::Frame(Frame::Hello(hello))) => {
                self.handle_hello(hello)
            }
            (phase @ SessionPhase::Greeting, SyncSessionInput::Frame(_)) => (
                phase,
                vec![end_session(
                    Code::MalformedBody,
                    "a session begins with Hello",
                )],
            ),
            (
                SessionPhase::Loading(hello)
                | SessionPhase::TakingOver(hello)
                | SessionPhase::Confining(hello),
                SyncSessionInput::Loaded(stored),
            ) => self.check_hello(hello, &stored),
            (SessionPhase::Probing(hello, stored), SyncSessionInput::Probed { alive }) => {
                self.handle_probe_result(hello, *stored, alive)
            }
            (SessionPhase::TakingOver(hello), SyncSessionInput::TakenOver { term, stored }) => {
                self.open_session(hello, &stored, term, now)
            }
            (SessionPhase::Confining(hello), SyncSessionInput::Quarantined(granted)) => {
                let (returning, outputs) = TailReturn::new(&hello, granted);
                (SessionPhase::Returning(Box::new(returning)), outputs)
            }
            (SessionPhase::Returning(mut returning), SyncSessionInput::Tail(tail)) => {
                let outputs = returning.send(tail);
                (SessionPhase::Returning(returning), outputs)
            }
            (SessionPhase::Open(mut open), input) => {
                let outputs = open.handle_input(input, now).unwrap_or_else(|UnusedFrame| {
                    self.ignored += 1;
                    Vec::new()
                });
                (SessionPhase::Open(open), outputs)
            }
            (phase, SyncSessionInput::Frame(_)) => {
                self.ignored += 1;
                (phase, Vec::new())
            }
            (phase, _) => (phase, Vec::new()),
        }
    }

    fn handle_hello(&mut self, hello: Hello) -> (SessionPhase, Vec<SyncSessionOutput>) {
        match hello::check_greeting(&self.edge, &hello) {
            Ok(()) => (
                SessionPhase::Loading(Box::new(hello)),
                vec![SyncSessionOutput::Load],
            ),
            Err(refused) => (
                SessionPhase::Greeting,
                vec![SyncSessionOutput::End(refused)],
            ),
        }
    }

    /// Probes another run's session if that may be alive: every restart looks like a second run
    /// [NO_NAIVE_NONCE_ALARM].
    fn check_hello(
        &self,
        hello: Box<Hello>,
        stored: &StoredEdge,
    ) -> (SessionPhase, Vec<SyncSessionOutput>) {
        match hello::check_against_record(&hello, stored) {
            Ok(HelloCheck::Probe) => {
                let probe = SyncSessionOutput::Probe { term: stored.term };
                (
                    SessionPhase::Probing(hello, Box::new(stored.clone())),
                    vec![probe],
                )
            }
            Ok(HelloCheck::Fits) => {
                let over = stored.term;
                (
                    SessionPhase::TakingOver(hello.clone()),
                    vec![SyncSessionOutput::TakeOver { hello, over }],
                )
            }
            Err(why) => Self::reject_hello(hello, why),
        }
    }

    /// An answer of the old session makes this edge a twin. Otherwise the next rise of the term
    /// closes and fences the old session [PROBE_OLD_SESSION].
    fn handle_probe_result(
        &self,
        hello: Box<Hello>,
        stored: StoredEdge,
        alive: bool,
    ) -> (SessionPhase, Vec<SyncSessionOutput>) {
        if alive {
            let twin = end_session(Code::EdgeTwin, "another run of this edge has answered");
            return (SessionPhase::Probing(hello, Box::new(stored)), vec![twin]);
        }
        self.check_hello(
            hello,
            &StoredEdge {
                running: None,
                ..stored
            },
        )
    }

    fn open_session(
        &self,
        hello: Box<Hello>,
        stored: &StoredEdge,
        term: u64,
        now: UnixMillis,
    ) -> (SessionPhase, Vec<SyncSessionOutput>) {
        match hello::check_against_record(&hello, stored) {
            Ok(HelloCheck::Fits | HelloCheck::Probe) => {
                let feed = feed_base(&hello, stored);
                // The hub's clock may have jumped ahead since it checked the link token.
                let told_at = now.min(self.linked_at);
                let heads =
                    stored
                        .heads
                        .with_report(hello.last_seq, feed, stored.cursor.seq, told_at);
                let begun = SessionStart {
                    term,
                    heads,
                    limits: self.limits,
                    now,
                };
                let (open, outputs) = OpenSession::new(&hello, stored, begun);
                (SessionPhase::Open(Box::new(open)), outputs)
            }
            Err(why) => Self::reject_hello(hello, why),
        }
    }

    fn reject_hello(
        hello: Box<Hello>,
        why: HelloRejection,
    ) -> (SessionPhase, Vec<SyncSessionOutput>) {
        match why {
            HelloRejection::Quarantine(confined) => (
                SessionPhase::Confining(hello),
                vec![SyncSessionOutput::Quarantine(confined)],
            ),
            HelloRejection::Refused(refused) => (
                SessionPhase::Loading(hello),
                vec![SyncSessionOutput::End(refused)],
            ),
        }
    }
}

fn end_session(code: Code, detail: &str) -> SyncSessionOutput {
    SyncSessionOutput::End(SessionRefusal {
        code,
        detail: detail.to_owned(),
    })
}
