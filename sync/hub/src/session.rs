//! Sessions: each serves one WebSocket of one edge. It reads frames, feeds them to the engine, and
//! carries out the engine's outputs.
//!
//! Invariants: a session writes only under its term; it never blocks on the edge reading, because
//! the edge may be waiting for the session to read, so frames leave through a bounded queue; and it
//! reads rows to send from the store only when the queue has room.

mod act;
mod asks;
pub mod disabling;
mod life;
pub mod link;
pub mod links;
mod outbound;
mod quarantine;
mod vouching;

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use engine::cloud::SyncSessionInput;
use futures::{StreamExt, stream::SplitStream};
use process::{metrics, seal::FrameSealer};
use tokio::{sync::watch, time::MissedTickBehavior};
use wire::{Code, EdgeId, Frame, Hello, Region, UnixMillis};

use crate::signals::RegionMark;
use link::{EdgeConnection, SessionContext, SessionEnd};
use outbound::FramePermit;

const TICK: Duration = Duration::from_secs(1);
/// A connection must send Hello within this time.
const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// An edge that answers nothing, even pings, for this long is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(15);
const PING_TICKS: u64 = 4;
/// Ticks between two updates of the last contact time.
const CONTACT_TICKS: u64 = 3;
/// A frame's other fields, and a length per op.
const FRAME_OVERHEAD_BYTES: usize = 64 * 1024;

enum SessionInput {
    Message(Option<Result<Message, axum::Error>>),
    Tick,
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
    pub fn message_bytes_max(&self) -> usize {
        let bytes_max = usize::try_from(self.limits.batch_bytes_max).unwrap_or(usize::MAX);
        bytes_max.saturating_add(FRAME_OVERHEAD_BYTES)
    }

    /// Runs until the session has ended and the last frame is written.
    pub async fn run(self, edge: EdgeId, region: Region, linked_at: UnixMillis, socket: WebSocket) {
        let (mut link, writer, stream) = EdgeConnection::new(self, edge, region, linked_at, socket);
        let listening = async move {
            let end = link.run_event_loop(stream).await;
            link.close(end).await;
        };
        tokio::join!(listening, writer.run());
    }

    pub fn start(&self) {
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
    async fn run_event_loop(&mut self, mut stream: SplitStream<WebSocket>) -> SessionEnd {
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
                _ = tick.tick() => SessionInput::Tick,
                mark = wait_for_change(&mut marks) => SessionInput::Region(mark),
                () = wait_for_change(&mut nudges) => SessionInput::Nudge,
                room = self.out.acquire_permit(), if self.reads.has_pending() => SessionInput::Room(room),
                message = stream.next() => SessionInput::Message(message),
            };
            if let Err(end) = self.handle_input(stimulus).await {
                return end;
            }
        }
    }

    async fn handle_input(&mut self, stimulus: SessionInput) -> Result<(), SessionEnd> {
        match stimulus {
            SessionInput::Message(message) => self.handle_message(message).await,
            SessionInput::Tick => self.handle_tick().await,
            SessionInput::Region(mark) => self.apply_region_mark(mark).await,
            SessionInput::Nudge => self.check_edge_row().await,
            SessionInput::Room(room) => self.read_down(room).await,
            SessionInput::Stop => {
                Err(self.end_session(Code::Unavailable, "this hub is shutting down"))
            }
            SessionInput::Broken => Err(SessionEnd::Told),
        }
    }

    async fn handle_message(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), SessionEnd> {
        let Some(Ok(message)) = message else {
            return Err(SessionEnd::Told);
        };
        self.heard_at = self.hub.clock.elapsed();
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

    async fn handle_tick(&mut self) -> Result<(), SessionEnd> {
        self.ticks += 1;
        let now = self.hub.clock.elapsed();
        if self.machine.is_greeting() && now.saturating_sub(self.began) > HELLO_LIMIT {
            return Err(self.end_session(Code::TimedOut, "received no Hello in time"));
        }
        if now.saturating_sub(self.heard_at) > SILENCE_LIMIT {
            return Err(self.end_session(Code::TimedOut, "received nothing from the edge"));
        }
        if self.ticks.is_multiple_of(PING_TICKS) {
            self.out.send_ping();
        }
        if self.ticks.is_multiple_of(CONTACT_TICKS) {
            self.store_contact().await?;
        }
        self.drive_engine(SyncSessionInput::Tick).await?;
        self.check_edge_row().await
    }
}

/// The sender lives as long as the hub, so a receiver never misses the newest value.
async fn wait_for_change<T: Copy>(values: &mut watch::Receiver<T>) -> T {
    match values.changed().await {
        Ok(()) => *values.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}
