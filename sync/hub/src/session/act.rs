//! Carries out the engine's outputs: store, read, send. Each result from the store is the engine's
//! next input.

use std::collections::{BTreeMap, VecDeque};

use engine::{
    cloud::{Input, NewOps, Output, StoredEdge},
    moments::HeadNotes,
};
use process::metrics;
use wire::{Ack, Code, Frame, Hello, Refused};

use super::{
    link::{Link, SessionEnd, SessionTerm},
    outbound::Room,
};
use crate::{signals::RegionMark, store::StoreError};

/// Maximum held ops per check. The edge gets notices for later ones once these are decided.
const HELD_MAX: usize = 500;
/// Maximum notices per check, well below the outbound queue; the rest follow with the next check.
const NOTICES_MAX: usize = 32;

impl Link {
    /// Feeds the engine one input and carries out its outputs, and then all inputs that result.
    pub(super) async fn perform(&mut self, input: Input) -> Result<(), SessionEnd> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.handle(input, self.hub.clock.now()) {
                inputs.extend(self.act(output).await?);
            }
        }
        Ok(())
    }

    async fn act(&mut self, output: Output) -> Result<Option<Input>, SessionEnd> {
        match output {
            Output::Send(frame) => self.send(&frame),
            Output::Load => return self.load().await.map(Some),
            Output::Probe { term } => return Ok(Some(self.probe(term).await?)),
            Output::SaveAlive { number } => self.show_life(number).await?,
            Output::TakeOver { hello, over } => {
                return self.take_over(&hello, over).await.map(Some);
            }
            Output::Quarantine(confined) => return self.quarantine(&confined).await.map(Some),
            Output::ReadTail(after) => self.reads.tail = Some(after),
            Output::Store(ops) => return Ok(Some(self.store(&ops).await?)),
            Output::ReadOutcomes { after, limit } => self.reads.outcomes = Some((after, limit)),
            Output::ReadFeed { after, limit } => self.reads.feed = Some((after, limit)),
            Output::ReadSnapshot(wanted) => {
                // A snapshot replaces the changes that it contains.
                self.reads.feed = None;
                self.reads.chunk = Some(wanted);
            }
            Output::SnapshotTaken => self.snapshot_taken().await?,
            Output::SaveAck(ack, heads) => return Ok(self.save(&ack, &heads).await?),
            Output::End(refused) => {
                self.note_refusal(refused.code).await?;
                return Err(self.refuse(refused));
            }
        }
        Ok(None)
    }

    fn send(&mut self, frame: &Frame) {
        let down = matches!(
            frame,
            Frame::Outcomes(_) | Frame::Down(_) | Frame::Snapshot(_) | Frame::Quarantine(_)
        );
        if matches!(frame, Frame::Snapshot(_)) {
            metrics::SNAPSHOT_CHUNKS.add(["sent"], 1);
        }
        let room = if down { self.room.take() } else { None };
        self.out.send(frame, room);
    }

    pub(super) async fn load(&mut self) -> Result<Input, SessionEnd> {
        match self.hub.store.standing(&self.edge, self.hub.clock.now()).await? {
            Some(stored) => Ok(Input::Loaded(stored)),
            None => {
                let detail = format!("no edge {} is enrolled", self.edge);
                Err(self.refuse(Refused { code: Code::EdgeUnknown, detail }))
            }
        }
    }

    async fn take_over(&mut self, hello: &Hello, over: u64) -> Result<Input, SessionEnd> {
        let now = self.hub.clock.now();
        let taken = self.hub.store.take_over(&self.edge, hello, over, now).await?;
        let Some((term, stored)) = taken else { return self.load().await };
        self.at = Some(SessionTerm { term, epoch: stored.epoch });
        let edge = &self.edge;
        tracing::info!(edge.id = %edge, term, epoch = stored.epoch, "Session of `{edge}` begins");
        metrics::LINK_SESSIONS.add(["opened"], 1);
        self.hub.links.up(edge, term);
        // Wakes an older session of this edge on this replica, so that it notices it is superseded.
        self.hub.nudges.nudge(edge);
        Ok(Input::TakenOver { term, stored })
    }

    async fn store(&mut self, ops: &NewOps) -> Result<Input, StoreError> {
        let new_ops = ops.ops.len() as u64;
        if !self.hub.store.store_ops(&self.edge, ops, self.hub.clock.now()).await? {
            return self.overtaken().await;
        }
        metrics::HUB_OPS_RECEIVED.add([self.region.as_str()], new_ops);
        self.hub.work.wake();
        Ok(Input::OpsStored { cursor: ops.cursor().seq })
    }

    async fn save(&mut self, ack: &Ack, heads: &HeadNotes) -> Result<Option<Input>, StoreError> {
        let now = self.hub.clock.now();
        let stands = self.hub.store.save_ack(&self.edge, (ack, heads), now).await?;
        if stands { Ok(None) } else { self.overtaken().await.map(Some) }
    }

    /// The reason why this session may no longer write.
    async fn overtaken(&self) -> Result<Input, StoreError> {
        let pulse = self.hub.store.pulse(&self.edge).await?;
        let disabled = pulse.is_some_and(|pulse| pulse.disabled);
        Ok(if disabled { Input::Disabled } else { Input::Superseded })
    }

    /// Reads the next downstream frame, outcomes first: people wait for them.
    pub(super) async fn read_down(&mut self, room: Room) -> Result<(), SessionEnd> {
        let Some(input) = self.read().await? else { return Ok(()) };
        self.room = Some(room);
        let result = self.perform(input).await;
        self.room = None;
        result
    }

    async fn read(&mut self) -> Result<Option<Input>, StoreError> {
        if let Some(after) = self.reads.tail.take() {
            return self.read_tail(after).await.map(Some);
        }
        let Some(SessionTerm { epoch, .. }) = self.at else { return Ok(None) };
        if let Some((after, limit)) = self.reads.outcomes.take() {
            let outcomes = self.hub.store.outcomes(&self.edge, epoch, after, limit).await?;
            return Ok(Some(Input::Outcomes(outcomes)));
        }
        if let Some(wanted) = self.reads.chunk.take() {
            let part = self.hub.store.chunk(self.region, wanted).await?;
            return Ok(Some(Input::Snapshot(part)));
        }
        let Some((after, limit)) = self.reads.feed.take() else { return Ok(None) };
        let (to, changes) = self.hub.store.feed(self.region, after, limit).await?;
        Ok(Some(Input::Feed { to, changes }))
    }

    async fn snapshot_taken(&mut self) -> Result<(), StoreError> {
        let Some(SessionTerm { term, .. }) = self.at else { return Ok(()) };
        let (edge, region) = (&self.edge, self.region);
        tracing::info!(edge.id = %edge, %region, "`{edge}` has taken an image of {region}");
        self.hub.store.snapshot_taken(edge, term, self.hub.clock.now()).await
    }

    pub(super) async fn region(&mut self, mark: RegionMark) -> Result<(), SessionEnd> {
        if mark.gate_closed {
            return self.perform(Input::GateClosed).await;
        }
        let RegionMark { generation, feed_seq, .. } = mark;
        self.perform(Input::FeedReaches { generation, feed_seq }).await
    }

    /// Checks the edge's row: the current term, the outcome count, the held ops, and the accepts
    /// that wait for this edge to log them.
    pub(super) async fn look(&mut self) -> Result<(), SessionEnd> {
        let Some(at) = self.at else { return Ok(()) };
        let pulse = self.hub.store.pulse(&self.edge).await?;
        if pulse.is_some_and(|pulse| pulse.disabled) {
            return self.perform(Input::Disabled).await;
        }
        let Some(pulse) = pulse.filter(|pulse| pulse.term == at.term) else {
            return self.perform(Input::Superseded).await;
        };
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

    /// Reads the feed's end from the store: this replica's mark may be older than the edge's
    /// cursor.
    async fn repair(&mut self) -> Result<(), SessionEnd> {
        let standing = self.hub.store.standing(&self.edge, self.hub.clock.now()).await?;
        let Some(StoredEdge { feed_seq, granted_seq, .. }) = standing else { return Ok(()) };
        self.perform(Input::Repair { feed_seq, granted_seq }).await
    }

    /// Sends the edge a notice for each held op once, and again if the reason changes.
    async fn tell_held(&mut self, epoch: u64) -> Result<(), SessionEnd> {
        let mut told = BTreeMap::new();
        let mut notices = Vec::new();
        for (seq, reason) in self.hub.store.held(&self.edge, epoch, HELD_MAX).await? {
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

    /// Stores when the edge last sent anything, including a pong.
    pub(super) async fn contact(&mut self) -> Result<(), SessionEnd> {
        let Some(SessionTerm { term, .. }) = self.at else { return Ok(()) };
        let silence = self.hub.clock.elapsed().saturating_sub(self.heard_at);
        let silence_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
        let heard_at = self.hub.clock.now().plus_ms(-silence_ms);
        if self.hub.store.contact(&self.edge, term, heard_at).await? {
            return Ok(());
        }
        let why = self.overtaken().await?;
        self.perform(why).await
    }
}
