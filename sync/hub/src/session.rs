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
use engine::cloud::Input;
use futures::{StreamExt, stream::SplitStream};
use process::{metrics, seal::Sealer};
use tokio::{sync::watch, time::MissedTickBehavior};
use wire::{Code, EdgeId, Frame, Hello, Region, UnixMillis};

use crate::signals::RegionMark;
use link::{Link, SessionEnd, Sessions};
use outbound::Room;

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

enum Stimulus {
    Message(Option<Result<Message, axum::Error>>),
    Tick,
    Region(RegionMark),
    /// Outcomes were stored, or the term was raised.
    Nudge,
    /// A permit for one more downstream frame is free.
    Room(Room),
    Stop,
    /// The outbound queue is broken.
    Broken,
}

impl Sessions {
    pub fn message_bytes_max(&self) -> usize {
        let bytes_max = usize::try_from(self.limits.batch_bytes_max).unwrap_or(usize::MAX);
        bytes_max.saturating_add(FRAME_OVERHEAD_BYTES)
    }

    /// Runs until the session has ended and the last frame is written.
    pub async fn run(self, edge: EdgeId, region: Region, linked_at: UnixMillis, socket: WebSocket) {
        let (mut link, writer, stream) = Link::new(self, edge, region, linked_at, socket);
        let listening = async move {
            let end = link.listen(stream).await;
            link.close(end).await;
        };
        tokio::join!(listening, writer.run());
    }

    pub fn start(&self) {
        let sessions = self.clone();
        self.tasks.spawn("probes", async move { sessions.watch_for_probes().await });
        let sessions = self.clone();
        self.tasks.spawn("disablings", async move { sessions.watch_for_disablings().await });
    }
}

impl Link {
    async fn listen(&mut self, mut stream: SplitStream<WebSocket>) -> SessionEnd {
        let stop = self.hub.tasks.token();
        let broken = self.out.broken();
        let mut marks = self.hub.regions.watch(self.region);
        let mut nudges = self.hub.nudges.watch(&self.edge);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stimulus = tokio::select! {
                () = stop.cancelled() => Stimulus::Stop,
                () = broken.cancelled() => Stimulus::Broken,
                _ = tick.tick() => Stimulus::Tick,
                mark = changed(&mut marks) => Stimulus::Region(mark),
                () = changed(&mut nudges) => Stimulus::Nudge,
                room = self.out.room(), if self.reads.any() => Stimulus::Room(room),
                message = stream.next() => Stimulus::Message(message),
            };
            if let Err(end) = self.react(stimulus).await {
                return end;
            }
        }
    }

    async fn react(&mut self, stimulus: Stimulus) -> Result<(), SessionEnd> {
        match stimulus {
            Stimulus::Message(message) => self.message(message).await,
            Stimulus::Tick => self.tick().await,
            Stimulus::Region(mark) => self.region(mark).await,
            Stimulus::Nudge => self.look().await,
            Stimulus::Room(room) => self.read_down(room).await,
            Stimulus::Stop => Err(self.end(Code::Unavailable, "this hub stops")),
            Stimulus::Broken => Err(SessionEnd::Told),
        }
    }

    async fn message(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), SessionEnd> {
        let Some(Ok(message)) = message else { return Err(SessionEnd::Told) };
        self.heard_at = self.hub.clock.elapsed();
        match message {
            Message::Binary(bytes) => {
                metrics::LINK_BYTES.add(["received"], bytes.len() as u64);
                let Ok(frame) = Frame::from_bytes(&bytes) else {
                    return Err(self.end(Code::MalformedBody, "this is no frame of the link"));
                };
                metrics::LINK_FRAMES.add([frame.kind(), "received"], 1);
                self.seal_for(&frame);
                self.perform(Input::Frame(frame)).await
            }
            Message::Text(_) => Err(self.end(Code::MalformedBody, "frames are binary")),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(SessionEnd::Told),
        }
    }

    /// The first Hello carries a challenge if the edge checks the hub's seals. An older edge cannot
    /// read sealed frames.
    fn seal_for(&mut self, frame: &Frame) {
        if let Frame::Hello(Hello { challenge: Some(challenge), .. }) = frame
            && self.machine.is_greeting()
        {
            let (key, edge) = (self.hub.key.clone(), self.edge.clone());
            self.out.seal_with(Sealer::new(key, edge, *challenge));
        }
    }

    async fn tick(&mut self) -> Result<(), SessionEnd> {
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
}

/// The sender lives as long as the hub, so a receiver never misses the newest value.
async fn changed<T: Copy>(values: &mut watch::Receiver<T>) -> T {
    match values.changed().await {
        Ok(()) => *values.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}
