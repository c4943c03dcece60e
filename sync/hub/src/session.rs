//! One WebSocket of one edge: reads frames, asks the engine what to do, does it.
//!
//! Invariants: everything it stores is guarded by its term; it never waits for the edge to read while
//! the edge may be waiting for it to read, because what goes out stands in a bounded queue of its
//! own; and what goes down is read from the store only when there is room for it.

mod act;
mod asks;
mod life;
mod links;
mod nudges;
mod outbound;
mod quarantine;

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use engine::cloud::Session;
use futures::{StreamExt, stream::SplitStream};
use process::metrics;
use tokio::{sync::watch, time::MissedTickBehavior};
use wire::{Code, EdgeId, Frame, Refused, Region};

pub(crate) use asks::Asking;
pub(crate) use life::watch as watch_for_probes;
pub(crate) use links::Links;
pub(crate) use nudges::Nudges;

use crate::{feed::Mark, hub::Hub};
use act::{ToldHeld, Wants};
use outbound::Outbound;

const TICK: Duration = Duration::from_secs(1);
/// A connection that says nothing has this long to say Hello.
const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// Pings go out every few ticks; an edge that answers nothing for this long is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(15);
const PING_TICKS: u64 = 4;
/// How often the row says that the edge was heard of.
const CONTACT_TICKS: u64 = 3;

/// What a session is about to do next.
enum Heard {
    Message(Option<Result<Message, axum::Error>>),
    Tick,
    Region(Mark),
    /// Outcomes were stored, or the term was raised.
    Nudge,
    /// There is room for one more frame of what goes down.
    Room(outbound::Room),
    Stop,
    /// The way out is broken.
    Broken,
}

/// Why the loop is left. The edge has been told, or cannot be.
struct Ended;

/// What this session stands under.
#[derive(Clone, Copy)]
struct At {
    term: u64,
    epoch: u64,
}

struct Link {
    hub: Hub,
    edge: EdgeId,
    machine: Session,
    region: Region,
    out: Outbound,
    /// Set once the term was raised, whatever became of the session since.
    at: Option<At>,
    wants: Wants,
    told_held: ToldHeld,
    put: asks::Put,
    room: Option<outbound::Room>,
    began: Duration,
    heard_at: Duration,
    ticks: u64,
}

/// Runs until the session has ended and what was to be said is said.
pub(crate) async fn run(hub: Hub, edge: EdgeId, region: Region, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let (out, writer) = outbound::pair(sink);
    let now = hub.clock.elapsed();
    let mut link = Link {
        machine: Session::new(edge.clone(), hub.limits),
        hub,
        edge,
        region,
        out,
        at: None,
        wants: Wants::default(),
        told_held: ToldHeld::new(),
        put: asks::Put::new(),
        room: None,
        began: now,
        heard_at: now,
        ticks: 0,
    };
    let listening = async move {
        let Ended = link.listen(stream).await;
        link.close().await;
    };
    tokio::join!(listening, writer.run());
}

impl Link {
    async fn listen(&mut self, mut stream: SplitStream<WebSocket>) -> Ended {
        let stop = self.hub.tasks.token();
        let broken = self.out.broken();
        let mut marks = self.hub.regions.watch(self.region);
        let mut nudges = self.hub.nudges.watch(&self.edge);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => Heard::Stop,
                () = broken.cancelled() => Heard::Broken,
                _ = tick.tick() => Heard::Tick,
                mark = changed(&mut marks) => Heard::Region(mark),
                () = nudged(&mut nudges) => Heard::Nudge,
                room = self.out.room(), if self.wants.any() => Heard::Room(room),
                message = stream.next() => Heard::Message(message),
            };
            if let Err(ended) = self.hear(heard).await {
                return ended;
            }
        }
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Ended> {
        match heard {
            Heard::Message(message) => self.message(message).await,
            Heard::Tick => self.tick().await,
            Heard::Region(mark) => self.region(mark).await,
            Heard::Nudge => self.look().await,
            Heard::Room(room) => self.read_down(room).await,
            Heard::Stop => Err(self.end(Code::Unavailable, "this hub stops")),
            Heard::Broken => Err(Ended),
        }
    }

    async fn message(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), Ended> {
        let Some(Ok(message)) = message else { return Err(Ended) };
        self.heard_at = self.hub.clock.elapsed();
        match message {
            Message::Binary(bytes) => {
                metrics::LINK_BYTES.add(["received"], bytes.len() as u64);
                match Frame::from_bytes(&bytes) {
                    Ok(frame) => {
                        metrics::LINK_FRAMES.add([frame.kind(), "received"], 1);
                        self.perform(engine::cloud::Input::Frame(frame)).await
                    }
                    Err(_) => Err(self.end(Code::MalformedBody, "this is no frame of the link")),
                }
            }
            Message::Text(_) => Err(self.end(Code::MalformedBody, "frames are binary")),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(Ended),
        }
    }

    fn end(&mut self, code: Code, detail: &str) -> Ended {
        self.refuse(Refused { code, detail: detail.to_owned() })
    }

    fn refuse(&mut self, refused: Refused) -> Ended {
        let (edge, code) = (&self.edge, refused.code);
        tracing::info!(edge.id = %edge, %code, "Session of `{edge}` ends: {}", refused.detail);
        self.out.send(&Frame::Refused(refused), None);
        Ended
    }

    async fn close(self) {
        let Some(At { term, .. }) = self.at else {
            metrics::LINK_SESSIONS.add(["refused"], 1);
            return;
        };
        self.hub.links.down(&self.edge, term);
        if self.machine.ignored() > 0 {
            let (edge, frames) = (&self.edge, self.machine.ignored());
            tracing::warn!(edge.id = %edge, frames, "Frames of `{edge}` were passed over");
        }
        // Should this fail, the contact goes stale and says the same.
        let down = self.hub.store.link_down(&self.edge, term, self.hub.clock.now()).await;
        if let Err(error) = down {
            tracing::warn!(%error, "The end of a session could not be stored");
        }
    }
}

/// The sender lives as long as the hub, so a session that holds a receiver hears every change.
async fn changed(marks: &mut watch::Receiver<Mark>) -> Mark {
    match marks.changed().await {
        Ok(()) => *marks.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

async fn nudged(nudges: &mut watch::Receiver<()>) {
    if nudges.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
