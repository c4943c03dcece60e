//! Reads a session's socket ahead of its loop. It notes each message as contact with the edge and
//! counts the answer to a liveness probe at once, even if the loop waits for the store.
//!
//! Invariants: all other messages reach the loop in order; at most one batch of them waits for it.
//! While the edge has not answered a probe, or the loop has stalled, the reader reads past that
//! batch, because the sign of life may follow the ops that the edge has credit for. It then holds
//! up to as many more bytes as that credit.

use std::{sync::Arc, time::Duration};

use axum::extract::ws::Message;
use futures::{Stream, StreamExt};
use process::metrics;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, sleep_until},
};
use wire::{Frame, LinkLimits};

use super::liveness::{LastContact, Liveness};

/// Room is counted in these units, and a message takes at least one.
const UNIT_BYTES: usize = 1024;
/// The answer to a probe is shorter. Longer messages are decoded only by the session's loop.
const REPLY_BYTES_MAX: usize = 128;
/// The loop has stalled if it makes no room within this time. Much shorter than the time after which
/// the edge gives up a write, and after which a silent edge is gone.
pub(super) const STALLED_AFTER: Duration = Duration::from_secs(3);

/// The messages that wait for a session's loop.
pub(super) type Inbox = mpsc::Receiver<InboundMessage>;

pub(super) struct InboundMessage {
    pub message: Message,
    /// Held until the session has handled the message.
    pub room: OwnedSemaphorePermit,
}

pub(super) struct InboundReader<S> {
    messages: S,
    inbox: mpsc::Sender<InboundMessage>,
    window: RoomLimit,
    /// Used only while the edge has not answered a probe, or the loop has stalled.
    reserve: RoomLimit,
    /// When the window last had room for a message.
    window_used_at: Instant,
    stalled_after: Duration,
    liveness: Liveness,
    contact: LastContact,
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
        stalled_after: Duration,
        liveness: &Liveness,
        contact: &LastContact,
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
            window_used_at: Instant::now(),
            stalled_after,
            liveness: liveness.clone(),
            contact: contact.clone(),
        };
        (reader, inbox)
    }

    /// Reads until the connection is lost. The session's loop then finds its inbox closed.
    pub(super) async fn run(mut self) {
        self.read_messages().await;
        self.contact.note_close();
    }

    async fn read_messages(&mut self) {
        while let Some(Ok(message)) = self.messages.next().await {
            self.contact.note_message();
            if matches!(message, Message::Close(_)) {
                self.contact.note_close();
            }
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

    async fn take_room(&mut self, bytes: usize) -> OwnedSemaphorePermit {
        let stalled_at = self.window_used_at + self.stalled_after;
        let behind_window = async {
            tokio::select! {
                () = self.liveness.wait_for_open_probe() => {}
                () = sleep_until(stalled_at) => {}
            }
            self.reserve.take(bytes).await
        };
        tokio::select! {
            biased;
            room = self.window.take(bytes) => {
                self.window_used_at = Instant::now();
                room
            }
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
    use process::clock::Clock;
    use support::eventually;
    use wire::{EdgeId, UnixMillis};

    use super::*;
    use crate::session::liveness::SharedMachine;

    const MESSAGE_BYTES: usize = 2 * UNIT_BYTES - 1;
    /// How many messages of this size the window and the reserve hold.
    const WINDOW: usize = 5;
    const RESERVE: usize = 25;
    const PATIENCE: Duration = Duration::from_secs(15);
    const NEVER: Duration = Duration::from_secs(3_600);

    /// Runs `checks` while a reader always has another message to read.
    async fn read_during(stalled_after: Duration, checks: impl AsyncFnOnce(Inbox, Liveness)) {
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
        let contact = LastContact::new(clock);
        let message = || Ok(Message::Binary(vec![0; MESSAGE_BYTES].into()));
        let messages = stream::repeat_with(message);
        let bytes_max = 10 * UNIT_BYTES;
        let (reader, inbox) = InboundReader::new(
            messages,
            bytes_max,
            &limits,
            stalled_after,
            &liveness,
            &contact,
        );
        tokio::select! {
            () = reader.run() => panic!("the reader ended"),
            () = checks(inbox, liveness) => {}
        }
    }

    /// Waits until this many messages wait for the loop, and checks that the reader then stops.
    async fn until_read(inbox: &Inbox, count: usize) {
        eventually("the reader has read on", PATIENCE, async || {
            (inbox.len() == count).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(inbox.len(), count, "and then stops");
    }

    async fn receive_messages(inbox: &mut Inbox, count: usize) {
        for _ in 0..count {
            inbox.recv().await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_reader_stops_at_one_batch_and_during_a_probe_behind_the_edges_credit() {
        read_during(NEVER, async |mut inbox, liveness| {
            until_read(&inbox, WINDOW).await;
            receive_messages(&mut inbox, 1).await;
            until_read(&inbox, WINDOW).await;
            liveness.note_probe(1);
            until_read(&inbox, WINDOW + RESERVE).await;
            liveness.note_answer(1);
            receive_messages(&mut inbox, 20).await;
            until_read(&inbox, 10 + WINDOW).await;
        })
        .await;
    }

    #[tokio::test]
    async fn the_reader_stops_behind_the_edges_credit_if_the_loop_has_stalled() {
        let stalled_after = Duration::from_millis(100);
        read_during(stalled_after, async |mut inbox, _| {
            until_read(&inbox, WINDOW + RESERVE).await;
            receive_messages(&mut inbox, 1).await;
            until_read(&inbox, WINDOW + RESERVE).await;
        })
        .await;
    }
}
