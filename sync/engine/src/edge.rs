//! The edge end of the link, a pure state machine: frames and file positions come in, steps for its
//! driver go out.
//!
//! Invariants: only ops in the file are sent, in order and within the hub's credit; a frame without
//! this session's term and boot nonce changes nothing [FRAME_BIND]; a cursor moves only after the
//! file has stored the counted rows; a quarantine acts only on the epoch and run that it names, and
//! only with its whole tail; a frame without the hub's proof changes nothing [PROVEN_HUB]; no input
//! causes a panic.

mod confined;
mod snapshot;
#[cfg(test)]
mod tests;
mod window;
mod words;

use wire::{
    Ack, Alive, CODEC_PACKED, CODEC_PLAIN, Chain, Code, Credit, Down, Frame, FrameProof, Hello,
    OutcomesFrame, PROTOCOL_MAX, PROTOCOL_MIN, Probe, Refused, Resend, Standing, Up, Welcome,
};

pub use words::{
    EdgeWrite, End, HubCheck, IgnoreReason, LinkStep, MachineReport, NewEpoch, OpRange, Position,
    Run, SnapshotRun, Speaker, TailRun,
};

use window::{ResendResult, SendResult, Window};

#[derive(Debug)]
enum Phase {
    Idle,
    Greeting,
    Open {
        standing: Standing,
        window: Window,
        /// The hub wants ops packed.
        packs: bool,
    },
    /// A quarantine is coming in; `parts` parts have arrived.
    Confined {
        parts: u32,
    },
}

#[derive(Debug)]
pub struct Edge {
    who: Speaker,
    position: Position,
    phase: Phase,
    /// Generation and feed number of the last snapshot adopted in this session.
    taken: Option<(u64, u64)>,
    /// The hub's key signed the newest frame.
    is_signed: bool,
}

impl Edge {
    pub fn new(who: Speaker, position: Position) -> Self {
        Self { who, position, phase: Phase::Idle, taken: None, is_signed: false }
    }

    /// The first frame of a new connection.
    pub fn hello(&mut self, check: HubCheck) -> Frame {
        self.phase = Phase::Greeting;
        self.taken = None;
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
        })
    }

    pub fn closed(&mut self) {
        self.phase = Phase::Idle;
    }

    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// The log grew or a write was stored. An edge that became suspect ends its session, even
    /// before the Welcome, so that the hub accepts nothing more of this log; the next Hello names
    /// the reason.
    pub fn moved(&mut self, position: Position) -> Vec<LinkStep> {
        let became_suspect = position.suspect && !self.position.suspect;
        if position.snapshot != self.position.snapshot {
            self.taken = Some((position.feed_generation, position.feed_cursor));
        }
        self.position = position;
        if became_suspect && matches!(self.phase, Phase::Greeting | Phase::Open { .. }) {
            return vec![LinkStep::End(End::Suspect)];
        }
        self.pump()
    }

    /// The edge's report to the hub, due periodically and after each write.
    pub fn ack(&self, machine: &MachineReport) -> Option<Frame> {
        let Phase::Open { standing, .. } = &self.phase else { return None };
        let at = &self.position;
        Some(Frame::Ack(Ack {
            standing: *standing,
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
        }))
    }

    /// Sends the ops requested by `LinkStep::Read`.
    pub fn read(&mut self, run: Run) -> Vec<LinkStep> {
        let epoch = self.position.epoch;
        let Phase::Open { standing, window, packs } = &mut self.phase else { return Vec::new() };
        let sent = match window.take(&run) {
            SendResult::Up(sent) => sent,
            SendResult::NothingFits => return Vec::new(),
            SendResult::Broken => return vec![self.chain_broken()],
        };
        let up = Up {
            standing: *standing,
            epoch,
            first_seq: run.before.seq + 1,
            prev_hash: run.before.hash,
            hash: sent.hash,
            ops: run.ops.into_iter().map(Into::into).collect(),
            packed: None,
        };
        let up = if *packs { up.packed() } else { up };
        let mut todo = vec![LinkStep::Send(Box::new(Frame::Up(up)))];
        todo.extend(self.pump());
        todo
    }

    /// `proof` is the driver's check of the frame's signature.
    pub fn take_as(&mut self, frame: Frame, proof: FrameProof) -> Vec<LinkStep> {
        match (proof, &frame) {
            (FrameProof::Signed, _) => self.take(frame),
            // An older hub may open a session but cannot make this log suspect or this edge a twin.
            (FrameProof::Unsigned, Frame::Quarantine(_)) | (FrameProof::Forged, _) => {
                vec![LinkStep::End(End::Unproven)]
            }
            (FrameProof::Unsigned, _) => {
                self.is_signed = false;
                self.apply(frame)
            }
        }
    }

    /// The frame carries the hub's signature for this session.
    pub fn take(&mut self, frame: Frame) -> Vec<LinkStep> {
        self.is_signed = true;
        self.apply(frame)
    }

    fn apply(&mut self, frame: Frame) -> Vec<LinkStep> {
        let kind = frame.kind();
        let ignored = |why| vec![LinkStep::Ignored { kind, why }];
        match frame {
            Frame::Refused(refused) => self.refused(refused),
            Frame::Quarantine(frame) => self.quarantine(frame),
            Frame::Welcome(welcome) => self.welcome(&welcome),
            Frame::Outcomes(frame) if self.stands(frame.standing) => self.outcomes(frame),
            Frame::Down(frame) if self.stands(frame.standing) => self.down(frame),
            Frame::Snapshot(chunk) if self.stands(chunk.standing) => self.snapshot(&chunk),
            Frame::Credit(frame) if self.stands(frame.standing) => self.credited(&frame),
            Frame::Resend(frame) if self.stands(frame.standing) => self.resend(&frame),
            Frame::Held(frame) if self.stands(frame.standing) => {
                vec![LinkStep::Held { seq: frame.seq, reason: frame.reason }]
            }
            Frame::Ask(ask) if self.stands(ask.standing) => vec![LinkStep::Log(Box::new(ask))],
            Frame::Probe(frame) if self.stands(frame.standing) => {
                vec![LinkStep::Send(Box::new(alive(&frame)))]
            }
            Frame::Outcomes(_)
            | Frame::Down(_)
            | Frame::Snapshot(_)
            | Frame::Ask(_)
            | Frame::Credit(_)
            | Frame::Resend(_)
            | Frame::Held(_)
            | Frame::Probe(_) => ignored(IgnoreReason::Standing),
            Frame::Hello(_)
            | Frame::Up(_)
            | Frame::Ack(_)
            | Frame::Alive(_)
            | Frame::Sealed(_)
            | Frame::Unknown(_) => ignored(IgnoreReason::Unexpected),
        }
    }

    /// Answers a probe out of turn, so that even a busy process proves it is alive.
    pub fn lives(&self, frame: &Frame) -> Option<Frame> {
        match frame {
            Frame::Probe(probe) if self.stands(probe.standing) => Some(alive(probe)),
            _ => None,
        }
    }

    fn stands(&self, named: Standing) -> bool {
        matches!(&self.phase, Phase::Open { standing, .. } if *standing == named)
    }

    fn welcome(&mut self, welcome: &Welcome) -> Vec<LinkStep> {
        let ignored = |why| vec![LinkStep::Ignored { kind: "Welcome", why }];
        if !matches!(self.phase, Phase::Greeting) {
            return ignored(IgnoreReason::Unexpected);
        }
        if welcome.standing.nonce != self.who.nonce {
            return ignored(IgnoreReason::Standing);
        }
        if !(PROTOCOL_MIN..=PROTOCOL_MAX).contains(&welcome.protocol) {
            return vec![LinkStep::End(End::ProtocolUnsupported)];
        }
        let packs = match welcome.codec {
            None | Some(CODEC_PLAIN) => false,
            Some(CODEC_PACKED) => true,
            // The edge did not offer this codec.
            Some(_) => return vec![LinkStep::End(End::ProtocolUnsupported)],
        };
        let cursor = Chain { seq: welcome.cursor, hash: welcome.cursor_hash };
        let head = self.position.head;
        if cursor.seq > head.seq || (cursor.seq == head.seq && cursor.hash != head.hash) {
            return vec![self.chain_broken()];
        }
        let window = Window::new(cursor, welcome.limits);
        self.phase = Phase::Open { standing: welcome.standing, window, packs };
        let mut todo = vec![LinkStep::Welcomed(welcome.cloud_now)];
        // A snapshot brings its own generation.
        let counts_anew = welcome.feed_generation != self.position.feed_generation;
        if counts_anew && welcome.snapshot.is_none() {
            todo.push(LinkStep::Store(EdgeWrite::Generation(welcome.feed_generation)));
        }
        todo.extend(self.pump());
        todo
    }

    /// Outcome numbers are dense: a frame with a gap before or in it is ignored, and the hub sends
    /// it again. An overlapping frame contributes its new part.
    fn outcomes(&mut self, frame: OutcomesFrame) -> Vec<LinkStep> {
        let ignored = |why| vec![LinkStep::Ignored { kind: "Outcomes", why }];
        if frame.epoch != self.position.epoch {
            return ignored(IgnoreReason::Standing);
        }
        let cursor = self.position.outcome_cursor;
        let whole = frame.outcomes.iter().map(|o| Some(o.number)).eq(numbers(frame.from, frame.to));
        if frame.from > cursor || !whole {
            return ignored(IgnoreReason::Gap);
        }
        if frame.to <= cursor {
            return ignored(IgnoreReason::Stale);
        }
        let outcomes = frame.outcomes.into_iter().filter(|o| o.number > cursor).collect();
        vec![LinkStep::Store(EdgeWrite::Outcomes { to: frame.to, outcomes })]
    }

    fn down(&mut self, frame: Down) -> Vec<LinkStep> {
        let ignored = |why| vec![LinkStep::Ignored { kind: "Down", why }];
        let cursor = self.position.feed_cursor;
        if frame.from < cursor || frame.to < frame.from {
            return ignored(IgnoreReason::Stale);
        }
        if frame.from > cursor {
            return ignored(IgnoreReason::Gap);
        }
        vec![LinkStep::Store(EdgeWrite::Changes { to: frame.to, changes: frame.changes })]
    }

    /// A Credit may carry no new credit, only the confirmation that the edge has read the whole
    /// feed.
    fn credited(&mut self, frame: &Credit) -> Vec<LinkStep> {
        let Phase::Open { window, .. } = &mut self.phase else { return Vec::new() };
        let news = window.credit(frame.cursor, frame.ops, frame.bytes);
        let current = frame.feed_seq.is_some_and(|reached| reached <= self.position.feed_cursor);
        let todo = match news {
            true => self.pump(),
            false if current => Vec::new(),
            false => vec![LinkStep::Ignored { kind: "Credit", why: IgnoreReason::Stale }],
        };
        current.then_some(LinkStep::FeedCurrent).into_iter().chain(todo).collect()
    }

    fn resend(&mut self, frame: &Resend) -> Vec<LinkStep> {
        let Phase::Open { window, .. } = &mut self.phase else { return Vec::new() };
        match window.resend(frame.from) {
            ResendResult::Again => self.pump(),
            ResendResult::Ignored => {
                vec![LinkStep::Ignored { kind: "Resend", why: IgnoreReason::Stale }]
            }
            ResendResult::Stuck => vec![LinkStep::End(End::Stuck)],
        }
    }

    /// A broken chain in mid-session makes this log suspect. At Hello it only means that the cloud
    /// lost data.
    fn refused(&mut self, refused: Refused) -> Vec<LinkStep> {
        let Refused { code, detail } = refused;
        if code == Code::ChainBroken && self.is_open() {
            return vec![self.chain_broken()];
        }
        let end = LinkStep::End(End::Refused { code, detail });
        if code == Code::EdgeTwin && !self.position.twin && self.is_signed {
            return vec![LinkStep::Store(EdgeWrite::Twin), end];
        }
        vec![end]
    }

    /// Makes this log suspect, so only a signed frame may cause it.
    fn chain_broken(&self) -> LinkStep {
        LinkStep::End(if self.is_signed { End::ChainBroken } else { End::Unproven })
    }

    fn pump(&mut self) -> Vec<LinkStep> {
        let head = self.position.head.seq;
        let Phase::Open { window, .. } = &mut self.phase else { return Vec::new() };
        window.next(head).map(LinkStep::Read).into_iter().collect()
    }
}

/// Only this process may answer a probe, never a component between it and the hub.
fn alive(probe: &Probe) -> Frame {
    let Probe { standing, number } = *probe;
    Frame::Alive(Alive { standing, number })
}

/// Yields each number of `from + 1 ..= to`. An overflowing range yields `None`, which matches no
/// outcome.
fn numbers(from: u64, to: u64) -> impl Iterator<Item = Option<u64>> {
    let first = from.checked_add(1);
    let broken = first.is_none().then_some(None);
    let range = first.into_iter().flat_map(move |first| (first..=to).map(Some));
    broken.into_iter().chain(range)
}
