//! What the engine asks of a session: store, read, send. Each answer of the store goes back in.

use std::collections::{BTreeMap, VecDeque};

use engine::cloud::{ChunkRequest, Input, NewOps, Output, Place, StoredEdge};
use process::metrics;
use wire::{Ack, Code, Frame, HeldReason, Hello, Refused};

use super::{
    At, CONTACT_TICKS, Ended, HELLO_LIMIT, Link, PING_TICKS, SILENCE_LIMIT, outbound::Room,
};
use crate::{feed::Mark, store::StoreError};

/// What is to be read from the store when there is room to send it; one of each kind at a time.
#[derive(Default)]
pub(super) struct Wants {
    outcomes: Option<(u64, u32)>,
    feed: Option<(u64, u32)>,
    chunk: Option<ChunkRequest>,
    tail: Option<Place>,
}

impl Wants {
    pub fn any(&self) -> bool {
        let stream = self.outcomes.is_some() || self.feed.is_some();
        stream || self.chunk.is_some() || self.tail.is_some()
    }
}

/// What an edge was told to be held, and why.
pub(super) type ToldHeld = BTreeMap<u64, HeldReason>;

/// So many held ops are looked at; those beyond are told when these are decided.
const HELD_MAX: usize = 500;
/// Notices of one look, far fewer than the way out takes; the rest go out with the next.
const NOTICES_MAX: usize = 32;

impl Link {
    /// Hands one thing to the engine and does what it asks, with all that follows from it.
    pub(super) async fn perform(&mut self, input: Input) -> Result<(), Ended> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.handle(input, self.hub.clock.now()) {
                match self.act(output).await {
                    Ok(Some(answer)) => inputs.push_back(answer),
                    Ok(None) => {}
                    Err(Stopped::Ended(ended)) => return Err(ended),
                    Err(Stopped::Fault(error)) => return Err(self.fault(&error)),
                }
            }
        }
        Ok(())
    }

    async fn act(&mut self, output: Output) -> Result<Option<Input>, Stopped> {
        match output {
            Output::Send(frame) => {
                let down = matches!(
                    frame,
                    Frame::Outcomes(_) | Frame::Down(_) | Frame::Snapshot(_) | Frame::Quarantine(_)
                );
                if matches!(frame, Frame::Snapshot(_)) {
                    metrics::SNAPSHOT_CHUNKS.add(["sent"], 1);
                }
                let room = if down { self.room.take() } else { None };
                self.out.send(&frame, room);
                Ok(None)
            }
            Output::Load => self.load().await.map(Some),
            Output::Probe { term } => Ok(Some(self.probe(term).await?)),
            Output::SaveAlive { number } => {
                self.show_life(number).await?;
                Ok(None)
            }
            Output::TakeOver { hello, over } => self.take_over(&hello, over).await.map(Some),
            Output::Quarantine(confined) => self.quarantine(&confined).await.map(Some),
            Output::ReadTail(after) => {
                self.wants.tail = Some(after);
                Ok(None)
            }
            Output::Store(ops) => Ok(Some(self.store(&ops).await?)),
            Output::ReadOutcomes { after, limit } => {
                self.wants.outcomes = Some((after, limit));
                Ok(None)
            }
            Output::ReadFeed { after, limit } => {
                self.wants.feed = Some((after, limit));
                Ok(None)
            }
            Output::ReadSnapshot(wanted) => {
                // An image takes the place of the changes that it is made of.
                self.wants.feed = None;
                self.wants.chunk = Some(wanted);
                Ok(None)
            }
            Output::SnapshotTaken => {
                self.snapshot_taken().await?;
                Ok(None)
            }
            Output::SaveAck(ack) => Ok(self.save(&ack).await?),
            Output::End(refused) => {
                self.note_refusal(refused.code).await?;
                Err(Stopped::Ended(self.refuse(refused)))
            }
        }
    }

    pub(super) async fn load(&mut self) -> Result<Input, Stopped> {
        match self.hub.store.standing(&self.edge, self.hub.clock.now()).await? {
            Some(stored) => Ok(Input::Loaded(stored)),
            None => Err(self.unknown()),
        }
    }

    async fn take_over(&mut self, hello: &Hello, over: u64) -> Result<Input, Stopped> {
        let now = self.hub.clock.now();
        let taken = self.hub.store.take_over(&self.edge, hello, over, now).await?;
        let Some((term, stored)) = taken else { return self.load().await };
        self.at = Some(At { term, epoch: stored.epoch });
        let edge = &self.edge;
        tracing::info!(edge.id = %edge, term, epoch = stored.epoch, "Session of `{edge}` begins");
        metrics::LINK_SESSIONS.add(["opened"], 1);
        self.hub.links.up(edge, term);
        // An older session of this edge on this replica hears at once that it is one.
        self.hub.nudges.nudge(edge);
        Ok(Input::TakenOver { term, stored })
    }

    fn unknown(&mut self) -> Stopped {
        let detail = format!("no edge {} is enrolled", self.edge);
        Stopped::Ended(self.refuse(Refused { code: Code::EdgeUnknown, detail }))
    }

    async fn store(&mut self, ops: &NewOps) -> Result<Input, StoreError> {
        let new_ops = ops.ops.len() as u64;
        if !self.hub.store.store_ops(&self.edge, ops, self.hub.clock.now()).await? {
            return Ok(Input::Superseded);
        }
        metrics::HUB_OPS_RECEIVED.add([self.region.as_str()], new_ops);
        self.hub.wake.wake();
        Ok(Input::OpsStored { cursor: ops.cursor().seq })
    }

    async fn save(&mut self, ack: &Ack) -> Result<Option<Input>, StoreError> {
        let stands = self.hub.store.save_ack(&self.edge, ack, self.hub.clock.now()).await?;
        Ok((!stands).then_some(Input::Superseded))
    }

    /// Reads one frame's worth of what goes down, outcomes first: people wait for them.
    pub(super) async fn read_down(&mut self, room: Room) -> Result<(), Ended> {
        match self.read().await {
            Ok(Some(input)) => {
                self.room = Some(room);
                let result = self.perform(input).await;
                self.room = None;
                result
            }
            Ok(None) => Ok(()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    async fn read(&mut self) -> Result<Option<Input>, StoreError> {
        if let Some(after) = self.wants.tail.take() {
            return self.read_tail(after).await.map(Some);
        }
        let Some(At { epoch, .. }) = self.at else { return Ok(None) };
        if let Some((after, limit)) = self.wants.outcomes.take() {
            let outcomes = self.hub.store.outcomes(&self.edge, epoch, after, limit).await?;
            return Ok(Some(Input::Outcomes(outcomes)));
        }
        if let Some(wanted) = self.wants.chunk.take() {
            let part = self.hub.store.chunk(self.region, wanted).await?;
            return Ok(Some(Input::Snapshot(part)));
        }
        let Some((after, limit)) = self.wants.feed.take() else { return Ok(None) };
        let (to, changes) = self.hub.store.feed(self.region, after, limit).await?;
        Ok(Some(Input::Feed { to, changes }))
    }

    async fn snapshot_taken(&mut self) -> Result<(), StoreError> {
        let Some(At { term, .. }) = self.at else { return Ok(()) };
        let (edge, region) = (&self.edge, self.region);
        tracing::info!(edge.id = %edge, %region, "`{edge}` has taken an image of {region}");
        self.hub.store.snapshot_taken(edge, term, self.hub.clock.now()).await
    }

    pub(super) async fn region(&mut self, mark: Mark) -> Result<(), Ended> {
        if mark.gate_closed {
            return self.perform(Input::GateClosed).await;
        }
        let Mark { generation, feed_seq, .. } = mark;
        self.perform(Input::FeedReaches { generation, feed_seq }).await
    }

    /// Looks at the edge's row: whether the term still stands, how far its outcomes reach, what of its
    /// log is held, and what others wait for it to log.
    pub(super) async fn look(&mut self) -> Result<(), Ended> {
        let Some(at) = self.at else { return Ok(()) };
        match self.hub.store.pulse(&self.edge).await {
            Ok(Some(pulse)) if pulse.term == at.term => {
                if let Some(number) = pulse.probe {
                    self.perform(Input::ProbeAsked { number }).await?;
                }
                self.perform(Input::OutcomesReach(pulse.outcome_count)).await?;
                if pulse.repair {
                    self.repair().await?;
                }
                self.tell_held(at.epoch).await?;
                self.put_asks(at).await
            }
            Ok(_) => self.perform(Input::Superseded).await,
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// As the store has it now: what this replica has heard of the feed may be older than what the edge
    /// has.
    async fn repair(&mut self) -> Result<(), Ended> {
        let standing = self.hub.store.standing(&self.edge, self.hub.clock.now()).await;
        match standing {
            Ok(Some(StoredEdge { feed_seq, granted_seq, .. })) => {
                self.perform(Input::Repair { feed_seq, granted_seq }).await
            }
            Ok(None) => Ok(()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Each op that is held is told once, and once more when the reason is another.
    async fn tell_held(&mut self, epoch: u64) -> Result<(), Ended> {
        let held = match self.hub.store.held(&self.edge, epoch, HELD_MAX).await {
            Ok(held) => held,
            Err(error) => return Err(self.fault(&error)),
        };
        let mut told = BTreeMap::new();
        let mut notices = Vec::new();
        for (seq, reason) in held {
            let known = self.told_held.get(&seq) == Some(&reason);
            if !known && notices.len() == NOTICES_MAX {
                continue;
            }
            if !known {
                notices.push(Input::Held { seq, reason });
            }
            told.insert(seq, reason);
        }
        self.told_held = told;
        for notice in notices {
            self.perform(notice).await?;
        }
        Ok(())
    }

    pub(super) async fn tick(&mut self) -> Result<(), Ended> {
        self.ticks += 1;
        let now = self.hub.clock.elapsed();
        if self.machine.is_greeting() && now.saturating_sub(self.began) > HELLO_LIMIT {
            return Err(self.end(Code::TimedOut, "no Hello came"));
        }
        if now.saturating_sub(self.heard_at) > SILENCE_LIMIT {
            return Err(self.end(Code::TimedOut, "nothing was heard of the edge"));
        }
        if self.ticks.is_multiple_of(PING_TICKS) {
            self.out.ping();
        }
        if self.ticks.is_multiple_of(CONTACT_TICKS) {
            self.contact().await?;
        }
        self.perform(Input::Tick).await?;
        self.look().await
    }

    /// Says when the edge was last heard of, be it a pong.
    async fn contact(&mut self) -> Result<(), Ended> {
        let Some(At { term, .. }) = self.at else { return Ok(()) };
        let silence = self.hub.clock.elapsed().saturating_sub(self.heard_at);
        let silence_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
        let heard_at = self.hub.clock.now().plus_ms(-silence_ms);
        match self.hub.store.contact(&self.edge, term, heard_at).await {
            Ok(true) => Ok(()),
            Ok(false) => self.perform(Input::Superseded).await,
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// The store did not do as asked: the edge keeps what it has and calls again.
    pub(super) fn fault(&mut self, error: &StoreError) -> Ended {
        let cause = process::problem::chain(error);
        tracing::error!(edge.id = %self.edge, cause, "A session ends: sync_db failed it");
        self.end(Code::Unavailable, "the hub's store is out of reach")
    }
}

/// Why no answer goes back into the engine.
pub(super) enum Stopped {
    Ended(Ended),
    Fault(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}
