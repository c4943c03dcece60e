//! A session after its Welcome: ops come up, outcomes and the feed go down.

use wire::{
    Ack, Alive, Ask, Change, Code, Credit, Down, Frame, HeldNotice, Hello, Limits, NumberedOutcome,
    OutcomesFrame, PortalAccept, Probe, Resend, SnapshotPart, Standing, UnixMillis, Up, Welcome,
};

use crate::moments::HeadNotes;

use super::{
    Input, NewOps, Output, StoredEdge,
    downstream::Downstream,
    end, hello,
    snapshot::{self, ImageTransfer},
    upstream::{UpRuling, Uplink},
};

#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) standing: Standing,
    limits: Limits,
    feed_generation: u64,
    up: Uplink,
    outcomes: Downstream,
    feed: Downstream,
    /// The feed waits during a snapshot transfer.
    snapshot: Option<ImageTransfer>,
    /// The feed number of the last snapshot that the edge adopted in this session.
    taken: Option<u64>,
    takes_snapshots: bool,
    probed: u64,
    /// The feed number of the last `confirm_feed`.
    feed_confirmed: Option<u64>,
    ticks: u32,
    heads: HeadNotes,
}

/// In ticks of a second. The age limit of an edge's revocations is in hours.
const CONFIRM_EVERY_TICKS: u32 = 30;

pub(super) struct UnusedFrame;

pub(super) struct SessionStart {
    pub term: u64,
    /// Includes the log end from the Hello.
    pub heads: HeadNotes,
    pub limits: Limits,
    pub now: UnixMillis,
}

impl OpenSession {
    pub(super) fn new(
        hello: &Hello,
        stored: &StoredEdge,
        begun: SessionStart,
    ) -> (Self, Vec<Output>) {
        let SessionStart { term, heads, limits, now } = begun;
        let standing = Standing { term, nonce: hello.nonce };
        let feed = snapshot::feed_base(hello, stored);
        let mut open = Self {
            standing,
            limits,
            feed_generation: stored.feed_generation,
            up: Uplink::new(stored.epoch, stored.cursor),
            outcomes: Downstream::after(hello.outcome_cursor),
            feed: Downstream::after(feed),
            snapshot: ImageTransfer::needed(hello, stored, standing),
            taken: None,
            takes_snapshots: hello.snapshots == Some(true),
            probed: 0,
            feed_confirmed: None,
            ticks: 0,
            heads,
        };
        let welcome = Frame::Welcome(Welcome {
            protocol: hello.protocol_max.min(wire::PROTOCOL_MAX),
            standing,
            cursor: stored.cursor.seq,
            cursor_hash: stored.cursor.hash,
            feed_generation: stored.feed_generation,
            limits,
            cloud_now: now,
            snapshot: open.snapshot.as_ref().map(|image| image.feed_seq),
            codec: hello::codec(hello),
        });
        let outcomes = open.outcomes.reach(stored.outcome_count).map(Self::read_outcomes);
        let down = open.feed_on(stored.feed_seq);
        let outputs = [Output::Send(welcome)].into_iter().chain(outcomes).chain(down).collect();
        (open, outputs)
    }

    pub(super) fn handle(
        &mut self,
        input: Input,
        now: UnixMillis,
    ) -> Result<Vec<Output>, UnusedFrame> {
        Ok(match input {
            Input::Frame(frame) => self.frame(frame, now)?,
            Input::OpsStored { cursor } => {
                self.up.confirmed(cursor);
                vec![self.credit()]
            }
            Input::Outcomes(outcomes) => self.send_outcomes(outcomes),
            Input::Feed { to, changes } => self.send_feed(to, changes),
            Input::Snapshot(part) => self.send_chunk(&part),
            Input::Repair { feed_seq, granted_seq } => self.repair(feed_seq, granted_seq),
            Input::OutcomesReach(head) => {
                self.outcomes.reach(head).map(Self::read_outcomes).into_iter().collect()
            }
            Input::FeedReaches { generation, feed_seq } => self.feed_reaches(generation, feed_seq),
            Input::Held { seq, reason } => {
                let standing = self.standing;
                vec![Output::Send(Frame::Held(HeldNotice { standing, seq, reason }))]
            }
            Input::Ask { accept, taken_at } => {
                let PortalAccept { command, token, actor, .. } = *accept;
                let standing = self.standing;
                let ask = Ask { standing, command, token, actor, taken_at };
                vec![Output::Send(Frame::Ask(ask))]
            }
            Input::Tick => {
                let missing = self.up.tick().map(|from| self.resend(from));
                let outcomes = self.outcomes.tick().map(Self::read_outcomes);
                let down = match &mut self.snapshot {
                    Some(snapshot) => snapshot.tick().map(Output::ReadSnapshot),
                    None => self.feed.tick().map(Self::read_feed),
                };
                self.ticks = self.ticks.wrapping_add(1);
                let again = self.ticks.is_multiple_of(CONFIRM_EVERY_TICKS);
                let confirmed = if again { self.confirm_feed(true) } else { None };
                missing.into_iter().chain(outcomes).chain(down).chain(confirmed).collect()
            }
            Input::ProbeAsked { number } => self.probe(number),
            Input::Loaded(_)
            | Input::Probed { .. }
            | Input::Quarantined(_)
            | Input::Tail(_)
            | Input::TakenOver { .. }
            | Input::Superseded
            | Input::GateClosed
            | Input::Disabled => Vec::new(),
        })
    }

    fn frame(&mut self, frame: Frame, now: UnixMillis) -> Result<Vec<Output>, UnusedFrame> {
        match frame {
            Frame::Up(up) if up.standing == self.standing => self.up(up, now),
            Frame::Ack(ack) if ack.standing == self.standing => self.acknowledged(ack, now),
            Frame::Alive(Alive { standing, number })
                if standing == self.standing && (1..=self.probed).contains(&number) =>
            {
                Ok(vec![Output::SaveAlive { number }])
            }
            _ => Err(UnusedFrame),
        }
    }

    fn up(&mut self, up: Up, now: UnixMillis) -> Result<Vec<Output>, UnusedFrame> {
        Ok(match self.up.take(self.standing.term, up, &self.limits) {
            UpRuling::Store(mut new) => {
                for op in &mut new.ops {
                    op.bounds = self.heads.bounds(op.at.seq, &op.bytes, now);
                }
                vec![Output::Store(NewOps { heads: self.heads, ..new })]
            }
            UpRuling::Repeat => vec![self.credit()],
            UpRuling::Gap { from } => vec![self.resend(from)],
            UpRuling::GapAskedFor => Vec::new(),
            UpRuling::OtherEpoch => return Err(UnusedFrame),
            UpRuling::Refused(code, why) => vec![end(code, why)],
        })
    }

    /// An Ack with numbers never sent belongs to another session.
    fn acknowledged(&mut self, ack: Ack, now: UnixMillis) -> Result<Vec<Output>, UnusedFrame> {
        if self.snapshot.is_some() {
            return self.acknowledged_snapshot(ack, now);
        }
        if !self.outcomes.has_sent(ack.outcome_cursor) || !self.feed.has_sent(ack.feed_cursor) {
            return Err(UnusedFrame);
        }
        let outcomes = self.outcomes.acknowledge(ack.outcome_cursor).map(Self::read_outcomes);
        let feed = self.feed.acknowledge(ack.feed_cursor).map(Self::read_feed);
        let confirmed = self.confirm_feed(false);
        let saved = [self.save(ack, now)].into_iter();
        Ok(saved.chain(outcomes).chain(feed).chain(confirmed).collect())
    }

    /// Until the snapshot becomes the edge's view, the edge's cursor does not refer to this feed.
    /// The saved cursor stays, so that the feed keeps everything after it.
    fn acknowledged_snapshot(
        &mut self,
        ack: Ack,
        now: UnixMillis,
    ) -> Result<Vec<Output>, UnusedFrame> {
        if !self.outcomes.has_sent(ack.outcome_cursor) {
            return Err(UnusedFrame);
        }
        let outcomes = self.outcomes.acknowledge(ack.outcome_cursor).map(Self::read_outcomes);
        let taken = self.snapshot.as_mut().and_then(|snapshot| snapshot.acknowledged(&ack));
        let (ack, down) = match taken {
            Some(feed_seq) => {
                self.snapshot = None;
                self.taken = Some(feed_seq);
                let head = self.feed.head;
                self.feed = Downstream::after(feed_seq);
                let feed = self.feed.reach(head).map(Self::read_feed);
                let taken = [Output::SnapshotTaken].into_iter().chain(feed).collect();
                (Ack { feed_cursor: feed_seq, ..ack }, taken)
            }
            None => {
                let feed_cursor = self.feed.acknowledged;
                (Ack { feed_cursor, ..ack }, self.read_on())
            }
        };
        Ok([self.save(ack, now)].into_iter().chain(outcomes).chain(down).collect())
    }

    /// Records the edge's log end, at the earlier of both clocks: a hub clock that is ahead would
    /// date later ops too late and treat their tokens as expired.
    fn save(&mut self, ack: Ack, now: UnixMillis) -> Output {
        let received = self.up.stored.seq;
        let told_at = now.min(ack.edge_now);
        self.heads = self.heads.told(ack.last_seq, ack.feed_cursor, received, told_at);
        Output::SaveAck(ack, self.heads)
    }

    fn read_on(&mut self) -> Vec<Output> {
        let wanted = self.snapshot.as_mut().and_then(ImageTransfer::next);
        wanted.map(Output::ReadSnapshot).into_iter().collect()
    }

    fn send_chunk(&mut self, part: &SnapshotPart) -> Vec<Output> {
        let chunk = self.snapshot.as_mut().and_then(|snapshot| snapshot.send(part));
        let mut outputs: Vec<Output> = chunk.map(Output::Send).into_iter().collect();
        outputs.extend(self.read_on());
        outputs
    }

    /// A running snapshot transfer is a repair already. A snapshot is never older than the edge's
    /// cursor and never crosses a grant that the edge has not read [GRANT_DIGEST]. While such a
    /// grant is on its way no snapshot starts: the repair request repeats until it succeeds.
    fn repair(&mut self, feed_seq: u64, granted_seq: Option<u64>) -> Vec<Output> {
        if !self.takes_snapshots || self.snapshot.is_some() {
            return self.read_on();
        }
        let unread = granted_seq.filter(|granted| *granted > self.feed.acknowledged);
        let as_of = match unread {
            Some(granted) if self.feed.has_sent(granted) => return Vec::new(),
            Some(granted) => granted,
            None => feed_seq.max(self.feed.head),
        };
        // The edge would mistake a second snapshot of the same number for the first, so another
        // session sends it.
        if self.taken == Some(as_of) {
            return vec![end(Code::Unavailable, "a second image has to begin anew")];
        }
        self.snapshot = Some(ImageTransfer::begun(self.standing, self.feed_generation, as_of));
        self.read_on()
    }

    /// The feed reaches `head`. It waits during a snapshot transfer.
    fn feed_on(&mut self, head: u64) -> Vec<Output> {
        if self.snapshot.is_some() {
            self.feed.hear(head);
            return self.read_on();
        }
        self.feed.reach(head).map(Self::read_feed).into_iter().collect()
    }

    fn resend(&self, from: u64) -> Output {
        Output::Send(Frame::Resend(Resend { standing: self.standing, from }))
    }

    fn probe(&mut self, number: u64) -> Vec<Output> {
        if number <= self.probed {
            return Vec::new();
        }
        self.probed = number;
        vec![Output::Send(Frame::Probe(Probe { standing: self.standing, number }))]
    }

    fn credit(&self) -> Output {
        Output::Send(Frame::Credit(Credit {
            standing: self.standing,
            cursor: self.up.stored.seq,
            ops: self.limits.credit_ops,
            bytes: self.limits.credit_bytes,
            // During a snapshot transfer, the edge's cursor refers to another feed.
            feed_seq: self.snapshot.is_none().then_some(self.feed.head),
        }))
    }

    /// Confirms that the edge has read the whole feed: once when it gets there, then periodically.
    /// An Ack without progress gets no confirmation, because an edge may answer each useless frame
    /// with an Ack.
    fn confirm_feed(&mut self, again: bool) -> Option<Output> {
        let head = self.feed.head;
        let whole = self.snapshot.is_none() && self.feed.acknowledged == head;
        let due = whole && (again || self.feed_confirmed != Some(head));
        due.then(|| {
            self.feed_confirmed = Some(head);
            self.credit()
        })
    }

    fn send_outcomes(&mut self, outcomes: Vec<NumberedOutcome>) -> Vec<Output> {
        let from = self.outcomes.sent;
        let gapless = outcomes.iter().zip(from + 1..).all(|(outcome, n)| outcome.number == n);
        if !gapless {
            return vec![end(Code::Internal, "the stored outcomes leave a gap")];
        }
        let to = from + outcomes.len() as u64;
        let next = self.outcomes.read(to).map(Self::read_outcomes);
        let frame = (to > from).then(|| {
            let epoch = self.up.epoch;
            let frame = OutcomesFrame { standing: self.standing, epoch, from, to, outcomes };
            Output::Send(Frame::Outcomes(frame))
        });
        frame.into_iter().chain(next).collect()
    }

    /// Drops changes read before a snapshot transfer began: they are read again after it.
    fn send_feed(&mut self, to: u64, changes: Vec<Change>) -> Vec<Output> {
        if self.snapshot.is_some() {
            return Vec::new();
        }
        let from = self.feed.sent;
        let next = self.feed.read(to).map(Self::read_feed);
        let down = Frame::Down(Down { standing: self.standing, from, to, changes });
        (to > from).then_some(Output::Send(down)).into_iter().chain(next).collect()
    }

    /// A new generation restarts the numbers, and the edge learns it only from a Welcome.
    fn feed_reaches(&mut self, generation: u64, feed_seq: u64) -> Vec<Output> {
        if generation != self.feed_generation {
            return vec![end(Code::Unavailable, "the region's feed has begun anew")];
        }
        self.feed_on(feed_seq)
    }

    fn read_outcomes((after, limit): (u64, u32)) -> Output {
        Output::ReadOutcomes { after, limit }
    }

    fn read_feed((after, limit): (u64, u32)) -> Output {
        Output::ReadFeed { after, limit }
    }
}
