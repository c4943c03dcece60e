//! A session after its Welcome: ops come up, outcomes and the feed go down.

use wire::{
    Ack, Alive, Ask, Change, Code, Credit, Down, Frame, HeldNotice, Hello, Limits, NumberedOutcome,
    OutcomesFrame, PortalAccept, Probe, Resend, SnapshotPart, Standing, UnixMillis, Up, Welcome,
};

use super::{
    Input, Output, Stored,
    downstream::Downstream,
    end, hello,
    snapshot::{self, Snapshot},
    upstream::{Taken, Upstream},
};

#[derive(Debug)]
pub(super) struct Open {
    standing: Standing,
    limits: Limits,
    feed_generation: u64,
    up: Upstream,
    outcomes: Downstream,
    feed: Downstream,
    /// While there is one the feed waits.
    snapshot: Option<Snapshot>,
    /// As of when the last image was that the edge has taken in this session.
    taken: Option<u64>,
    /// Whether this edge takes one.
    takes_snapshots: bool,
    /// The newest probe that went out.
    probed: u64,
    /// The number of the feed that the edge was last told it has read the whole feed up to.
    feed_confirmed: Option<u64>,
    ticks: u32,
}

/// Of about a second each. What an edge may promise by what it knows of revocations counts in hours.
const CONFIRM_EVERY_TICKS: u32 = 30;

/// A frame that was passed over.
pub(super) struct Ignored;

impl Open {
    pub(super) fn new(
        hello: &Hello,
        stored: &Stored,
        term: u64,
        limits: Limits,
        now: UnixMillis,
    ) -> (Self, Vec<Output>) {
        let standing = Standing { term, nonce: hello.nonce };
        let mut open = Self {
            standing,
            limits,
            feed_generation: stored.feed_generation,
            up: Upstream::new(stored.epoch, stored.cursor),
            outcomes: Downstream::after(hello.outcome_cursor),
            feed: Downstream::after(snapshot::feed_base(hello, stored)),
            snapshot: Snapshot::needed(hello, stored, standing),
            taken: None,
            takes_snapshots: hello.snapshots == Some(true),
            probed: 0,
            feed_confirmed: None,
            ticks: 0,
        };
        let welcome = Frame::Welcome(Welcome {
            protocol: hello.protocol_max.min(wire::PROTOCOL_MAX),
            standing,
            cursor: stored.cursor.seq,
            cursor_hash: stored.cursor.hash,
            feed_generation: stored.feed_generation,
            limits,
            cloud_now: now,
            snapshot: open.snapshot.as_ref().map(Snapshot::feed_seq),
            codec: hello::codec(hello),
        });
        let outcomes = open.outcomes.reach(stored.outcome_count).map(Self::read_outcomes);
        let down = open.feed_on(stored.feed_seq);
        let outputs = [Output::Send(welcome)].into_iter().chain(outcomes).chain(down).collect();
        (open, outputs)
    }

    pub(super) fn term(&self) -> u64 {
        self.standing.term
    }

    pub(super) fn handle(&mut self, input: Input) -> Result<Vec<Output>, Ignored> {
        Ok(match input {
            Input::Frame(frame) => self.frame(frame)?,
            Input::OpsStored { cursor } => {
                self.up.stored(cursor);
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
                let again = self.is_time_to_confirm();
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
            | Input::GateClosed => Vec::new(),
        })
    }

    fn frame(&mut self, frame: Frame) -> Result<Vec<Output>, Ignored> {
        match frame {
            Frame::Up(up) if up.standing == self.standing => self.up(up),
            Frame::Ack(ack) if ack.standing == self.standing => self.acknowledged(ack),
            Frame::Alive(Alive { standing, number })
                if standing == self.standing && (1..=self.probed).contains(&number) =>
            {
                Ok(vec![Output::SaveAlive { number }])
            }
            _ => Err(Ignored),
        }
    }

    fn up(&mut self, up: Up) -> Result<Vec<Output>, Ignored> {
        Ok(match self.up.take(self.standing.term, up, &self.limits) {
            Taken::Store(ops) => vec![Output::Store(ops)],
            Taken::Repeat => vec![self.credit()],
            Taken::Gap { from } => vec![self.resend(from)],
            Taken::GapAskedFor => Vec::new(),
            Taken::OtherEpoch => return Err(Ignored),
            Taken::Refused(code, why) => vec![end(code, why)],
        })
    }

    /// An Ack of something that was never sent is not of this session.
    fn acknowledged(&mut self, ack: Ack) -> Result<Vec<Output>, Ignored> {
        if self.snapshot.is_some() {
            return self.acknowledged_snapshot(ack);
        }
        if !self.outcomes.has_sent(ack.outcome_cursor) || !self.feed.has_sent(ack.feed_cursor) {
            return Err(Ignored);
        }
        let outcomes = self.outcomes.acknowledge(ack.outcome_cursor).map(Self::read_outcomes);
        let feed = self.feed.acknowledge(ack.feed_cursor).map(Self::read_feed);
        let confirmed = self.confirm_feed(false);
        let saved = [Output::SaveAck(ack)].into_iter();
        Ok(saved.chain(outcomes).chain(feed).chain(confirmed).collect())
    }

    /// Until the image is the edge's view, its cursor says nothing about this feed: it stands where the
    /// session found it, so that nothing behind that is forgotten meanwhile.
    fn acknowledged_snapshot(&mut self, ack: Ack) -> Result<Vec<Output>, Ignored> {
        if !self.outcomes.has_sent(ack.outcome_cursor) {
            return Err(Ignored);
        }
        let outcomes = self.outcomes.acknowledge(ack.outcome_cursor).map(Self::read_outcomes);
        let taken = self.snapshot.as_mut().and_then(|snapshot| snapshot.acknowledged(&ack));
        let (ack, down) = match taken {
            Some(feed_seq) => {
                self.snapshot = None;
                self.taken = Some(feed_seq);
                let head = self.feed.head();
                self.feed = Downstream::after(feed_seq);
                let feed = self.feed.reach(head).map(Self::read_feed);
                let taken = [Output::SnapshotTaken].into_iter().chain(feed).collect();
                (Ack { feed_cursor: feed_seq, ..ack }, taken)
            }
            None => {
                let feed_cursor = self.feed.acknowledged();
                (Ack { feed_cursor, ..ack }, self.read_on())
            }
        };
        Ok([Output::SaveAck(ack)].into_iter().chain(outcomes).chain(down).collect())
    }

    /// The next chunk, where one may go out.
    fn read_on(&mut self) -> Vec<Output> {
        let wanted = self.snapshot.as_mut().and_then(Snapshot::next);
        wanted.map(Output::ReadSnapshot).into_iter().collect()
    }

    fn send_chunk(&mut self, part: &SnapshotPart) -> Vec<Output> {
        let chunk = self.snapshot.as_mut().and_then(|snapshot| snapshot.send(part));
        let mut outputs: Vec<Output> = chunk.map(Output::Send).into_iter().collect();
        outputs.extend(self.read_on());
        outputs
    }

    /// Also for one that is under way already: that puts right what there is to be. An image is as of no
    /// number behind the edge's cursor, and crosses no grant that the edge has not read [GRANT_DIGEST]:
    /// one that is on its way is waited for, for a repair is asked for until there was one.
    fn repair(&mut self, feed_seq: u64, granted_seq: Option<u64>) -> Vec<Output> {
        if !self.takes_snapshots || self.snapshot.is_some() {
            return self.read_on();
        }
        let unread = granted_seq.filter(|granted| *granted > self.feed.acknowledged());
        let as_of = match unread {
            Some(granted) if self.feed.has_sent(granted) => return Vec::new(),
            Some(granted) => granted,
            None => feed_seq.max(self.feed.head()),
        };
        // Two images of one session as of the same number look the same to the edge, which would pass
        // over the second: that goes out in a session of its own.
        if self.taken == Some(as_of) {
            return vec![end(Code::Unavailable, "a second image has to begin anew")];
        }
        self.snapshot = Some(Snapshot::begun(self.standing, self.feed_generation, as_of));
        self.read_on()
    }

    /// The feed reaches up to `head`; behind an image, once the edge has that.
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

    /// Each probe goes out once, however often it is looked at.
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
            cursor: self.up.cursor(),
            ops: self.limits.credit_ops,
            bytes: self.limits.credit_bytes,
            // While an image is on its way the edge's cursor counts another feed.
            feed_seq: self.snapshot.is_none().then(|| self.feed.head()),
        }))
    }

    /// Tells an edge that has read the whole feed that it has: once when it gets there, and from time to
    /// time while nothing changes. Never for an Ack that says nothing new: an edge may answer each frame
    /// that it has no use for with an Ack.
    fn confirm_feed(&mut self, again: bool) -> Option<Output> {
        let head = self.feed.head();
        let whole = self.snapshot.is_none() && self.feed.acknowledged() == head;
        let due = whole && (again || self.feed_confirmed != Some(head));
        due.then(|| {
            self.feed_confirmed = Some(head);
            self.credit()
        })
    }

    fn is_time_to_confirm(&mut self) -> bool {
        self.ticks = self.ticks.wrapping_add(1);
        self.ticks.is_multiple_of(CONFIRM_EVERY_TICKS)
    }

    fn send_outcomes(&mut self, outcomes: Vec<NumberedOutcome>) -> Vec<Output> {
        let from = self.outcomes.sent();
        let gapless = outcomes.iter().zip(from + 1..).all(|(outcome, n)| outcome.number == n);
        if !gapless {
            return vec![end(Code::Internal, "the stored outcomes leave a gap")];
        }
        let to = from + outcomes.len() as u64;
        let next = self.outcomes.read(to).map(Self::read_outcomes);
        let frame = (to > from).then(|| {
            let epoch = self.up.epoch();
            let frame = OutcomesFrame { standing: self.standing, epoch, from, to, outcomes };
            Output::Send(Frame::Outcomes(frame))
        });
        frame.into_iter().chain(next).collect()
    }

    /// What was read before an image began is left out: the feed is read anew behind that.
    fn send_feed(&mut self, to: u64, changes: Vec<Change>) -> Vec<Output> {
        if self.snapshot.is_some() {
            return Vec::new();
        }
        let from = self.feed.sent();
        let next = self.feed.read(to).map(Self::read_feed);
        let down = Frame::Down(Down { standing: self.standing, from, to, changes });
        (to > from).then_some(Output::Send(down)).into_iter().chain(next).collect()
    }

    /// A feed of another generation counts anew: the edge has to hear of it in a Welcome.
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
