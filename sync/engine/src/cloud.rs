//! The cloud end of one edge session.
//!
//! Pure: frames, store results and time come in; frames and store requests go out. Invariants: each
//! op goes to the store once and in log order; a frame with another term or boot nonce changes
//! nothing; credit follows the store's confirmation; streams to the edge leave no gap; ops come
//! only from a log that continues the received one, and never from a second instance of a living
//! edge.

mod certificates;
mod hello;
mod interface;
mod messages;
mod open;
mod photos;
mod snapshot;
mod streams;

#[cfg(test)]
mod tests;

use wire::{Code, EdgeId, Frame, Hello, LinkLimits, SessionRefusal, UnixMillis};

use certificates::CertificateAllowance;
use hello::{HelloCheck, HelloRejection, TailReturn};
use open::{OpenSession, SessionStart, UnusedFrame};

pub use interface::{
    ChunkRequest, EndingEpoch, EpochGrant, LogPosition, LogTail, MessageQuestion, NewOp, NewOps,
    QuarantineGrant, QuarantineRequest, StoredEdge, SyncSessionInput, SyncSessionOutput,
};
pub use snapshot::feed_base;

/// One session, from its first frame to its end.
#[derive(Debug)]
pub struct SyncSession {
    edge: EdgeId,
    limits: LinkLimits,
    linked_at: UnixMillis,
    phase: SessionPhase,
    certificates: CertificateAllowance,
    /// A chunk of a photo is with the order service.
    photo_under_way: bool,
    /// A question for messages is with the order service.
    messages_under_way: bool,
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
    Quarantining(Box<Hello>),
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
            certificates: CertificateAllowance::default(),
            photo_under_way: false,
            messages_under_way: false,
            ignored: 0,
        }
    }

    /// The count of ignored frames: another session, or an unexpected kind.
    pub fn ignored_count(&self) -> u64 {
        self.ignored
    }

    /// Guards this session's writes once the session is open.
    pub fn term(&self) -> Option<u64> {
        match &self.phase {
            SessionPhase::Open(open) => Some(open.link_session.term),
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
                    "a newer session has taken over",
                )],
            ),
            (SessionPhase::Greeting, SyncSessionInput::Frame(Frame::Hello(hello))) => {
                self.handle_hello(hello)
            }
            (phase @ SessionPhase::Greeting, SyncSessionInput::Frame(_)) => (
                phase,
                vec![end_session(
                    Code::MalformedBody,
                    "the first frame of a session must be Hello",
                )],
            ),
            (
                SessionPhase::Loading(hello)
                | SessionPhase::TakingOver(hello)
                | SessionPhase::Quarantining(hello),
                SyncSessionInput::Loaded(stored),
            ) => self.check_hello(hello, &stored),
            (SessionPhase::Probing(hello, stored), SyncSessionInput::Probed { alive }) => {
                self.handle_probe_result(hello, *stored, alive)
            }
            (SessionPhase::TakingOver(hello), SyncSessionInput::TakenOver { term, stored }) => {
                self.open_session(hello, &stored, term, now)
            }
            (SessionPhase::Quarantining(hello), SyncSessionInput::Quarantined(granted)) => {
                let (returning, outputs) = TailReturn::new(&hello, granted);
                (SessionPhase::Returning(Box::new(returning)), outputs)
            }
            (SessionPhase::Returning(mut returning), SyncSessionInput::Tail(tail)) => {
                let outputs = returning.send(tail);
                (SessionPhase::Returning(returning), outputs)
            }
            (SessionPhase::Open(mut open), input) => {
                let outputs = self.handle_open_input(&mut open, input, now);
                (SessionPhase::Open(open), outputs)
            }
            (phase, SyncSessionInput::Frame(_)) => {
                self.ignored += 1;
                (phase, Vec::new())
            }
            (phase, _) => (phase, Vec::new()),
        }
    }

    fn handle_open_input(
        &mut self,
        open: &mut OpenSession,
        input: SyncSessionInput,
        now: UnixMillis,
    ) -> Vec<SyncSessionOutput> {
        let link_session = open.link_session;
        match input {
            SyncSessionInput::Frame(Frame::CertificateRequest(request)) => {
                self.admit_certificate_request(link_session, request, now)
            }
            SyncSessionInput::CertificateDecided(answer) => {
                vec![certificates::send_reply(link_session, answer)]
            }
            SyncSessionInput::Frame(Frame::PhotoChunk(chunk)) => {
                self.admit_photo_chunk(link_session, chunk)
            }
            SyncSessionInput::PhotoAnswered { chunk, answer } => {
                self.answer_photo_chunk(link_session, &chunk, answer)
            }
            SyncSessionInput::Frame(Frame::MessagesQuery(query)) => {
                self.admit_messages_query(link_session, query)
            }
            SyncSessionInput::MessagesAnswered(answer) => {
                self.answer_messages_query(link_session, answer)
            }
            input => open.handle_input(input, now).unwrap_or_else(|UnusedFrame| {
                self.ignored += 1;
                Vec::new()
            }),
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
            let twin = end_session(
                Code::EdgeTwin,
                "another running instance of this edge has answered",
            );
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
                SessionPhase::Quarantining(hello),
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
