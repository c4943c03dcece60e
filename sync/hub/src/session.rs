//! Sessions: each serves one WebSocket of one edge. It reads frames, feeds them to the engine, and
//! carries out the engine's outputs: store, read, send. Each result from the store is the engine's
//! next input.
//!
//! Separate tasks, which never wait for the loop's store work, read the socket (`reader`), record
//! contacts with the edge and answer probes of it (`liveness`), relay photos (`photos`), request
//! messages (`messages`) and write (`outbound`).
//!
//! Invariants: a session writes only under its term; it never blocks on the edge reading, because
//! the edge may be waiting for the session to read, so frames leave through a bounded queue; and it
//! reads rows to send from the store only when the queue has room.

pub(crate) mod certificates;
pub(crate) mod connection;
mod liveness;
mod messages;
mod outbound;
mod photos;
mod reader;
pub(crate) mod revocation;
mod row_checks;

use std::{collections::VecDeque, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use engine::{
    cloud::{NewOps, SyncSessionInput, SyncSessionOutput},
    trusted_time::LogHeadReports,
};
use process::{metrics, problem::format_error_chain, seal::FrameSealer};
use tokio::time::MissedTickBehavior;
use wire::{
    Ack, CertificateAnswer, Code, EdgeId, Frame, Hello, MessagesAnswer, Region, SessionRefusal,
    UnixMillis,
};

use crate::{
    polling::{RegionMark, wait_for_change},
    store::StoreError,
};
use certificates::IssueResult;
use connection::{EdgeConnection, SessionContext, SessionEnd, SessionTerm, SessionWork};
use outbound::FramePermit;
use photos::AnsweredChunk;
use reader::{InboundMessage, Inbox};

const TICK: Duration = Duration::from_secs(1);
/// A connection must send Hello within this time.
const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// An edge that answers nothing, even pings, for this long is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(15);

enum SessionInput {
    /// `None` once the connection is lost.
    Message(Option<InboundMessage>),
    Photo(AnsweredChunk),
    Messages(Option<MessagesAnswer>),
    Tick {
        /// Messages wait for the session.
        unread: bool,
    },
    Region(RegionMark),
    /// Outcomes were stored, or the term was raised.
    Nudge,
    /// A permit for one more downstream frame is free.
    Room(FramePermit),
    Stop,
    /// The outbound queue is broken.
    Broken,
}

impl SessionContext {
    /// Runs until the session has ended and the last frame is written.
    pub(crate) async fn run(
        self,
        edge: EdgeId,
        region: Region,
        linked_at: UnixMillis,
        socket: WebSocket,
    ) {
        let (mut link, inbox, work) = EdgeConnection::new(self, edge, region, linked_at, socket);
        let SessionWork {
            reader,
            watch,
            photo_relay,
            message_relay,
            writer,
        } = work;
        let listening = async move {
            let relays = async { tokio::join!(photo_relay.run(), message_relay.run()) };
            let beside = async { tokio::join!(reader.run(), watch.run(), relays) };
            let end = tokio::select! {
                end = link.run_event_loop(inbox) => end,
                // The watch never ends before the loop.
                _ = beside => SessionEnd::Told,
            };
            link.close(end).await;
        };
        tokio::join!(listening, writer.run());
    }

    pub(crate) fn start(&self) {
        let sessions = self.clone();
        self.tasks
            .spawn("probes", async move { sessions.watch_for_probes().await });
        let sessions = self.clone();
        self.tasks.spawn("disablings", async move {
            sessions.watch_for_disablings().await
        });
    }
}

impl EdgeConnection {
    async fn run_event_loop(&mut self, mut inbox: Inbox) -> SessionEnd {
        let stop = self.hub.tasks.stop_token();
        let broken = self.out.broken_token();
        let mut marks = self.hub.regions.watch_region(self.region);
        let mut nudges = self.hub.signals.watch_edge(&self.edge);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stimulus = tokio::select! {
                () = stop.cancelled() => SessionInput::Stop,
                () = broken.cancelled() => SessionInput::Broken,
                _ = tick.tick() => SessionInput::Tick { unread: !inbox.is_empty() },
                mark = wait_for_change(&mut marks) => SessionInput::Region(mark),
                () = wait_for_change(&mut nudges) => SessionInput::Nudge,
                room = self.out.acquire_permit(), if self.reads.has_pending() => SessionInput::Room(room),
                answered = self.photos.next_answer() => SessionInput::Photo(answered),
                answer = self.messages.next_answer() => SessionInput::Messages(answer),
                message = inbox.recv() => SessionInput::Message(message),
            };
            if let Err(end) = self.handle_input(stimulus).await {
                return end;
            }
        }
    }

    async fn handle_input(&mut self, stimulus: SessionInput) -> Result<(), SessionEnd> {
        match stimulus {
            SessionInput::Message(message) => self.handle_message(message).await,
            SessionInput::Photo(AnsweredChunk { chunk, answer }) => {
                self.drive_engine(SyncSessionInput::PhotoAnswered { chunk, answer })
                    .await
            }
            SessionInput::Messages(answer) => {
                let answered = SyncSessionInput::MessagesAnswered(answer);
                self.drive_engine(answered).await
            }
            SessionInput::Tick { unread } => self.handle_tick(unread).await,
            SessionInput::Region(mark) => self.apply_region_mark(mark).await,
            SessionInput::Nudge => self.check_edge_row().await,
            SessionInput::Room(room) => self.read_down(room).await,
            SessionInput::Stop => {
                Err(self.end_session(Code::Unavailable, "this hub is shutting down"))
            }
            SessionInput::Broken => Err(SessionEnd::Told),
        }
    }

    async fn handle_message(&mut self, message: Option<InboundMessage>) -> Result<(), SessionEnd> {
        let Some(InboundMessage {
            message,
            room: _room,
        }) = message
        else {
            return Err(SessionEnd::Told);
        };
        match message {
            Message::Binary(bytes) => {
                metrics::LINK_BYTES.add(["received"], bytes.len() as u64);
                let Ok(frame) = Frame::from_bytes(&bytes) else {
                    return Err(self.end_session(
                        Code::MalformedBody,
                        "not a valid frame of the link protocol",
                    ));
                };
                metrics::LINK_FRAMES.add([frame.kind(), "received"], 1);
                self.seal_for(&frame);
                self.drive_engine(SyncSessionInput::Frame(frame)).await
            }
            Message::Text(_) => Err(self.end_session(Code::MalformedBody, "frames must be binary")),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(SessionEnd::Told),
        }
    }

    /// The first Hello carries a challenge if the edge checks the hub's seals. An older edge cannot
    /// read sealed frames.
    fn seal_for(&mut self, frame: &Frame) {
        if let Frame::Hello(Hello {
            challenge: Some(challenge),
            ..
        }) = frame
            && self.machine.is_greeting()
        {
            let key = self.hub.key.clone();
            let edge = self.edge.clone();
            self.out.seal_with(FrameSealer::new(key, edge, *challenge));
        }
    }

    async fn handle_tick(&mut self, unread: bool) -> Result<(), SessionEnd> {
        self.ticks += 1;
        let now = self.hub.clock.elapsed();
        if self.machine.is_greeting() && now.saturating_sub(self.began) > HELLO_LIMIT {
            return Err(self.end_session(Code::TimedOut, "received no Hello in time"));
        }
        // While messages wait, the reader may have stopped: the session is slow, not the edge.
        if !unread && self.contact.silence() > SILENCE_LIMIT {
            return Err(self.end_session(Code::TimedOut, "received nothing from the edge"));
        }
        self.drive_engine(SyncSessionInput::Tick).await?;
        self.check_edge_row().await
    }
}

impl EdgeConnection {
    /// Feeds the engine one input and carries out its outputs, and then all inputs that result.
    async fn drive_engine(&mut self, input: SyncSessionInput) -> Result<(), SessionEnd> {
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
            SyncSessionOutput::SaveAlive { number } => self.liveness.note_answer(number),
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
            SyncSessionOutput::SnapshotTaken => self.record_snapshot_taken().await?,
            SyncSessionOutput::SaveAck(ack, heads) => return Ok(self.save(&ack, &heads).await?),
            SyncSessionOutput::IssueCertificate { csr } => {
                return Ok(Some(self.issue_certificate(&csr).await?));
            }
            SyncSessionOutput::DeliverPhotoChunk(chunk) => {
                return Ok(self.photos.deliver_chunk(chunk));
            }
            SyncSessionOutput::AskForMessages(question) => {
                return Ok(self.messages.ask(question));
            }
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

    async fn load(&mut self) -> Result<SyncSessionInput, SessionEnd> {
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

    /// A failure does not end the session: the link is worth more than a certificate, and the edge
    /// retries.
    async fn issue_certificate(&self, csr: &[u8]) -> Result<SyncSessionInput, StoreError> {
        let Some(SessionTerm { term, .. }) = self.at else {
            return Ok(SyncSessionInput::Superseded);
        };
        let answer = match self.hub.certificates.issue(&self.edge, term, csr).await {
            Ok(IssueResult::Answer(answer)) => answer,
            Ok(IssueResult::NotStanding) => return self.find_stop_reason().await,
            Err(fault) => {
                metrics::CERTIFICATES.add(["failed"], 1);
                let cause = format_error_chain(&fault);
                tracing::error!(edge.id = %self.edge, cause, "Could not issue a certificate");
                CertificateAnswer::Refused {
                    code: Code::Unavailable,
                    name: None,
                }
            }
        };
        Ok(SyncSessionInput::CertificateDecided(answer))
    }

    async fn save(
        &mut self,
        ack: &Ack,
        heads: &LogHeadReports,
    ) -> Result<Option<SyncSessionInput>, StoreError> {
        let now = self.hub.clock.now();
        let cursors = Some((ack.outcome_cursor, ack.feed_cursor));
        let store = &self.hub.store;
        let moved = self.at.filter(|_| self.acked != cursors);
        let stands = match moved {
            Some(SessionTerm { epoch, .. }) => {
                store
                    .save_moved_ack(&self.edge, epoch, ack, heads, now)
                    .await?
            }
            None => store.save_ack(&self.edge, ack, heads, now).await?,
        };
        if stands {
            self.acked = cursors;
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
    async fn read_down(&mut self, permit: FramePermit) -> Result<(), SessionEnd> {
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

    async fn record_snapshot_taken(&mut self) -> Result<(), StoreError> {
        let Some(SessionTerm { term, .. }) = self.at else {
            return Ok(());
        };
        let edge = &self.edge;
        let region = self.region;
        tracing::info!(edge.id = %edge, %region, "`{edge}` has applied a snapshot of {region}");
        self.hub
            .store
            .record_snapshot_taken(edge, term, self.hub.clock.now())
            .await
    }
}
