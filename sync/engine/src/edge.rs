//! The edge end of the link, a pure state machine: frames and file positions come in, steps for its
//! driver go out.
//!
//! Invariants: only ops in the file are sent, in order and within the hub's credit; a frame without
//! this session's term and boot nonce changes nothing [FRAME_BIND]; a cursor moves only after the
//! file has stored the counted rows; a quarantine acts only on the epoch and run that it names, and
//! only with its whole tail; a frame without the hub's proof changes nothing [PROVEN_HUB]; no input
//! causes a panic.

mod certificates;
mod downlink;
mod interface;
mod messages;
mod photos;
mod quarantine;
#[cfg(test)]
mod tests;
mod window;

use wire::{
    Ack, CODEC_PACKED, CODEC_PLAIN, ChainHead, Code, Credit, Frame, FrameProof, Hello,
    LinkSessionId, OpsFrame, PROTOCOL_MAX, PROTOCOL_MIN, Probe, ProbeReply, ResendRequest,
    SessionRefusal, Welcome,
};

pub use interface::{
    EdgeFilePosition, EdgeRunIdentity, EdgeWrite, HubCheck, IgnoreReason, LinkEnd, LinkStep,
    MachineReport, NewEpoch, OpRange, OpRun, SnapshotChunkWrite, TailWrite, ToldMessages,
    reconnect_delay,
};

use messages::MessageQuestion;
pub use messages::{MessageOrders, MessageRounds, MessageTurn, is_asked_about};
pub use photos::{PhotoChunk, PhotoPace};

use photos::PhotoUnderWay;
use window::{ResendResult, SendResult, SendWindow};

#[derive(Debug)]
enum LinkPhase {
    Idle,
    Greeting,
    Open {
        link_session: LinkSessionId,
        window: SendWindow,
        /// The hub wants ops packed.
        packs: bool,
        takes_photos: bool,
        tells_messages: bool,
    },
    /// A quarantine is coming in; `parts` parts have arrived.
    InQuarantine {
        parts: u32,
    },
}

#[derive(Debug)]
pub struct EdgeProtocol {
    who: EdgeRunIdentity,
    position: EdgeFilePosition,
    phase: LinkPhase,
    /// Generation and feed number of the last snapshot adopted in this session.
    taken: Option<(u64, u64)>,
    /// The hub's key signed the newest frame.
    is_signed: bool,
    /// A request for a certificate is on its way.
    awaits_certificate: bool,
    photo: Option<PhotoUnderWay>,
    /// The question for messages that is under way.
    message_question: Option<MessageQuestion>,
}

impl EdgeProtocol {
    pub fn new(who: EdgeRunIdentity, position: EdgeFilePosition) -> Self {
        Self {
            who,
            position,
            phase: LinkPhase::Idle,
            taken: None,
            is_signed: false,
            awaits_certificate: false,
            photo: None,
            message_question: None,
        }
    }

    /// The first frame of a new connection.
    pub fn start_greeting(&mut self, check: HubCheck) -> Frame {
        self.phase = LinkPhase::Greeting;
        self.taken = None;
        self.awaits_certificate = false;
        self.photo = None;
        self.message_question = None;
        let at = &self.position;
        Frame::Hello(Hello {
            protocol_min: PROTOCOL_MIN,
            protocol_max: PROTOCOL_MAX,
            edge: self.who.edge.clone(),
            region: self.who.region,
            epoch: at.epoch,
            nonce: self.who.nonce,
            last_seq: at.head.seq,
            last_hash: at.head.hash,
            suspect: at.suspect,
            feed_generation: at.feed_generation,
            feed_cursor: at.feed_cursor,
            outcome_cursor: at.outcome_cursor,
            codec: CODEC_PLAIN,
            version: self.who.version.clone(),
            settled: at.settled,
            twin: at.twin.then_some(true),
            snapshots: Some(true),
            staged: at.staged.clone(),
            codecs: Some(vec![CODEC_PACKED]),
            challenge: check.challenge,
            pinned: check.pinned.then_some(true),
            plain_line: check.plain_line.then_some(true),
            plain_listeners: self.who.plain_listeners.then_some(true),
        })
    }

    pub fn close_session(&mut self) {
        self.phase = LinkPhase::Idle;
    }

    pub fn is_open(&self) -> bool {
        matches!(self.phase, LinkPhase::Open { .. })
    }

    /// The log grew or a write was stored. An edge that became suspect ends its session, even
    /// before the Welcome, so that the hub accepts nothing more of this log; the next Hello names
    /// the reason.
    pub fn update_position(&mut self, position: EdgeFilePosition) -> Vec<LinkStep> {
        let became_suspect = position.suspect && !self.position.suspect;
        if position.snapshot != self.position.snapshot {
            self.taken = Some((position.feed_generation, position.feed_cursor));
        }
        self.position = position;
        if became_suspect && matches!(self.phase, LinkPhase::Greeting | LinkPhase::Open { .. }) {
            return vec![LinkStep::End(LinkEnd::Suspect)];
        }
        self.request_next_ops()
    }

    /// The edge's report to the hub, due periodically and after each write.
    pub fn build_ack(&self, machine: &MachineReport) -> Option<Frame> {
        let LinkPhase::Open { link_session, .. } = &self.phase else {
            return None;
        };
        let at = &self.position;
        Some(Frame::Ack(Ack {
            link_session: *link_session,
            outcome_cursor: at.outcome_cursor,
            feed_cursor: at.feed_cursor,
            digest: at.tally.digest,
            ahead: at.tally.ahead,
            pending: at.pending,
            oldest_pending_at: at.oldest_pending_at,
            edge_now: machine.now,
            disk_free_bytes: machine.disk_free_bytes,
            last_seq: at.head.seq,
            staged: at.staged.clone(),
            snapshot: at.snapshot,
            unproven: at.unproven,
            assignment: Some(at.assignment),
            clock_error_ms: machine.clock_error_ms,
            newcomers_waiting: machine.newcomers_waiting,
            disk: machine.disk,
            photos_waiting: machine.photos_waiting,
        }))
    }

    /// Sends the ops requested by `LinkStep::Read`.
    pub fn send_ops(&mut self, run: OpRun) -> Vec<LinkStep> {
        let epoch = self.position.epoch;
        let LinkPhase::Open {
            link_session,
            window,
            packs,
            ..
        } = &mut self.phase
        else {
            return Vec::new();
        };
        let sent = match window.record_sent(&run) {
            SendResult::Up(sent) => sent,
            SendResult::NothingFits => return Vec::new(),
            SendResult::Broken => return vec![self.chain_broken()],
        };
        let up = OpsFrame {
            link_session: *link_session,
            epoch,
            first_seq: run.before.seq + 1,
            prev_hash: run.before.hash,
            hash: sent.hash,
            ops: run.ops.into_iter().map(Into::into).collect(),
            packed: None,
        };
        let up = if *packs { up.into_packed() } else { up };
        let mut todo = vec![LinkStep::Send(Box::new(Frame::Up(up)))];
        todo.extend(self.request_next_ops());
        todo
    }

    /// `proof` is the driver's check of the frame's signature.
    pub fn handle_frame(&mut self, frame: Frame, proof: FrameProof) -> Vec<LinkStep> {
        match (proof, &frame) {
            (FrameProof::Signed, _) => self.handle_signed_frame(frame),
            // An older hub may open a session but cannot make this log suspect or this edge a twin.
            (FrameProof::Unsigned, Frame::Quarantine(_)) | (FrameProof::Forged, _) => {
                vec![LinkStep::End(LinkEnd::Unproven)]
            }
            (FrameProof::Unsigned, _) => {
                self.is_signed = false;
                self.apply_frame(frame)
            }
        }
    }

    /// The frame carries the hub's signature for this session.
    pub fn handle_signed_frame(&mut self, frame: Frame) -> Vec<LinkStep> {
        self.is_signed = true;
        self.apply_frame(frame)
    }

    fn apply_frame(&mut self, frame: Frame) -> Vec<LinkStep> {
        let kind = frame.kind();
        match frame {
            Frame::Refused(refused) => self.handle_refused(refused),
            Frame::Quarantine(frame) => self.handle_quarantine(frame),
            Frame::Welcome(welcome) => self.handle_welcome(&welcome),
            Frame::Outcomes(frame) if self.is_current_session(frame.link_session) => {
                self.handle_outcomes(frame)
            }
            Frame::Down(frame) if self.is_current_session(frame.link_session) => {
                self.handle_down(frame)
            }
            Frame::Snapshot(chunk) if self.is_current_session(chunk.link_session) => {
                self.handle_snapshot_chunk(&chunk)
            }
            Frame::Credit(frame) if self.is_current_session(frame.link_session) => {
                self.handle_credit(&frame)
            }
            Frame::Resend(frame) if self.is_current_session(frame.link_session) => {
                self.handle_resend(&frame)
            }
            Frame::Held(frame) if self.is_current_session(frame.link_session) => {
                vec![LinkStep::Held {
                    seq: frame.seq,
                    reason: frame.reason,
                }]
            }
            Frame::Ask(accept) if self.is_current_session(accept.link_session) => {
                vec![LinkStep::Log(Box::new(accept))]
            }
            Frame::Probe(frame) if self.is_current_session(frame.link_session) => {
                vec![LinkStep::Send(Box::new(build_alive(&frame)))]
            }
            Frame::CertificateReply(reply) if self.is_current_session(reply.link_session) => {
                self.handle_certificate_reply(reply.answer)
            }
            Frame::PhotoAnswer(frame) if self.is_current_session(frame.link_session) => {
                self.handle_photo_answer(&frame)
            }
            Frame::MessagesAnswer(frame) if self.is_current_session(frame.link_session) => {
                self.handle_messages_answer(frame)
            }
            Frame::Outcomes(_)
            | Frame::Down(_)
            | Frame::Snapshot(_)
            | Frame::CertificateReply(_)
            | Frame::PhotoAnswer(_)
            | Frame::MessagesAnswer(_)
            | Frame::Ask(_)
            | Frame::Credit(_)
            | Frame::Resend(_)
            | Frame::Held(_)
            | Frame::Probe(_) => ignore_frame(kind, IgnoreReason::OtherSession),
            Frame::Hello(_)
            | Frame::Up(_)
            | Frame::Ack(_)
            | Frame::Alive(_)
            | Frame::CertificateRequest(_)
            | Frame::PhotoChunk(_)
            | Frame::MessagesQuery(_)
            | Frame::Sealed(_)
            | Frame::Unknown(_) => ignore_frame(kind, IgnoreReason::Unexpected),
        }
    }

    /// Answers a probe out of turn, so that even a busy process proves it is alive.
    pub fn answer_probe(&self, frame: &Frame) -> Option<Frame> {
        match frame {
            Frame::Probe(probe) if self.is_current_session(probe.link_session) => {
                Some(build_alive(probe))
            }
            _ => None,
        }
    }

    fn is_current_session(&self, named: LinkSessionId) -> bool {
        matches!(&self.phase, LinkPhase::Open { link_session, .. } if *link_session == named)
    }

    fn handle_welcome(&mut self, welcome: &Welcome) -> Vec<LinkStep> {
        if !matches!(self.phase, LinkPhase::Greeting) {
            return ignore_frame("Welcome", IgnoreReason::Unexpected);
        }
        if welcome.link_session.nonce != self.who.nonce {
            return ignore_frame("Welcome", IgnoreReason::OtherSession);
        }
        if !(PROTOCOL_MIN..=PROTOCOL_MAX).contains(&welcome.protocol) {
            return vec![LinkStep::End(LinkEnd::ProtocolUnsupported)];
        }
        let packs = match welcome.codec {
            None | Some(CODEC_PLAIN) => false,
            Some(CODEC_PACKED) => true,
            // The edge did not offer this codec.
            Some(_) => return vec![LinkStep::End(LinkEnd::ProtocolUnsupported)],
        };
        let cursor = ChainHead {
            seq: welcome.cursor,
            hash: welcome.cursor_hash,
        };
        let head = self.position.head;
        if cursor.seq > head.seq || (cursor.seq == head.seq && cursor.hash != head.hash) {
            return vec![self.chain_broken()];
        }
        let window = SendWindow::new(cursor, welcome.limits);
        self.phase = LinkPhase::Open {
            link_session: welcome.link_session,
            window,
            packs,
            takes_photos: welcome.photos == Some(true),
            tells_messages: welcome.messages == Some(true),
        };
        let mut todo = vec![LinkStep::Welcomed(welcome.cloud_now)];
        // A snapshot brings its own generation.
        let counts_anew = welcome.feed_generation != self.position.feed_generation;
        if counts_anew && welcome.snapshot.is_none() {
            todo.push(LinkStep::Store(EdgeWrite::Generation(
                welcome.feed_generation,
            )));
        }
        todo.extend(self.request_next_ops());
        todo
    }

    /// A Credit may carry no new credit, only the confirmation that the edge has read the whole
    /// feed.
    fn handle_credit(&mut self, frame: &Credit) -> Vec<LinkStep> {
        let LinkPhase::Open { window, .. } = &mut self.phase else {
            return Vec::new();
        };
        let news = window.apply_credit(frame.cursor, frame.ops, frame.bytes);
        let current = frame
            .feed_seq
            .is_some_and(|reached| reached <= self.position.feed_cursor);
        let todo = match news {
            true => self.request_next_ops(),
            false if current => Vec::new(),
            false => ignore_frame("Credit", IgnoreReason::Stale),
        };
        current
            .then_some(LinkStep::FeedCurrent)
            .into_iter()
            .chain(todo)
            .collect()
    }

    fn handle_resend(&mut self, frame: &ResendRequest) -> Vec<LinkStep> {
        let LinkPhase::Open { window, .. } = &mut self.phase else {
            return Vec::new();
        };
        match window.rewind_to(frame.from) {
            ResendResult::Again => self.request_next_ops(),
            ResendResult::Ignored => ignore_frame("Resend", IgnoreReason::Stale),
            ResendResult::Stuck => vec![LinkStep::End(LinkEnd::Stuck)],
        }
    }

    /// A broken chain in mid-session makes this log suspect. At Hello it only means that the cloud
    /// lost data.
    fn handle_refused(&mut self, refused: SessionRefusal) -> Vec<LinkStep> {
        let SessionRefusal { code, detail } = refused;
        if code == Code::ChainBroken && self.is_open() {
            return vec![self.chain_broken()];
        }
        let end = LinkStep::End(LinkEnd::Refused { code, detail });
        if code == Code::EdgeTwin && !self.position.twin && self.is_signed {
            return vec![LinkStep::Store(EdgeWrite::Twin), end];
        }
        vec![end]
    }

    /// Makes this log suspect, so only a signed frame may cause it.
    fn chain_broken(&self) -> LinkStep {
        LinkStep::End(if self.is_signed {
            LinkEnd::ChainBroken
        } else {
            LinkEnd::Unproven
        })
    }

    fn request_next_ops(&mut self) -> Vec<LinkStep> {
        let head = self.position.head.seq;
        let LinkPhase::Open { window, .. } = &mut self.phase else {
            return Vec::new();
        };
        window.next(head).map(LinkStep::Read).into_iter().collect()
    }
}

fn ignore_frame(kind: &'static str, why: IgnoreReason) -> Vec<LinkStep> {
    vec![LinkStep::Ignored { kind, why }]
}

/// Only this process may answer a probe, never a component between it and the hub.
fn build_alive(probe: &Probe) -> Frame {
    let Probe {
        link_session,
        number,
    } = *probe;
    Frame::Alive(ProbeReply {
        link_session,
        number,
    })
}
