//! The downlink of an open session: outcomes, and the feed or the snapshot that replaces its start.
//!
//! Invariant: the feed waits during a snapshot transfer. It continues from the snapshot's number
//! once the edge has made that snapshot its view.

use wire::{
    Ack, ChangesFrame, Code, FeedChange, Frame, NumberedOutcome, OutcomesFrame, SnapshotPart,
    UnixMillis,
};

use super::{
    super::{
        SyncSessionOutput, end_session,
        snapshot::SnapshotTransfer,
        streams::{Downstream, DownstreamRead},
    },
    OpenSession, UnusedFrame,
};

impl OpenSession {
    /// An Ack with numbers never sent belongs to another session.
    pub(super) fn handle_ack(
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

    pub(super) fn send_chunk(&mut self, part: &SnapshotPart) -> Vec<SyncSessionOutput> {
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
    pub(super) fn start_repair(
        &mut self,
        feed_seq: u64,
        granted_seq: Option<u64>,
    ) -> Vec<SyncSessionOutput> {
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
    pub(super) fn advance_feed(&mut self, head: u64) -> Vec<SyncSessionOutput> {
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

    /// Confirms that the edge has read the whole feed: once when it gets there, then periodically.
    /// An Ack without progress gets no confirmation, because an edge may answer each useless frame
    /// with an Ack.
    pub(super) fn confirm_feed(&mut self, again: bool) -> Option<SyncSessionOutput> {
        let head = self.feed.head;
        let whole = self.snapshot.is_none() && self.feed.acknowledged == head;
        let due = whole && (again || self.feed_confirmed != Some(head));
        due.then(|| {
            self.feed_confirmed = Some(head);
            self.grant_credit()
        })
    }

    pub(super) fn send_outcomes(
        &mut self,
        outcomes: Vec<NumberedOutcome>,
    ) -> Vec<SyncSessionOutput> {
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
                link_session: self.link_session,
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
    pub(super) fn send_feed(
        &mut self,
        to: u64,
        changes: Vec<FeedChange>,
    ) -> Vec<SyncSessionOutput> {
        if self.snapshot.is_some() {
            return Vec::new();
        }
        let from = self.feed.sent;
        let next = self.feed.read(to).map(Self::read_feed);
        let down = Frame::Down(ChangesFrame {
            link_session: self.link_session,
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
    pub(super) fn handle_feed_head(
        &mut self,
        generation: u64,
        feed_seq: u64,
    ) -> Vec<SyncSessionOutput> {
        if generation != self.feed_generation {
            return vec![end_session(
                Code::Unavailable,
                "the region's feed has restarted",
            )];
        }
        self.advance_feed(feed_seq)
    }

    pub(super) fn read_outcomes(read: DownstreamRead) -> SyncSessionOutput {
        SyncSessionOutput::ReadOutcomes {
            after: read.after,
            limit: read.limit,
        }
    }

    pub(super) fn read_feed(read: DownstreamRead) -> SyncSessionOutput {
        SyncSessionOutput::ReadFeed {
            after: read.after,
            limit: read.limit,
        }
    }
}
