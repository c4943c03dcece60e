//! The cloud end of one edge session.
//!
//! Pure: inputs are frames and what the store answered, outputs are frames to send and what to ask
//! of the store; time comes in. Invariants: every op is handed to the store once and in log order;
//! a frame that names another term or boot nonce changes nothing; nothing is told to the edge as
//! stored before the store has said so; and what goes down leaves no gap.

mod downstream;
mod hello;
mod open;
mod upstream;

#[cfg(test)]
mod tests;

use wire::{
    Ack, Actor, Chain, Change, Code, Command, EdgeId, Frame, HeldReason, Hello, Limits,
    NumberedOutcome, Refused, Region, UnixMillis,
};

use open::{Ignored, Open};

/// What the hub has stored of an edge when its session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub region: Region,
    pub epoch: u64,
    /// The end of the chain that was received.
    pub cursor: Chain,
    pub outcome_count: u64,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub gate_open: bool,
}

/// An accept that somebody else took: a person's at the portal, or another edge's that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    pub command: Command,
    pub token: String,
    pub actor: Actor,
    pub taken_at: UnixMillis,
}

#[expect(clippy::large_enum_variant, reason = "nearly every value is the large one")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Frame(Frame),
    /// Answers `Output::Load`.
    Loaded(Stored),
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
    Ask(Box<Accept>),
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
    /// Raise the term and remember this run of the edge.
    TakeOver(Box<Hello>),
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
    SaveAck(Ack),
    /// Tell the edge why, then close.
    End(Refused),
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
    /// The term is being raised.
    TakingOver(Box<Hello>),
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
            (Phase::Loading(hello), Input::Loaded(stored)) => Self::check(hello, &stored),
            (Phase::TakingOver(hello), Input::TakenOver { term, stored }) => {
                self.open(hello, &stored, term, now)
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

    /// The newest session wins. Whether the old one is still alive, so that this one is a twin, is
    /// to be asked here, before the term is raised.
    fn check(hello: Box<Hello>, stored: &Stored) -> (Phase, Vec<Output>) {
        match hello::standing(&hello, stored) {
            Ok(()) => (Phase::TakingOver(hello.clone()), vec![Output::TakeOver(hello)]),
            Err(refused) => (Phase::Loading(hello), vec![Output::End(refused)]),
        }
    }

    fn open(
        &self,
        hello: Box<Hello>,
        stored: &Stored,
        term: u64,
        now: UnixMillis,
    ) -> (Phase, Vec<Output>) {
        if let Err(refused) = hello::standing(&hello, stored) {
            return (Phase::TakingOver(hello), vec![Output::End(refused)]);
        }
        let (open, outputs) = Open::new(&hello, stored, term, self.limits, now);
        (Phase::Open(Box::new(open)), outputs)
    }
}

fn end(code: Code, detail: &str) -> Output {
    Output::End(Refused { code, detail: detail.to_owned() })
}
