//! The cloud end of one edge session.
//!
//! Pure: inputs are frames and what the store answered, outputs are frames to send and what to ask
//! of the store; time comes in. Invariants: every op is handed to the store once and in log order;
//! a frame that names another term or boot nonce changes nothing; nothing is told to the edge as
//! stored before the store has said so; what goes down leaves no gap; and nothing is taken of an edge
//! whose log is not the one received, nor of a second instance of one that still answers.

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

use hello::Judged;
use open::{Ignored, Open};
use returning::Returning;

pub use snapshot::{ChunkWanted, feed_base};

/// What the hub has stored of an edge when its session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub region: Region,
    /// Rises with every take-over. What is judged by this is done only while it stands.
    pub term: u64,
    /// The run of the newest session, while that may still be alive.
    pub running: Option<BootNonce>,
    pub epoch: u64,
    /// How the epoch came to be; the first one was granted to nobody.
    pub grant: Option<Grant>,
    /// The newest epoch that is to end, or has: its rights may be taken back already.
    pub ending: Option<Ending>,
    /// The new epochs of the last day that no operator has looked at.
    pub epochs_today: u32,
    /// The end of the chain that was received.
    pub cursor: Chain,
    pub outcome_count: u64,
    pub feed_generation: u64,
    pub feed_seq: u64,
    /// Who stands at this number or behind it reads all that happened since; before it, it is not told
    /// any more what has left.
    pub feed_holds_from: u64,
    /// Up to here versions that newer ones stand for are forgotten, so that nothing can be read as of a
    /// number before it.
    pub feed_compacted_to: u64,
    /// Where the feed tells of the right that this epoch of the edge holds.
    pub granted_seq: Option<u64>,
    /// The region's orders.
    pub orders: u64,
    pub gate_open: bool,
}

/// A new epoch was given to one run of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub to: BootNonce,
    /// The run whose session was the newest until then.
    pub after: Option<BootNonce>,
}

/// Somebody has begun to put an epoch of an edge into quarantine. Whichever session comes next goes
/// through with it: nobody can hold a right in that epoch any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub epoch: u64,
    pub why: QuarantineWhy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Frame(Frame),
    /// Answers `Output::Load`; and `Output::TakeOver` and `Output::Quarantine` where another session
    /// has raised the term since.
    Loaded(Stored),
    /// Answers `Output::Probe`.
    Probed {
        alive: bool,
    },
    /// Answers `Output::Quarantine`.
    Quarantined(Granted),
    /// Answers `Output::ReadTail`.
    Tail(Tail),
    /// Another session asks whether the run at the other end of this one is alive.
    ProbeAsked {
        number: u64,
    },
    /// Answers `Output::TakeOver`: the new term, and what stands stored under it. An older session
    /// may have stored more since it was read first.
    TakenOver {
        term: u64,
        stored: Stored,
    },
    /// Answers `Output::Store`: ops and cursor are on disk.
    OpsStored {
        cursor: u64,
    },
    /// Answers `Output::ReadOutcomes`, numbered without a gap from the one after `after`.
    Outcomes(Vec<NumberedOutcome>),
    /// Answers `Output::ReadFeed`: all that changed up to `to`.
    Feed {
        to: u64,
        changes: Vec<Change>,
    },
    /// Answers `Output::ReadSnapshot`.
    Snapshot(SnapshotPart),
    /// The edge's orders were found to differ from the cloud's: an image puts them right.
    Repair {
        /// How far the feed reaches.
        feed_seq: u64,
        /// Where it tells of the right that this epoch of the edge holds.
        granted_seq: Option<u64>,
    },
    /// The number of the newest stored outcome.
    OutcomesReach(u64),
    /// The region's newest feed number, and the generation it counts in.
    FeedReaches {
        generation: u64,
        feed_seq: u64,
    },
    /// An op waits, and why: to be told to the edge as a notice.
    Held {
        seq: u64,
        reason: HeldReason,
    },
    /// An accept made elsewhere, for this edge to log: it holds the region.
    Ask {
        accept: Box<PortalAccept>,
        taken_at: UnixMillis,
    },
    /// Another session of this edge has raised the term.
    Superseded,
    /// An operator closed the region's gate.
    GateClosed,
    /// About once a second, so that a lost question is asked again.
    Tick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send(Frame),
    /// Read what stands stored of the edge.
    Load,
    /// Have the session that stands under this term ask its edge for a sign of life, for two seconds.
    Probe {
        term: u64,
    },
    /// Store that this edge is alive: it has answered the probe of this number.
    SaveAlive {
        number: u64,
    },
    /// Raise the term, if it is still `over`, and remember this run of the edge.
    TakeOver {
        hello: Box<Hello>,
        over: u64,
    },
    Quarantine(Box<Confined>),
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
    ReadSnapshot(ChunkWanted),
    /// The image that this session sent is the edge's view now.
    SnapshotTaken,
    SaveAck(Ack),
    /// Tell the edge why, then close.
    End(Refused),
}

/// An edge of which nothing is taken before it has a new epoch. First it is put down that the old one is
/// to end, if the term is still `over`, and the term is raised by that; then order_db is to record that
/// the rights of the old epoch are taken back [QUAR_TAKEBACK]; then the epoch is raised. Each is safe to
/// repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confined {
    pub hello: Hello,
    pub over: u64,
    /// The epoch that ends.
    pub epoch: u64,
    /// The current epoch was granted to this very run, which has not heard of it: nothing is raised.
    pub again: bool,
    pub why: QuarantineWhy,
}

/// What an edge in quarantine is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    pub epoch: u64,
    pub grant: u64,
    pub last_accepted: wire::Hash,
    pub why: QuarantineWhy,
    /// Up to here the edge surely has what was received.
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
    /// There are more behind it.
    pub more: bool,
}

impl Tail {
    /// There is nothing behind the place that was asked about.
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOp {
    /// The chain with this op as its end: its number and its name.
    pub at: Chain,
    pub bytes: Vec<u8>,
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
    phase: Phase,
    ignored: u64,
}

#[derive(Debug)]
enum Phase {
    /// Only a Hello is listened to.
    Greeting,
    /// What stands stored is being read.
    Loading(Box<Hello>),
    /// The session that stands is asked for a sign of life.
    Probing(Box<Hello>, Box<Stored>),
    /// The term is being raised.
    TakingOver(Box<Hello>),
    /// A new epoch is being granted.
    Confining(Box<Hello>),
    /// What the edge has lost goes out. It calls again when it has all of it.
    Returning(Box<Returning>),
    Open(Box<Open>),
    Ended,
}

impl Session {
    /// The session of an edge whose token has been verified.
    pub fn new(edge: EdgeId, limits: Limits) -> Self {
        Self { edge, limits, phase: Phase::Greeting, ignored: 0 }
    }

    /// Frames that were passed over: of another standing, of a kind we do not know or do not take.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The term that guards what this session writes, once it has one.
    pub fn term(&self) -> Option<u64> {
        match &self.phase {
            Phase::Open(open) => Some(open.term()),
            _ => None,
        }
    }

    /// Nothing has been heard yet.
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
                let (returning, outputs) = Returning::new(&hello, granted);
                (Phase::Returning(Box::new(returning)), outputs)
            }
            (Phase::Returning(mut returning), Input::Tail(tail)) => {
                let outputs = returning.send(tail);
                (Phase::Returning(returning), outputs)
            }
            (Phase::Open(mut open), input) => {
                let outputs = open.handle(input).unwrap_or_else(|Ignored| {
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

    /// A session of another run that may be alive is asked first. That a run is another one is no alarm
    /// in itself: every restart is one [NO_NAIVE_NONCE_ALARM].
    fn check(&self, hello: Box<Hello>, stored: &Stored) -> (Phase, Vec<Output>) {
        match hello::judge(&hello, stored) {
            Judged::Probe => {
                let probe = Output::Probe { term: stored.term };
                (Phase::Probing(hello, Box::new(stored.clone())), vec![probe])
            }
            Judged::Fits => {
                let over = stored.term;
                (Phase::TakingOver(hello.clone()), vec![Output::TakeOver { hello, over }])
            }
            judged => Self::not_welcome(hello, judged),
        }
    }

    /// An answer of the old session makes this one a twin. Without one, the old session is closed and
    /// fenced by whatever raises the term [PROBE_OLD_SESSION].
    fn probed(&self, hello: Box<Hello>, stored: Stored, alive: bool) -> (Phase, Vec<Output>) {
        if alive {
            let twin = end(Code::EdgeTwin, "another run of this edge has answered");
            return (Phase::Probing(hello, Box::new(stored)), vec![twin]);
        }
        self.check(hello, &Stored { running: None, ..stored })
    }

    fn open(
        &self,
        hello: Box<Hello>,
        stored: &Stored,
        term: u64,
        now: UnixMillis,
    ) -> (Phase, Vec<Output>) {
        match hello::judge(&hello, stored) {
            Judged::Fits | Judged::Probe => {
                let (open, outputs) = Open::new(&hello, stored, term, self.limits, now);
                (Phase::Open(Box::new(open)), outputs)
            }
            judged => Self::not_welcome(hello, judged),
        }
    }

    fn not_welcome(hello: Box<Hello>, judged: Judged) -> (Phase, Vec<Output>) {
        match judged {
            Judged::Quarantine(confined) => {
                (Phase::Confining(hello), vec![Output::Quarantine(confined)])
            }
            Judged::Refused(refused) => (Phase::Loading(hello), vec![Output::End(refused)]),
            Judged::Fits | Judged::Probe => (Phase::Loading(hello), Vec::new()),
        }
    }
}

fn end(code: Code, detail: &str) -> Output {
    Output::End(Refused { code, detail: detail.to_owned() })
}
