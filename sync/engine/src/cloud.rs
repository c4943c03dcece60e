//! The cloud end of one edge session.
//!
//! Pure: frames and answers of the store go in, frames and questions to the store come out; time
//! comes in. Invariants: every op goes to the store once and in log order; a frame that names
//! another term or boot nonce changes nothing; the edge hears that ops are stored only after the
//! store has said so; streams to the edge leave no gap; no op is taken from an edge with another
//! log than the received one, nor from a second instance of a living edge.

mod downstream;
mod hello;
mod open;
mod returning;
mod snapshot;
mod upstream;

#[cfg(test)]
mod tests;

use wire::{
    Ack, BootNonce, Chain, Change, Code, EdgeId, Frame, HeldReason, Hello, Limits, NumberedOutcome,
    PortalAccept, QuarantineWhy, Refused, Region, SnapshotPart, UnixMillis,
};

use crate::moments::{HeadNotes, OpBounds};
use hello::{Fit, Unwelcome};
use open::{OpenSession, SessionStart, UnusedFrame};
use returning::TailReturn;

pub use snapshot::{ChunkRequest, feed_base};

/// The hub's record of an edge when its session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdge {
    pub region: Region,
    /// Rises with every take-over. A judgment by this record is carried out only while the term
    /// stands.
    pub term: u64,
    /// The run of the newest session, while it may be alive.
    pub running: Option<BootNonce>,
    pub epoch: u64,
    /// The grant of the epoch. The first epoch has none.
    pub grant: Option<EpochGrant>,
    /// The newest epoch that is ending or over. Its rights may be taken back already.
    pub ending: Option<Ending>,
    /// The new epochs of the last day without an operator's look at them.
    pub epochs_today: u32,
    /// The end of the received chain.
    pub cursor: Chain,
    pub outcome_count: u64,
    pub feed_generation: u64,
    pub feed_seq: u64,
    /// An edge before this number has missed changes: the feed no longer tells it of orders that
    /// left.
    pub feed_holds_from: u64,
    /// Up to here replaced versions are forgotten, so nothing can be read as of a number before it.
    pub feed_compacted_to: u64,
    /// The feed number of the grant that this epoch of the edge holds.
    pub granted_seq: Option<u64>,
    pub orders: u64,
    pub gate_open: bool,
    /// An operator has disabled it.
    pub disabled: bool,
    pub heads: HeadNotes,
}

/// A new epoch was given to one run of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochGrant {
    pub to: BootNonce,
    /// The run whose session was the newest until then.
    pub after: Option<BootNonce>,
}

/// A begun quarantine of an epoch, in which nobody holds a right any more. The next session
/// completes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub epoch: u64,
    pub why: QuarantineWhy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Frame(Frame),
    /// Answers `Output::Load`; also `TakeOver` and `Quarantine`, if another session has raised the
    /// term since.
    Loaded(StoredEdge),
    Probed {
        alive: bool,
    },
    Quarantined(QuarantineGrant),
    Tail(Tail),
    /// Another session asks for a sign of life of this session's edge.
    ProbeAsked {
        number: u64,
    },
    /// Answers `Output::TakeOver`: the record under the new term, with all that an older session
    /// has stored.
    TakenOver {
        term: u64,
        stored: StoredEdge,
    },
    /// Answers `Output::Store`: ops and cursor are on disk.
    OpsStored {
        cursor: u64,
    },
    /// Answers `Output::ReadOutcomes`, numbered without a gap from the one after `after`.
    Outcomes(Vec<NumberedOutcome>),
    /// Answers `Output::ReadFeed`: all changes up to `to`.
    Feed {
        to: u64,
        changes: Vec<Change>,
    },
    Snapshot(SnapshotPart),
    /// The edge's orders differ from the cloud's; an image repairs them.
    Repair {
        /// The end of the feed.
        feed_seq: u64,
        /// The feed number of the grant that this epoch of the edge holds.
        granted_seq: Option<u64>,
    },
    /// The number of the newest stored outcome.
    OutcomesReach(u64),
    /// The region's newest feed number and its generation.
    FeedReaches {
        generation: u64,
        feed_seq: u64,
    },
    /// An op waits, for this reason. The edge gets a notice.
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere, for this edge to log, because it holds the region.
    Ask {
        accept: Box<PortalAccept>,
        taken_at: UnixMillis,
    },
    /// Another session of this edge has raised the term.
    Superseded,
    /// An operator closed the region's gate.
    GateClosed,
    /// An operator has disabled the edge.
    Disabled,
    /// About once a second, so that a lost question is asked again.
    Tick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send(Frame),
    Load,
    /// Have the session under this term ask its edge for a sign of life, and wait two seconds.
    Probe {
        term: u64,
    },
    /// Store that this edge has answered the probe of this number.
    SaveAlive {
        number: u64,
    },
    /// Raise the term, if it is still `over`, and remember this run of the edge.
    TakeOver {
        hello: Box<Hello>,
        over: u64,
    },
    Quarantine(Box<Confinement>),
    /// Read the ops stored after this place.
    ReadTail(Place),
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
    /// Read the next chunk of an image.
    ReadSnapshot(ChunkRequest),
    /// The image that this session sent is the edge's view now.
    SnapshotTaken,
    SaveAck(Ack, HeadNotes),
    /// Tell the edge why, then close.
    End(Refused),
}

/// The quarantine of an edge, which gives no op before it has a new epoch. In three steps, each
/// safe to repeat: record that the old epoch ends, if the term is still `over`, and raise the term
/// by that; have order_db record the take-back of the old epoch's rights [QUAR_TAKEBACK]; raise the
/// epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    pub hello: Hello,
    pub over: u64,
    pub epoch: u64,
    /// The current epoch was granted to this very run, which has not heard of it, so nothing is
    /// raised.
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
    /// Up to here the edge surely has the received ops.
    pub known: Place,
}

/// An op's place in an edge's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub epoch: u64,
    pub seq: u64,
}

/// A run of stored ops, of one epoch and without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub epoch: u64,
    pub first_seq: u64,
    /// The chain's hash at the first op.
    pub first_hash: wire::Hash,
    pub ops: Vec<Vec<u8>>,
    pub more: bool,
}

impl Tail {
    /// The tail behind the last op.
    pub fn empty() -> Self {
        let first_hash = wire::Hash::ZERO;
        Self { epoch: 0, first_seq: 0, first_hash, ops: Vec::new(), more: false }
    }
}

/// A run of ops that continues the chain at `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOps {
    pub term: u64,
    pub epoch: u64,
    pub after: Chain,
    pub ops: Vec<NewOp>,
    /// With these ops.
    pub heads: HeadNotes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOp {
    /// The chain with this op as its end.
    pub at: Chain,
    pub bytes: Vec<u8>,
    pub bounds: OpBounds,
}

impl NewOps {
    pub fn cursor(&self) -> Chain {
        self.ops.last().map_or(self.after, |op| op.at)
    }
}

/// One session, from its first frame to its end.
#[derive(Debug)]
pub struct Session {
    edge: EdgeId,
    limits: Limits,
    linked_at: UnixMillis,
    phase: Phase,
    ignored: u64,
}

#[derive(Debug)]
enum Phase {
    /// Only a Hello is listened to.
    Greeting,
    /// The edge's record is being read.
    Loading(Box<Hello>),
    /// The standing session is asked for a sign of life.
    Probing(Box<Hello>, Box<StoredEdge>),
    /// The term is being raised.
    TakingOver(Box<Hello>),
    /// A new epoch is being granted.
    Confining(Box<Hello>),
    /// The edge's lost ops go out. The edge calls again when it has all of them.
    Returning(Box<TailReturn>),
    Open(Box<OpenSession>),
    Ended,
}

impl Session {
    /// A session of an edge whose link token was good at `linked_at`, by the hub's clock.
    pub fn new(edge: EdgeId, limits: Limits, linked_at: UnixMillis) -> Self {
        Self { edge, limits, linked_at, phase: Phase::Greeting, ignored: 0 }
    }

    /// The count of ignored frames: of another standing, or of a kind that the hub does not take.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The term that guards what this session writes, once it has one.
    pub fn term(&self) -> Option<u64> {
        match &self.phase {
            Phase::Open(open) => Some(open.standing.term),
            _ => None,
        }
    }

    pub fn is_greeting(&self) -> bool {
        matches!(self.phase, Phase::Greeting)
    }

    pub fn handle(&mut self, input: Input, now: UnixMillis) -> Vec<Output> {
        let phase = std::mem::replace(&mut self.phase, Phase::Ended);
        let (phase, outputs) = self.step(phase, input, now);
        let ends = outputs.iter().any(|output| matches!(output, Output::End(_)));
        self.phase = if ends { Phase::Ended } else { phase };
        outputs
    }

    fn step(&mut self, phase: Phase, input: Input, now: UnixMillis) -> (Phase, Vec<Output>) {
        match (phase, input) {
            (Phase::Ended, _) => (Phase::Ended, Vec::new()),
            (phase, Input::GateClosed) => {
                (phase, vec![end(Code::GateClosed, "closed by an operator")])
            }
            (phase, Input::Disabled) => {
                (phase, vec![end(Code::EdgeDisabled, "disabled by an operator")])
            }
            (phase, Input::Superseded) => {
                (phase, vec![end(Code::SessionSuperseded, "a newer session has raised the term")])
            }
            (Phase::Greeting, Input::Frame(Frame::Hello(hello))) => self.greet(hello),
            (phase @ Phase::Greeting, Input::Frame(_)) => {
                (phase, vec![end(Code::MalformedBody, "a session begins with Hello")])
            }
            (
                Phase::Loading(hello) | Phase::TakingOver(hello) | Phase::Confining(hello),
                Input::Loaded(stored),
            ) => self.check(hello, &stored),
            (Phase::Probing(hello, stored), Input::Probed { alive }) => {
                self.probed(hello, *stored, alive)
            }
            (Phase::TakingOver(hello), Input::TakenOver { term, stored }) => {
                self.open(hello, &stored, term, now)
            }
            (Phase::Confining(hello), Input::Quarantined(granted)) => {
                let (returning, outputs) = TailReturn::new(&hello, granted);
                (Phase::Returning(Box::new(returning)), outputs)
            }
            (Phase::Returning(mut returning), Input::Tail(tail)) => {
                let outputs = returning.send(tail);
                (Phase::Returning(returning), outputs)
            }
            (Phase::Open(mut open), input) => {
                let outputs = open.handle(input, now).unwrap_or_else(|UnusedFrame| {
                    self.ignored += 1;
                    Vec::new()
                });
                (Phase::Open(open), outputs)
            }
            (phase, Input::Frame(_)) => {
                self.ignored += 1;
                (phase, Vec::new())
            }
            (phase, _) => (phase, Vec::new()),
        }
    }

    fn greet(&mut self, hello: Hello) -> (Phase, Vec<Output>) {
        match hello::greeting(&self.edge, &hello) {
            Ok(()) => (Phase::Loading(Box::new(hello)), vec![Output::Load]),
            Err(refused) => (Phase::Greeting, vec![Output::End(refused)]),
        }
    }

    /// A session of another run that may be alive is asked first: every restart is one
    /// [NO_NAIVE_NONCE_ALARM].
    fn check(&self, hello: Box<Hello>, stored: &StoredEdge) -> (Phase, Vec<Output>) {
        match hello::judge(&hello, stored) {
            Ok(Fit::Probe) => {
                let probe = Output::Probe { term: stored.term };
                (Phase::Probing(hello, Box::new(stored.clone())), vec![probe])
            }
            Ok(Fit::Fits) => {
                let over = stored.term;
                (Phase::TakingOver(hello.clone()), vec![Output::TakeOver { hello, over }])
            }
            Err(why) => Self::not_welcome(hello, why),
        }
    }

    /// An answer of the old session makes this one a twin. Without an answer, the next rise of the
    /// term closes and fences the old session [PROBE_OLD_SESSION].
    fn probed(&self, hello: Box<Hello>, stored: StoredEdge, alive: bool) -> (Phase, Vec<Output>) {
        if alive {
            let twin = end(Code::EdgeTwin, "another run of this edge has answered");
            return (Phase::Probing(hello, Box::new(stored)), vec![twin]);
        }
        self.check(hello, &StoredEdge { running: None, ..stored })
    }

    fn open(
        &self,
        hello: Box<Hello>,
        stored: &StoredEdge,
        term: u64,
        now: UnixMillis,
    ) -> (Phase, Vec<Output>) {
        match hello::judge(&hello, stored) {
            Ok(Fit::Fits | Fit::Probe) => {
                let feed = feed_base(&hello, stored);
                // The hub's clock may have jumped ahead since it checked the link token.
                let told_at = now.min(self.linked_at);
                let heads = stored.heads.told(hello.last_seq, feed, stored.cursor.seq, told_at);
                let begun = SessionStart { term, heads, limits: self.limits, now };
                let (open, outputs) = OpenSession::new(&hello, stored, begun);
                (Phase::Open(Box::new(open)), outputs)
            }
            Err(why) => Self::not_welcome(hello, why),
        }
    }

    fn not_welcome(hello: Box<Hello>, why: Unwelcome) -> (Phase, Vec<Output>) {
        match why {
            Unwelcome::Quarantine(confined) => {
                (Phase::Confining(hello), vec![Output::Quarantine(confined)])
            }
            Unwelcome::Refused(refused) => (Phase::Loading(hello), vec![Output::End(refused)]),
        }
    }
}

fn end(code: Code, detail: &str) -> Output {
    Output::End(Refused { code, detail: detail.to_owned() })
}
