//! The bounded outbound queue of a session, and the task that writes it to the socket.
//!
//! Invariant: frames are sealed in the order in which they leave, because the edge counts the seals.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::extract::ws::{Message, WebSocket};
use futures::{SinkExt, stream::SplitSink};
use process::{metrics, seal::FrameSealer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use wire::Frame;

/// Bounds answers and pings. If this many pile up, the edge has stopped reading and the session
/// ends.
const QUEUE_MAX: usize = 256;
/// Downstream permits: how many outcome and feed frames may be queued; more are not even read from
/// the store.
const DOWN_MAX: usize = 8;
/// A frame that the edge does not accept within this time ends the session.
const WRITE_LIMIT: Duration = Duration::from_secs(20);
/// Time for the close handshake after the last frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A permit for one downstream frame, released when the frame is written.
pub(super) type FramePermit = OwnedSemaphorePermit;

/// Clones write to the same socket.
#[derive(Clone)]
pub(super) struct OutboundQueue {
    queue: mpsc::Sender<(Message, Option<FramePermit>)>,
    down: Arc<Semaphore>,
    broken: CancellationToken,
    /// Seals every frame once the edge has requested it. Locked until the frame is queued.
    sealer: Arc<Mutex<Option<FrameSealer>>>,
}

pub(super) struct SocketWriter {
    queue: mpsc::Receiver<(Message, Option<FramePermit>)>,
    sink: SplitSink<WebSocket, Message>,
    broken: CancellationToken,
}

pub(super) fn open_channel(sink: SplitSink<WebSocket, Message>) -> (OutboundQueue, SocketWriter) {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    let broken = CancellationToken::new();
    let down = Arc::new(Semaphore::new(DOWN_MAX));
    let out = OutboundQueue {
        queue: sender,
        down,
        broken: broken.clone(),
        sealer: Arc::default(),
    };
    (
        out,
        SocketWriter {
            queue,
            sink,
            broken,
        },
    )
}

impl OutboundQueue {
    /// Cancelled when nothing more can be sent.
    pub(super) fn broken_token(&self) -> CancellationToken {
        self.broken.clone()
    }

    /// Waits for a permit to queue one more downstream frame.
    pub(super) async fn acquire_permit(&self) -> FramePermit {
        match self.down.clone().acquire_owned().await {
            Ok(room) => room,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// Seals every frame from here on.
    pub(super) fn seal_with(&self, sealer: FrameSealer) {
        *self.lock_sealer() = Some(sealer);
    }

    /// Never blocks. A full queue ends the session.
    pub(super) fn send(&self, frame: &Frame, permit: Option<FramePermit>) {
        let mut sealer = self.lock_sealer();
        let bytes = match sealer.as_mut() {
            Some(sealer) => sealer.seal_frame(frame).to_bytes(),
            None => frame.to_bytes(),
        };
        metrics::LINK_FRAMES.add([frame.kind(), "sent"], 1);
        metrics::LINK_BYTES.add(["sent"], bytes.len() as u64);
        self.enqueue_message(Message::Binary(bytes.into()), permit);
    }

    pub(super) fn send_ping(&self) {
        self.enqueue_message(Message::Ping(Vec::new().into()), None);
    }

    fn enqueue_message(&self, message: Message, permit: Option<FramePermit>) {
        if self.queue.try_send((message, permit)).is_err() {
            self.broken.cancel();
        }
    }

    fn lock_sealer(&self) -> MutexGuard<'_, Option<FrameSealer>> {
        self.sealer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketWriter {
    /// Writes until the queue is dropped and empty, or the connection is broken.
    pub(super) async fn run(mut self) {
        while let Some((message, room)) = self.queue.recv().await {
            let write = tokio::time::timeout(WRITE_LIMIT, self.sink.send(message));
            let written = tokio::select! {
                () = self.broken.cancelled() => false,
                written = write => matches!(written, Ok(Ok(()))),
            };
            if !written {
                self.broken.cancel();
                return;
            }
            drop(room);
        }
        // The edge may be gone already, so the result does not matter.
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.sink.close()).await;
    }
}
