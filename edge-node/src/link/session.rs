//! One session: carries out what the engine says, in order, one thing at a time.

use std::{collections::VecDeque, fmt, time::Duration};

use engine::edge::{Do, Edge, End, Surroundings};
use process::{metrics, problem::chain};
use tokio::time::{MissedTickBehavior, interval};
use wire::UnixMillis;

use super::{
    Link,
    socket::{Socket, SocketError},
};
use crate::jobs::disk_free;

pub(super) struct Session<'a> {
    link: &'a Link,
    edge: Edge,
    socket: Socket,
    acked_at: Duration,
    /// When the file was last told that the feed is read to its end.
    confirmed_at: Option<Duration>,
}

/// Why there is no session any more.
#[derive(Debug)]
pub(super) enum Ended {
    Socket(SocketError),
    Engine(End),
    /// The file could not be read or written.
    Store(String),
}

const TICK: Duration = Duration::from_secs(1);
/// The hub hears where this edge stands at least so often.
const ACK_EVERY: Duration = Duration::from_secs(5);
/// By so much the age of what is known of revocations may look higher after a restart.
const CONFIRMATION_PUT_DOWN_EVERY: Duration = Duration::from_secs(60);

impl<'a> Session<'a> {
    pub fn new(link: &'a Link, edge: Edge, socket: Socket) -> Self {
        Self { link, edge, socket, acked_at: Duration::ZERO, confirmed_at: None }
    }

    pub async fn run(mut self) -> Ended {
        match self.go_on().await {
            Ok(never) => never,
            Err(ended) => {
                if !self.edge.is_open() {
                    metrics::LINK_SESSIONS.add(["refused"], 1);
                }
                ended
            }
        }
    }

    async fn go_on(&mut self) -> Result<Ended, Ended> {
        let hello = self.edge.hello();
        self.socket.send(&hello).await?;
        let moved = self.link.store.moved();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let todo = tokio::select! {
                frame = self.socket.next() => self.edge.take(frame?),
                () = moved.notified() => self.look().await?,
                _ = ticks.tick() => {
                    self.tick().await?;
                    continue;
                }
            };
            self.perform(todo).await?;
        }
    }

    async fn perform(&mut self, todo: Vec<Do>) -> Result<(), Ended> {
        let mut todo = VecDeque::from(todo);
        while let Some(step) = todo.pop_front() {
            match step {
                Do::Send(frame) => self.socket.send(&frame).await?,
                Do::Read(wanted) => {
                    let run = self.link.store.run(wanted).await.map_err(unread)?;
                    todo.extend(self.edge.read(run));
                }
                Do::Store(what) => {
                    self.link.downlink.store(what).await.map_err(unread)?;
                    todo.extend(self.look().await?);
                    self.ack().await?;
                }
                Do::FeedCurrent => self.confirm().await?,
                Do::Held { seq, reason } => {
                    self.link.downlink.hold(seq, reason).await.map_err(unread)?;
                }
                Do::Log(ask) => {
                    self.link.downlink.log(*ask).await.map_err(unread)?;
                    todo.extend(self.look().await?);
                }
                Do::Welcomed(cloud_now) => {
                    self.welcomed(cloud_now);
                    self.ack().await?;
                }
                Do::Ignored { kind, why } => {
                    tracing::debug!(kind, ?why, "A frame changed nothing");
                    // The hub learns from the cursors what it has to send again.
                    self.ack().await?;
                }
                Do::End(end) => return Err(Ended::Engine(end)),
            }
        }
        Ok(())
    }

    async fn confirm(&mut self) -> Result<(), Ended> {
        let now = self.link.clock.elapsed();
        let due = self
            .confirmed_at
            .is_none_or(|at| now.saturating_sub(at) >= CONFIRMATION_PUT_DOWN_EVERY);
        if due {
            self.confirmed_at = Some(now);
        }
        self.link.downlink.confirm(due).await.map_err(unread)
    }

    /// Reads where the file stands now.
    async fn look(&mut self) -> Result<Vec<Do>, Ended> {
        let position = self.link.store.position().await.map_err(unread)?;
        Ok(self.edge.moved(position))
    }

    async fn tick(&mut self) -> Result<(), Ended> {
        self.socket.beat().await?;
        let now = self.link.clock.elapsed();
        if self.edge.is_open() && now.saturating_sub(self.acked_at) >= ACK_EVERY {
            let todo = self.look().await?;
            self.perform(todo).await?;
            self.ack().await?;
        }
        Ok(())
    }

    async fn ack(&mut self) -> Result<(), Ended> {
        self.acked_at = self.link.clock.elapsed();
        let around = Surroundings {
            now: self.link.clock.now(),
            disk_free_bytes: disk_free(&self.link.data),
        };
        if let Some(ack) = self.edge.ack(around) {
            self.socket.send(&ack).await?;
        }
        Ok(())
    }

    fn welcomed(&self, cloud_now: UnixMillis) {
        metrics::LINK_SESSIONS.add(["opened"], 1);
        self.link.show(true);
        let behind_ms = cloud_now.0.saturating_sub(self.link.clock.now().0);
        tracing::info!(edge = %self.link.who.edge, behind_ms, "The link is up");
    }
}

fn unread(error: impl std::error::Error) -> Ended {
    Ended::Store(chain(&error))
}

impl From<SocketError> for Ended {
    fn from(error: SocketError) -> Self {
        Self::Socket(error)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => error.fmt(f),
            Self::Store(cause) => write!(f, "the edge's file failed: {cause}"),
            Self::Engine(End::Refused { code, detail }) => {
                write!(f, "the hub refused this edge ({code}): {detail}")
            }
            Self::Engine(End::ProtocolUnsupported) => {
                f.write_str("the hub speaks no version of the protocol that this edge does")
            }
            Self::Engine(End::ChainBroken) => f.write_str("hub and log disagree about the log"),
            Self::Engine(End::Stuck) => {
                f.write_str("the hub asks for the same ops again and again")
            }
            Self::Engine(End::TailTorn) => {
                f.write_str("a part of what the cloud gives back is missing")
            }
            Self::Engine(End::Suspect) => f.write_str("this edge has become suspect"),
            Self::Engine(End::Quarantined(new)) => {
                write!(f, "the hub ended this edge's epoch and gave it epoch {}", new.epoch)
            }
        }
    }
}
