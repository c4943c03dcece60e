//! Reads a session's socket ahead of its loop, so that the answer to a liveness probe counts at
//! once, even if the loop waits for the store.
//!
//! Invariants: all other messages reach the loop in order; at most one batch of them waits for it.
//! Only while the edge has not answered a probe, the reader goes on behind that batch, because the
//! answer may lie behind the ops that the edge has credit for: it holds as many bytes more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::extract::ws::Message;
use futures::{Stream, StreamExt};
use process::{clock::Clock, metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wire::{Frame, LinkLimits};

use super::liveness::Liveness;

/// Room is counted in these units, and a message takes at least one.
const UNIT_BYTES: usize = 1024;
/// The answer to a probe is shorter. Longer messages are decoded only by the session's loop.
const REPLY_BYTES_MAX: usize = 128;

/// The messages that wait for a session's loop.
pub(super) type Inbox = mpsc::Receiver<InboundMessage>;

pub(super) struct InboundMessage {
    pub message: Message,
    /// Held until the session has handled the message.
    pub room: OwnedSemaphorePermit,
}

/// When the edge last sent anything, including a pong.
#[derive(Clone)]
pub(super) struct LastContact(Arc<AtomicU64>);

impl LastContact {
    pub(super) fn new(now: Duration) -> Self {
        let contact = Self(Arc::default());
        contact.note(now);
        contact
    }

    /// By the clock's elapsed time.
    pub(super) fn heard_at(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn note(&self, now: Duration) {
        let ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.0.store(ms, Ordering::Relaxed);
    }
}

pub(super) struct InboundReader<S> {
    messages: S,
    inbox: mpsc::Sender<InboundMessage>,
    window: RoomLimit,
    /// Used only while the edge has not answered a probe.
    reserve: RoomLimit,
    liveness: Liveness,
    contact: LastContact,
    clock: Clock,
}

#[derive(Clone)]
struct RoomLimit {
    free: Arc<Semaphore>,
    units: u32,
}

impl RoomLimit {
    fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let free = Arc::new(Semaphore::new(units as usize));
        Self { free, units }
    }

    async fn take(&self, bytes: usize) -> OwnedSemaphorePermit {
        let units = u32::try_from(bytes / UNIT_BYTES + 1).unwrap_or(u32::MAX);
        let units = units.min(self.units);
        match self.free.clone().acquire_many_owned(units).await {
            Ok(room) => room,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}

impl<S: Stream<Item = Result<Message, axum::Error>> + Unpin> InboundReader<S> {
    pub(super) fn new(
        messages: S,
        bytes_max: usize,
        limits: &LinkLimits,
        liveness: &Liveness,
        contact: &LastContact,
        clock: &Clock,
    ) -> (Self, Inbox) {
        let credit = usize::try_from(limits.credit_bytes).unwrap_or(usize::MAX);
        let window = RoomLimit::new(bytes_max);
        let reserve = RoomLimit::new(bytes_max.saturating_add(credit));
        // Each message takes a unit of room, so room runs out before the channel.
        let (sender, inbox) = mpsc::channel(window.units as usize + reserve.units as usize);
        let reader = Self {
            messages,
            inbox: sender,
            window,
            reserve,
            liveness: liveness.clone(),
            contact: contact.clone(),
            clock: clock.clone(),
        };
        (reader, inbox)
    }

    /// Reads until the connection is lost. The session's loop then finds its inbox closed.
    pub(super) async fn run(mut self) {
        while let Some(Ok(message)) = self.messages.next().await {
            self.contact.note(self.clock.elapsed());
            if self.take_reply(&message) {
                continue;
            }
            let room = self.take_room(count_bytes(&message)).await;
            if self
                .inbox
                .try_send(InboundMessage { message, room })
                .is_err()
            {
                return;
            }
        }
    }

    /// Returns true if the message answers a probe.
    fn take_reply(&self, message: &Message) -> bool {
        let Message::Binary(bytes) = message else {
            return false;
        };
        if bytes.len() > REPLY_BYTES_MAX {
            return false;
        }
        let Ok(Frame::Alive(reply)) = Frame::from_bytes(bytes) else {
            return false;
        };
        if !self.liveness.take_reply(reply) {
            return false;
        }
        metrics::LINK_BYTES.add(["received"], bytes.len() as u64);
        metrics::LINK_FRAMES.add(["Alive", "received"], 1);
        true
    }

    async fn take_room(&self, bytes: usize) -> OwnedSemaphorePermit {
        let behind_window = async {
            self.liveness.wait_for_open_probe().await;
            self.reserve.take(bytes).await
        };
        tokio::select! {
            biased;
            room = self.window.take(bytes) => room,
            room = behind_window => room,
        }
    }
}

fn count_bytes(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use engine::cloud::SyncSession;
    use futures::stream;
    use support::eventually;
    use wire::{EdgeId, UnixMillis};

    use super::*;
    use crate::session::liveness::SharedMachine;

    const MESSAGE_BYTES: usize = 2 * UNIT_BYTES - 1;
    const PATIENCE: Duration = Duration::from_secs(15);

    #[tokio::test]
    async fn the_reader_stops_at_one_batch_and_during_a_probe_behind_the_edges_credit() {
        let limits = LinkLimits {
            batch_ops_max: 1,
            batch_bytes_max: 0,
            credit_ops: 1,
            credit_bytes: 40 * 1024,
        };
        let edge = EdgeId::new("north-1").unwrap();
        let clock = Clock::system();
        let machine = SharedMachine::new(SyncSession::new(edge, limits, UnixMillis(0)));
        let liveness = Liveness::new(machine, clock.clone());
        let contact = LastContact::new(clock.elapsed());
        let message = || Ok(Message::Binary(vec![0; MESSAGE_BYTES].into()));
        let messages = stream::repeat_with(message);
        let bytes_max = 10 * UNIT_BYTES;
        let (reader, mut inbox) =
            InboundReader::new(messages, bytes_max, &limits, &liveness, &contact, &clock);
        let reading = reader.run();
        let checks = async {
            let until_read = async |inbox: &Inbox, count: usize| {
                eventually("the reader has read on", PATIENCE, async || {
                    (inbox.len() == count).then_some(())
                })
                .await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert_eq!(inbox.len(), count, "and then stops");
            };
            until_read(&inbox, 5).await;
            inbox.recv().await.unwrap();
            until_read(&inbox, 5).await;
            liveness.note_probe(1);
            until_read(&inbox, 5 + 25).await;
            liveness.note_answer(1);
            for _ in 0..20 {
                inbox.recv().await.unwrap();
            }
            until_read(&inbox, 10 + 5).await;
        };
        tokio::select! {
            () = reading => panic!("the reader ended"),
            () = checks => {}
        }
    }
}
