//! Carries out the engine's outputs: store, read, send. Each result from the store is the engine's
//! next input.

use std::collections::{BTreeMap, VecDeque};

use engine::{
    cloud::{NewOps, StoredEdge, SyncSessionInput, SyncSessionOutput},
    trusted_time::LogHeadReports,
};
use process::metrics;
use wire::{Ack, Code, Frame, Hello, SessionRefusal};

use super::{
    link::{EdgeConnection, SessionEnd, SessionTerm},
    outbound::FramePermit,
};
use crate::{signals::RegionMark, store::StoreError};

/// Maximum held ops per check. The edge gets notices for later ones once these are decided.
const HELD_MAX: usize = 500;
/// Maximum notices per check, well below the outbound queue; the rest follow with the next check.
const NOTICES_MAX: usize = 32;

impl EdgeConnection {
    /// Feeds the engine one input and carries out its outputs, and then all inputs that result.
    pub(super) async fn drive_engine(&mut self, input: SyncSessionInput) -> Result<(), SessionEnd> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.handle_input(input, self.hub.clock.now()) {
                inputs.extend(self.execute_output(output).await?);
            }
        }
        Ok(())
    }

    async fn execute_output(
        &mut self,
        output: SyncSessionOutput,
    ) -> Result<Option<SyncSessionInput>, SessionEnd> {
        match output {
            SyncSessionOutput::Send(frame) => self.send(&frame),
            SyncSessionOutput::Load => return self.load().await.map(Some),
            SyncSessionOutput::Probe { term } => {
                return Ok(Some(self.probe_old_session(term).await?));
            }
            SyncSessionOutput::SaveAlive { number } => self.show_life(number).await?,
            SyncSessionOutput::TakeOver { hello, over } => {
                return self.take_over(&hello, over).await.map(Some);
            }
            SyncSessionOutput::Quarantine(confined) => {
                return self.quarantine_edge(&confined).await.map(Some);
            }
            SyncSessionOutput::ReadTail(after) => self.reads.tail = Some(after),
            SyncSessionOutput::Store(ops) => return Ok(Some(self.store_new_ops(&ops).await?)),
            SyncSessionOutput::ReadOutcomes { after, limit } => {
                self.reads.outcomes = Some((after, limit))
            }
            SyncSessionOutput::ReadFeed { after, limit } => self.reads.feed = Some((after, limit)),
            SyncSessionOutput::ReadSnapshot(wanted) => {
                // A snapshot replaces the changes that it contains.
                self.reads.feed = None;
                self.reads.chunk = Some(wanted);
            }
            SyncSessionOutput::SnapshotTaken => self.snapshot_taken().await?,
            SyncSessionOutput::SaveAck(ack, heads) => return Ok(self.save(&ack, &heads).await?),
            SyncSessionOutput::End(refused) => {
                self.note_refusal(refused.code).await?;
                return Err(self.send_refusal(refused));
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
        let room = if down { self.permit.take() } else { None };
        self.out.send(frame, room);
    }

    pub(super) async fn load(&mut self) -> Result<SyncSessionInput, SessionEnd> {
        match self
            .hub
            .store
            .load_edge_state(&self.edge, self.hub.clock.now())
            .await?
        {
            Some(stored) => Ok(SyncSessionInput::Loaded(stored)),
            None => {
                let detail = format!("edge {} is not enrolled", self.edge);
                Err(self.send_refusal(SessionRefusal {
                    code: Code::EdgeUnknown,
                    detail,
                }))
            }
        }
    }

    async fn take_over(
        &mut self,
        hello: &Hello,
        over: u64,
    ) -> Result<SyncSessionInput, SessionEnd> {
        let now = self.hub.clock.now();
        let taken = self
            .hub
            .store
            .take_over(&self.edge, hello, over, now)
            .await?;
        let Some((term, stored)) = taken else {
            return self.load().await;
        };
        self.at = Some(SessionTerm {
            term,
            epoch: stored.epoch,
        });
        let edge = &self.edge;
        tracing::info!(edge.id = %edge, term, epoch = stored.epoch, "The session of `{edge}` started");
        metrics::LINK_SESSIONS.add(["opened"], 1);
        self.hub.links.mark_up(edge, term);
        // Wakes an older session of this edge on this replica, so that it notices it is superseded.
        self.hub.signals.wake_sessions(edge);
        Ok(SyncSessionInput::TakenOver { term, stored })
    }

    async fn store_new_ops(&mut self, ops: &NewOps) -> Result<SyncSessionInput, StoreError> {
        let new_ops = ops.ops.len() as u64;
        if !self
            .hub
            .store
            .store_ops(&self.edge, ops, self.hub.clock.now())
            .await?
        {
            return self.find_stop_reason().await;
        }
        metrics::HUB_OPS_RECEIVED.add([self.region.as_str()], new_ops);
        self.hub.work.wake_workers();
        Ok(SyncSessionInput::OpsStored {
            cursor: ops.cursor().seq,
        })
    }

    async fn save(
        &mut self,
        ack: &Ack,
        heads: &LogHeadReports,
    ) -> Result<Option<SyncSessionInput>, StoreError> {
        let now = self.hub.clock.now();
        let stands = self.hub.store.save_ack(&self.edge, ack, heads, now).await?;
        if stands {
            Ok(None)
        } else {
            self.find_stop_reason().await.map(Some)
        }
    }

    /// The reason why this session may no longer write.
    async fn find_stop_reason(&self) -> Result<SyncSessionInput, StoreError> {
        let pulse = self.hub.store.read_session_pulse(&self.edge).await?;
        let disabled = pulse.is_some_and(|pulse| pulse.disabled);
        Ok(if disabled {
            SyncSessionInput::Disabled
        } else {
            SyncSessionInput::Superseded
        })
    }

    /// Reads the next downstream frame, outcomes first: people wait for them.
    pub(super) async fn read_down(&mut self, permit: FramePermit) -> Result<(), SessionEnd> {
        let Some(input) = self.read().await? else {
            return Ok(());
        };
        self.permit = Some(permit);
        let result = self.drive_engine(input).await;
        self.permit = None;
        result
    }

    async fn read(&mut self) -> Result<Option<SyncSessionInput>, StoreError> {
        if let Some(after) = self.reads.tail.take() {
            return self.read_tail(after).await.map(Some);
        }
        let Some(SessionTerm { epoch, .. }) = self.at else {
            return Ok(None);
        };
        if let Some((after, limit)) = self.reads.outcomes.take() {
            let outcomes = self
                .hub
                .store
                .read_outcomes(&self.edge, epoch, after, limit)
                .await?;
            return Ok(Some(SyncSessionInput::Outcomes(outcomes)));
        }
        if let Some(wanted) = self.reads.chunk.take() {
            let part = self
                .hub
                .store
                .read_snapshot_chunk(self.region, wanted)
                .await?;
            return Ok(Some(SyncSessionInput::Snapshot(part)));
        }
        let Some((after, limit)) = self.reads.feed.take() else {
            return Ok(None);
        };
        let (to, changes) = self.hub.store.read_feed(self.region, after, limit).await?;
        Ok(Some(SyncSessionInput::Feed { to, changes }))
    }

    async fn snapshot_taken(&mut self) -> Result<(), StoreError> {
        let Some(SessionTerm { term, .. }) = self.at else {
            return Ok(());
        };
        let edge = &self.edge;
        let region = self.region;
        tracing::info!(edge.id = %edge, %region, "`{edge}` has applied a snapshot of {region}");
        self.hub
            .store
            .snapshot_taken(edge, term, self.hub.clock.now())
            .await
    }

    pub(super) async fn apply_region_mark(&mut self, mark: RegionMark) -> Result<(), SessionEnd> {
        if mark.gate_closed {
            return self.drive_engine(SyncSessionInput::GateClosed).await;
        }
        let RegionMark {
            generation,
            feed_seq,
            ..
        } = mark;
        self.drive_engine(SyncSessionInput::FeedReaches {
            generation,
            feed_seq,
        })
        .await
    }

    /// Checks the edge's row: the current term, the outcome count, the held ops, and the accepts
    /// that wait for this edge to log them.
    pub(super) async fn check_edge_row(&mut self) -> Result<(), SessionEnd> {
        let Some(at) = self.at else { return Ok(()) };
        let pulse = self.hub.store.read_session_pulse(&self.edge).await?;
        if pulse.is_some_and(|pulse| pulse.disabled) {
            return self.drive_engine(SyncSessionInput::Disabled).await;
        }
        let Some(pulse) = pulse.filter(|pulse| pulse.term == at.term) else {
            return self.drive_engine(SyncSessionInput::Superseded).await;
        };
        if let Some(number) = pulse.probe {
            self.drive_engine(SyncSessionInput::ProbeAsked { number })
                .await?;
        }
        self.drive_engine(SyncSessionInput::OutcomesReach(pulse.outcome_count))
            .await?;
        if pulse.repair {
            self.start_repair().await?;
        }
        self.tell_held(at.epoch).await?;
        self.put_asks(at).await
    }

    /// Reads the feed's end from the store: this replica's mark may be older than the edge's
    /// cursor.
    async fn start_repair(&mut self) -> Result<(), SessionEnd> {
        let standing = self
            .hub
            .store
            .load_edge_state(&self.edge, self.hub.clock.now())
            .await?;
        let Some(StoredEdge {
            feed_seq,
            granted_seq,
            ..
        }) = standing
        else {
            return Ok(());
        };
        self.drive_engine(SyncSessionInput::Repair {
            feed_seq,
            granted_seq,
        })
        .await
    }

    /// Sends the edge a notice for each held op once, and again if the reason changes.
    async fn tell_held(&mut self, epoch: u64) -> Result<(), SessionEnd> {
        let mut told = BTreeMap::new();
        let mut notices = Vec::new();
        for (seq, reason) in self
            .hub
            .store
            .list_held_ops(&self.edge, epoch, HELD_MAX)
            .await?
        {
            let known = self.told_held.get(&seq) == Some(&reason);
            if !known && notices.len() == NOTICES_MAX {
                continue;
            }
            if !known {
                notices.push(SyncSessionInput::Held { seq, reason });
            }
            told.insert(seq, reason);
        }
        self.told_held = told;
        for notice in notices {
            self.drive_engine(notice).await?;
        }
        Ok(())
    }

    /// Stores when the edge last sent anything, including a pong.
    pub(super) async fn store_contact(&mut self) -> Result<(), SessionEnd> {
        let Some(SessionTerm { term, .. }) = self.at else {
            return Ok(());
        };
        let silence = self.hub.clock.elapsed().saturating_sub(self.heard_at);
        let silence_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
        let heard_at = self.hub.clock.now().plus_ms(-silence_ms);
        if self
            .hub
            .store
            .record_contact(&self.edge, term, heard_at)
            .await?
        {
            return Ok(());
        }
        let why = self.find_stop_reason().await?;
        self.drive_engine(why).await
    }
}
