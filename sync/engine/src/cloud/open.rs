//! A session after its Welcome: ops come up, outcomes and the feed go down.

use wire::{
    Ack, ChangesFrame, Code, Credit, FeedChange, ForwardedAccept, ForwardedAcceptFrame, Frame,
    HeldNotice, Hello, LinkLimits, LinkSessionId, NumberedOutcome, OpsFrame, OutcomesFrame, Probe,
    ProbeReply, ResendRequest, SnapshotPart, UnixMillis, Welcome,
};

use crate::trusted_time::LogHeadReports;

use super::{
    NewOps, StoredEdge, SyncSessionInput, SyncSessionOutput, end_session, hello,
    snapshot::{self, SnapshotTransfer},
    streams::{Downstream, DownstreamRead, UpFrameResult, Uplink},
};

#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) link_session: LinkSessionId,
    limits: LinkLimits,
    feed_generation: u64,
    up: Uplink,
    outcomes: Downstream,
    feed: Downstream,
    /// The feed waits during a snapshot transfer.
    snapshot: Option<SnapshotTransfer>,
    /// The feed number of the last snapshot that the edge adopted in this session.
    taken: Option<u64>,
    takes_snapshots: bool,
    probed: u64,
    /// The feed number of the last `confirm_feed`.
    feed_confirmed: Option<u64>,
    ticks: u32,
    heads: LogHeadReports,
}

/// In ticks of a second. The age limit of an edge's revocations is in hours.
const CONFIRM_EVERY_TICKS: u32 = 30;

pub(super) struct UnusedFrame;

pub(super) struct SessionStart {
    pub term: u64,
    /// Includes the log end from the Hello.
    pub heads: LogHeadReports,
    pub limits: LinkLimits,
    pub now: UnixMillis,
}

impl OpenSession {
    pub(super) fn new(
        hello: &Hello,
        stored: &StoredEdge,
        begun: SessionStart,
    ) -> (Self, Vec<SyncSessionOutput>) {
        let SessionStart {
            term,
            heads,
            limits,
            now,
        } = begun;
        let standing = LinkSessionId {
            term,
            nonce: hello.nonce,
        };
        let feed = snapshot::feed_base(hello, stored);
        let mut open = Self {
            link_session: standing,
            limits,
            feed_generation: stored.feed_generation,
            up: Uplink::new(stored.epoch, stored.cursor),
            outcomes: Downstream::starting_after(hello.outcome_cursor),
            feed: Downstream::starting_after(feed),
            snapshot: SnapshotTransfer::start_if_needed(hello, stored, standing),
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
            codec: hello::choose_codec(hello),
        });
        let outcomes = open
            .outcomes
            .advance_head(stored.outcome_count)
            .map(Self::read_outcomes);
        let down = open.advance_feed(stored.feed_seq);
        let outputs = [SyncSessionOutput::Send(welcome)]
            .into_iter()
            .chain(outcomes)
            .chain(down)
            .collect();
        (open, outputs)
    }

    pub(super) fn handle_input(
        &mut self,
        input: SyncSessionInput,
        now: UnixMillis,
    ) -> Result<Vec<SyncSessionOutput>, UnusedFrame> {
        Ok(match input {
            SyncSessionInput::Frame(frame) => self.handle_frame(frame, now)?,
            SyncSessionInput::OpsStored { cursor } => {
                self.up.confirm_stored(cursor);
                vec![self.grant_credit()]
            }
            SyncSessionInput::Outcomes(outcomes) => self.send_outcomes(outcomes),
            SyncSessionInput::Feed { to, changes } => self.send_feed(to, changes),
            SyncSessionInput::Snapshot(part) => self.send_chunk(&part),
            SyncSessionInput::Repair {
                feed_seq,
                granted_seq,
            } => self.start_repair(feed_seq, granted_seq),
            SyncSessionInput::OutcomesReach(head) => self
                .outcomes
                .advance_head(head)
                .map(Self::read_outcomes)
                .into_iter()
                .collect(),
            SyncSessionInput::FeedReaches {
                generation,
                feed_seq,
            } => self.handle_feed_head(generation, feed_seq),
            SyncSessionInput::Held { seq, reason } => {
                vec![SyncSessionOutput::Send(Frame::Held(HeldNotice {
                    standing: self.link_session,
                    seq,
                    reason,
                }))]
            }
            SyncSessionInput::ForwardAccept { accept, taken_at } => {
                vec![self.send_forwarded_accept(*accept, taken_at)]
            }
            SyncSessionInput::Tick => self.handle_tick(),
            SyncSessionInput::ProbeAsked { number } => self.send_probe(number),
            SyncSessionInput::Loaded(_)
            | SyncSessionInput::Probed { .. }
            | SyncSessionInput::Quarantined(_)
            | SyncSessionInput::Tail(_)
            | SyncSessionInput::TakenOver { .. }
            | SyncSessionInput::CertificateDecided(_)
            | SyncSessionInput::Superseded
            | SyncSessionInput::GateClosed
            | SyncSessionInput::Disabled => Vec::new(),
        })
    }

    fn send_forwarded_accept(
        &self,
        accept: ForwardedAccept,
        taken_at: UnixMillis,
    ) -> SyncSessionOutput {
        let ForwardedAccept {
            command,
            token,
            actor,
            ..
        } = accept;
        SyncSessionOutput::Send(Frame::Ask(ForwardedAcceptFrame {
            standing: self.link_session,
            command,
            token,
            actor,
            taken_at,
        }))
    }

    fn handle_tick(&mut self) -> Vec<SyncSessionOutput> {
        let missing = self
            .up
            .retry_overdue_gap()
            .map(|from| self.request_resend(from));
        let outcomes = self.outcomes.retry_overdue().map(Self::read_outcomes);
        let down = match &mut self.snapshot {
            Some(snapshot) => snapshot
                .retry_overdue()
                .map(SyncSessionOutput::ReadSnapshot),
            None => self.feed.retry_overdue().map(Self::read_feed),
        };
        self.ticks = self.ticks.wrapping_add(1);
        let again = self.ticks.is_multiple_of(CONFIRM_EVERY_TICKS);
        let confirmed = if again { self.confirm_feed(true) } else { None };
        missing
            .into_iter()
            .chain(outcomes)
            .chain(down)
            .chain(confirmed)
            .collect()
    }

    fn handle_frame(
        &mut self,
        frame: Frame,
        now: UnixMillis,
    ) -> Result<Vec<SyncSessionOutput>, UnusedFrame> {
        match frame {
            Frame::Up(up) if up.standing == self.link_session => self.handle_up(up, now),
            Frame::Ack(ack) if ack.standing == self.link_session => self.handle_ack(ack, now),
            Frame::Alive(ProbeReply { standing, number })
                if standing == self.link_session && (1..=self.probed).contains(&number) =>
            {
                Ok(vec![SyncSessionOutput::SaveAlive { number }])
            }
            _ => Err(UnusedFrame),
        }
    }

    fn handle_up(
        &mut self,
        up: OpsFrame,
        now: UnixMillis,
    ) -> Result<Vec<SyncSessionOutput>, UnusedFrame> {
        Ok(
            match self.up.accept_up(self.link_session.term, up, &self.limits) {
                UpFrameResult::Store(mut new) => {
                    for op in &mut new.ops {
                        op.bounds = self.heads.bound_next_op(op.head.seq, &op.bytes, now);
                    }
                    vec![SyncSessionOutput::Store(NewOps {
                        heads: self.heads,
                        ..new
                    })]
                }
                UpFrameResult::Repeat => vec![self.grant_credit()],
                UpFrameResult::Gap { from } => vec![self.request_resend(from)],
                UpFrameResult::GapAskedFor => Vec::new(),
                UpFrameResult::OtherEpoch => return Err(UnusedFrame),
                UpFrameResult::Refused(code, why) => vec![end_session(code, why)],
            },
        )
    }

    /// An Ack with numbers never sent belongs to another session.
    fn handle_ack(
        &mut self,
        ack: Ack,
        now: UnixMillis,
    ) -> Result<Vec<SyncSessionOutput>, UnusedFrame> {
        if self.snapshot.is_some() {
            return self.handle_snapshot_ack(ack, now);
        }
        if !self.outcomes.has_sent(ack.outcome_cursor) || !self.feed.has_sent(ack.feed_cursor) {
            return Err(UnusedFrame);
        }
        let outcomes = self
            .outcomes
            .acknowledge(ack.outcome_cursor)
            .map(Self::read_outcomes);
        let feed = self.feed.acknowledge(ack.feed_cursor).map(Self::read_feed);
        let confirmed = self.confirm_feed(false);
        let saved = [self.save_ack(ack, now)].into_iter();
        Ok(saved.chain(outcomes).chain(feed).chain(confirmed).collect())
    }

    /// Until the snapshot becomes the edge's view, the edge's cursor does not refer to this feed.
    /// The saved cursor stays, so that the feed keeps everything after it.
    fn handle_snapshot_ack(
        &mut self,
        ack: Ack,
        now: UnixMillis,
    ) -> Result<Vec<SyncSessionOutput>, UnusedFrame> {
        if !self.outcomes.has_sent(ack.outcome_cursor) {
            return Err(UnusedFrame);
        }
        let outcomes = self
            .outcomes
            .acknowledge(ack.outcome_cursor)
            .map(Self::read_outcomes);
        let taken = self
            .snapshot
            .as_mut()
            .and_then(|snapshot| snapshot.apply_ack(&ack));
        let (ack, down) = match taken {
            Some(feed_seq) => {
                self.snapshot = None;
                self.taken = Some(feed_seq);
                let head = self.feed.head;
                self.feed = Downstream::starting_after(feed_seq);
                let feed = self.feed.advance_head(head).map(Self::read_feed);
                let taken = [SyncSessionOutput::SnapshotTaken]
                    .into_iter()
                    .chain(feed)
                    .collect();
                (
                    Ack {
                        feed_cursor: feed_seq,
                        ..ack
                    },
                    taken,
                )
            }
            None => {
                let feed_cursor = self.feed.acknowledged;
                (Ack { feed_cursor, ..ack }, self.request_next_chunk())
            }
        };
        Ok([self.save_ack(ack, now)]
            .into_iter()
            .chain(outcomes)
            .chain(down)
            .collect())
    }

    /// Records the edge's log end, at the earlier of both clocks: a hub clock that is ahead would
    /// date later ops too late and treat their tokens as expired.
    fn save_ack(&mut self, ack: Ack, now: UnixMillis) -> SyncSessionOutput {
        let received = self.up.stored.seq;
        let told_at = now.min(ack.edge_now);
        self.heads = self
            .heads
            .with_report(ack.last_seq, ack.feed_cursor, received, told_at);
        SyncSessionOutput::SaveAck(ack, self.heads)
    }

    fn request_next_chunk(&mut self) -> Vec<SyncSessionOutput> {
        let wanted = self.snapshot.as_mut().and_then(SnapshotTransfer::next);
        wanted
            .map(SyncSessionOutput::ReadSnapshot)
            .into_iter()
            .collect()
    }

    fn send_chunk(&mut self, part: &SnapshotPart) -> Vec<SyncSessionOutput> {
        let chunk = self
            .snapshot
            .as_mut()
            .and_then(|snapshot| snapshot.send(part));
        let mut outputs: Vec<SyncSessionOutput> =
            chunk.map(SyncSessionOutput::Send).into_iter().collect();
        outputs.extend(self.request_next_chunk());
        outputs
    }

    /// A running snapshot transfer is a repair already. A snapshot is never older than the edge's
    /// cursor and never crosses a grant that the edge has not read [GRANT_DIGEST]. While such a
    /// grant is on its way no snapshot starts: the repair request repeats until it succeeds.
    fn start_repair(&mut self, feed_seq: u64, granted_seq: Option<u64>) -> Vec<SyncSessionOutput> {
        if !self.takes_snapshots || self.snapshot.is_some() {
            return self.request_next_chunk();
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
            return vec![end_session(
                Code::Unavailable,
                "a new snapshot cannot continue the previous one",
            )];
        }
        self.snapshot = Some(SnapshotTransfer::begin_transfer(
            self.link_session,
            self.feed_generation,
            as_of,
        ));
        self.request_next_chunk()
    }

    /// The feed reaches `head`. It waits during a snapshot transfer.
    fn advance_feed(&mut self, head: u64) -> Vec<SyncSessionOutput> {
        if self.snapshot.is_some() {
            self.feed.record_head(head);
            return self.request_next_chunk();
        }
        self.feed
            .advance_head(head)
            .map(Self::read_feed)
            .into_iter()
            .collect()
    }

    fn request_resend(&self, from: u64) -> SyncSessionOutput {
        SyncSessionOutput::Send(Frame::Resend(ResendRequest {
            standing: self.link_session,
            from,
        }))
    }

    fn send_probe(&mut self, number: u64) -> Vec<SyncSessionOutput> {
        if number <= self.probed {
            return Vec::new();
        }
        self.probed = number;
        vec![SyncSessionOutput::Send(Frame::Probe(Probe {
            standing: self.link_session,
            number,
        }))]
    }

    fn grant_credit(&self) -> SyncSessionOutput {
        SyncSessionOutput::Send(Frame::Credit(Credit {
            standing: self.link_session,
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
    fn confirm_feed(&mut self, again: bool) -> Option<SyncSessionOutput> {
        let head = self.feed.head;
        let whole = self.snapshot.is_none() && self.feed.acknowledged == head;
        let due = whole && (again || self.feed_confirmed != Some(head));
        due.then(|| {
            self.feed_confirmed = Some(head);
            self.grant_credit()
        })
    }

    fn send_outcomes(&mut self, outcomes: Vec<NumberedOutcome>) -> Vec<SyncSessionOutput> {
        let from = self.outcomes.sent;
        let gapless = outcomes
            .iter()
            .zip(from + 1..)
            .all(|(outcome, n)| outcome.number == n);
        if !gapless {
            return vec![end_session(
                Code::Internal,
                "the stored outcomes have a gap",
            )];
        }
        let to = from + outcomes.len() as u64;
        let next = self.outcomes.read(to).map(Self::read_outcomes);
        let frame = (to > from).then(|| {
            let epoch = self.up.epoch;
            let frame = OutcomesFrame {
                standing: self.link_session,
                epoch,
                from,
                to,
                outcomes,
            };
            SyncSessionOutput::Send(Frame::Outcomes(frame))
        });
        frame.into_iter().chain(next).collect()
    }

    /// Drops changes read before a snapshot transfer began: they are read again after it.
    fn send_feed(&mut self, to: u64, changes: Vec<FeedChange>) -> Vec<SyncSessionOutput> {
        if self.snapshot.is_some() {
            return Vec::new();
        }
        let from = self.feed.sent;
        let next = self.feed.read(to).map(Self::read_feed);
        let down = Frame::Down(ChangesFrame {
            standing: self.link_session,
            from,
            to,
            changes,
        });
        (to > from)
            .then_some(SyncSessionOutput::Send(down))
            .into_iter()
            .chain(next)
            .collect()
    }

    /// A new generation restarts the numbers, and the edge learns it only from a Welcome.
    fn handle_feed_head(&mut self, generation: u64, feed_seq: u64) -> Vec<SyncSessionOutput> {
        if generation != self.feed_generation {
            return vec![end_session(
                Code::Unavailable,
                "the region's feed has restarted",
            )];
        }
        self.advance_feed(feed_seq)
    }

    fn read_outcomes(read: DownstreamRead) -> SyncSessionOutput {
        SyncSessionOutput::ReadOutcomes {
            after: read.after,
            limit: read.limit,
        }
    }

    fn read_feed(read: DownstreamRead) -> SyncSessionOutput {
        SyncSessionOutput::ReadFeed {
            after: read.after,
            limit: read.limit,
        }
    }
}
