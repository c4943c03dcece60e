//! A session after its Welcome: ops come up, outcomes and the feed go down.

mod downlink;

use wire::{
    Credit, ForwardedAccept, ForwardedAcceptFrame, Frame, HeldNotice, Hello, LinkLimits,
    LinkSessionId, OpsFrame, Probe, ProbeReply, ResendRequest, UnixMillis, Welcome,
};

use crate::trusted_time::LogHeadReports;

use super::{
    NewOps, StoredEdge, SyncSessionInput, SyncSessionOutput, end_session, hello,
    snapshot::{self, SnapshotTransfer},
    streams::{Downstream, UpFrameResult, Uplink},
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
        let link_session = LinkSessionId {
            term,
            nonce: hello.nonce,
        };
        let feed = snapshot::feed_base(hello, stored);
        let mut open = Self {
            link_session,
            limits,
            feed_generation: stored.feed_generation,
            up: Uplink::new(stored.epoch, stored.cursor),
            outcomes: Downstream::starting_after(hello.outcome_cursor),
            feed: Downstream::starting_after(feed),
            snapshot: SnapshotTransfer::start_if_needed(hello, stored, link_session),
            taken: None,
            takes_snapshots: hello.snapshots == Some(true),
            probed: 0,
            feed_confirmed: None,
            ticks: 0,
            heads,
        };
        let welcome = Frame::Welcome(Welcome {
            protocol: hello.protocol_max.min(wire::PROTOCOL_MAX),
            link_session,
            cursor: stored.cursor.seq,
            cursor_hash: stored.cursor.hash,
            feed_generation: stored.feed_generation,
            limits,
            cloud_now: now,
            snapshot: open.snapshot.as_ref().map(|image| image.feed_seq),
            codec: hello::choose_codec(hello),
            photos: Some(true),
            messages: Some(true),
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
                    link_session: self.link_session,
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
            | SyncSessionInput::PhotoAnswered { .. }
            | SyncSessionInput::MessagesAnswered(_)
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
            link_session: self.link_session,
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
            Frame::Up(up) if up.link_session == self.link_session => self.handle_up(up, now),
            Frame::Ack(ack) if ack.link_session == self.link_session => self.handle_ack(ack, now),
            Frame::Alive(ProbeReply {
                link_session,
                number,
            }) if link_session == self.link_session && (1..=self.probed).contains(&number) => {
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

    fn request_resend(&self, from: u64) -> SyncSessionOutput {
        SyncSessionOutput::Send(Frame::Resend(ResendRequest {
            link_session: self.link_session,
            from,
        }))
    }

    fn send_probe(&mut self, number: u64) -> Vec<SyncSessionOutput> {
        if number <= self.probed {
            return Vec::new();
        }
        self.probed = number;
        vec![SyncSessionOutput::Send(Frame::Probe(Probe {
            link_session: self.link_session,
            number,
        }))]
    }

    fn grant_credit(&self) -> SyncSessionOutput {
        SyncSessionOutput::Send(Frame::Credit(Credit {
            link_session: self.link_session,
            cursor: self.up.stored.seq,
            ops: self.limits.credit_ops,
            bytes: self.limits.credit_bytes,
            // During a snapshot transfer, the edge's cursor refers to another feed.
            feed_seq: self.snapshot.is_none().then_some(self.feed.head),
        }))
    }
}
