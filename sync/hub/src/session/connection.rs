//! One WebSocket of one edge: the session's state, its bounded outbound queue with the task that
//! writes it to the socket, and the count of this replica's active links for the metric.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::extract::ws::{Message, WebSocket};
use engine::cloud::{ChunkRequest, LogPosition, SyncSession};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use process::{
    clock::Clock,
    metrics,
    seal::FrameSealer,
    tasks::Tasks,
    tokens::{Signer, TokenKeys},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use wire::{Code, EdgeId, Frame, HeldReason, LinkLimits, Region, SessionRefusal, UnixMillis};

use super::{certificates::CertificateAuthority, photos::PhotoQueue};
use crate::{
    domain::op::AcceptKey,
    peers::{CommandTokenClient, OwnerClient},
    polling::{EdgeSignals, ForwardedAccepts, RegionMarks, WorkSignal},
    store::{Store, StoreError},
};

/// The parts shared by all sessions of a replica. Cloning shares them.
#[derive(Clone)]
pub(crate) struct SessionContext {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order_client: OwnerClient,
    pub keys: TokenKeys,
    pub command_tokens: CommandTokenClient,
    pub regions: RegionMarks,
    pub signals: EdgeSignals,
    pub forwarded_accepts: ForwardedAccepts,
    pub work: WorkSignal,
    pub links: ActiveLinks,
    pub limits: LinkLimits,
    pub certificates: CertificateAuthority,
    /// The key that identifies the hub to edges. All replicas share it.
    pub key: Signer,
}

/// The term and epoch that a session writes under.
#[derive(Clone, Copy)]
pub(super) struct SessionTerm {
    pub term: u64,
    pub epoch: u64,
}

/// Reads that wait for a downstream permit, at most one of each kind.
#[derive(Default)]
pub(super) struct PendingReads {
    pub outcomes: Option<(u64, u32)>,
    pub feed: Option<(u64, u32)>,
    pub chunk: Option<ChunkRequest>,
    pub tail: Option<LogPosition>,
}

impl PendingReads {
    pub(super) fn has_pending(&self) -> bool {
        let stream = self.outcomes.is_some() || self.feed.is_some();
        stream || self.chunk.is_some() || self.tail.is_some()
    }
}

pub(super) enum SessionEnd {
    /// The edge was informed, or is unreachable.
    Told,
    /// The store failed: the edge keeps its state and reconnects.
    Fault(StoreError),
}

impl From<StoreError> for SessionEnd {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

pub(super) struct EdgeConnection {
    pub hub: SessionContext,
    pub edge: EdgeId,
    pub machine: SyncSession,
    pub photos: PhotoQueue,
    pub region: Region,
    pub out: OutboundQueue,
    /// Set once the term is raised, and kept even if the session is superseded later.
    pub at: Option<SessionTerm>,
    pub reads: PendingReads,
    /// The outcome and feed cursors of this session's last Ack.
    pub acked: Option<(u64, u64)>,
    /// The held ops reported to the edge, with the reasons.
    pub told_held: BTreeMap<u64, HeldReason>,
    /// The accepts that this session has put, with the tick of each.
    pub put: BTreeMap<AcceptKey, u64>,
    pub permit: Option<FramePermit>,
    pub began: Duration,
    pub heard_at: Duration,
    pub ticks: u64,
}

impl EdgeConnection {
    pub(super) fn new(
        hub: SessionContext,
        edge: EdgeId,
        region: Region,
        linked_at: UnixMillis,
        socket: WebSocket,
        photos: PhotoQueue,
    ) -> (Self, SocketWriter, SplitStream<WebSocket>) {
        let (sink, stream): (SplitSink<_, _>, _) = socket.split();
        let (out, writer) = open_channel(sink);
        let now = hub.clock.elapsed();
        let link = Self {
            machine: SyncSession::new(edge.clone(), hub.limits, linked_at),
            photos,
            hub,
            edge,
            region,
            out,
            at: None,
            reads: PendingReads::default(),
            acked: None,
            told_held: BTreeMap::new(),
            put: BTreeMap::new(),
            permit: None,
            began: now,
            heard_at: now,
            ticks: 0,
        };
        (link, writer, stream)
    }

    pub(super) fn end_session(&mut self, code: Code, detail: &str) -> SessionEnd {
        self.send_refusal(SessionRefusal {
            code,
            detail: detail.to_owned(),
        })
    }

    pub(super) fn send_refusal(&mut self, refused: SessionRefusal) -> SessionEnd {
        let edge = &self.edge;
        let code = refused.code;
        tracing::info!(edge.id = %edge, %code, "The session of `{edge}` ended: {}", refused.detail);
        self.out.send(&Frame::Refused(refused), None);
        SessionEnd::Told
    }

    /// Sends a final frame after a fault, and stores that the link is down.
    pub(super) async fn close(mut self, end: SessionEnd) {
        if let SessionEnd::Fault(error) = end {
            let cause = process::problem::format_error_chain(&error);
            tracing::error!(edge.id = %self.edge, cause, "A session ended because sync_db failed");
            self.end_session(Code::Unavailable, "could not reach the hub's database");
        }
        let Some(SessionTerm { term, .. }) = self.at else {
            metrics::LINK_SESSIONS.add(["refused"], 1);
            return;
        };
        self.hub.links.mark_down(&self.edge, term);
        if self.machine.ignored_count() > 0 {
            let edge = &self.edge;
            let frames = self.machine.ignored_count();
            tracing::warn!(edge.id = %edge, frames, "Ignored frames of `{edge}`");
        }
        // If this fails, the stale contact time marks the link as down.
        let down = self
            .hub
            .store
            .record_link_down(&self.edge, term, self.hub.clock.now())
            .await;
        if let Err(error) = down {
            tracing::warn!(%error, "Could not store the end of a session");
        }
    }
}

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

pub(super) struct OutboundQueue {
    queue: mpsc::Sender<(Message, Option<FramePermit>)>,
    down: Arc<Semaphore>,
    broken: CancellationToken,
    /// Seals every frame once the edge has requested it.
    sealer: Option<FrameSealer>,
}

pub(super) struct SocketWriter {
    queue: mpsc::Receiver<(Message, Option<FramePermit>)>,
    sink: SplitSink<WebSocket, Message>,
    broken: CancellationToken,
}

fn open_channel(sink: SplitSink<WebSocket, Message>) -> (OutboundQueue, SocketWriter) {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    let broken = CancellationToken::new();
    let down = Arc::new(Semaphore::new(DOWN_MAX));
    let out = OutboundQueue {
        queue: sender,
        down,
        broken: broken.clone(),
        sealer: None,
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
    pub(super) fn seal_with(&mut self, sealer: FrameSealer) {
        self.sealer = Some(sealer);
    }

    /// Never blocks. A full queue ends the session.
    pub(super) fn send(&mut self, frame: &Frame, permit: Option<FramePermit>) {
        let bytes = match &mut self.sealer {
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

/// The newest term of each edge with a session here. The row in sync_db cannot replace it: it does
/// not show which replica has the newer session.
#[derive(Clone, Default)]
pub(crate) struct ActiveLinks(Arc<Mutex<HashMap<EdgeId, u64>>>);

impl ActiveLinks {
    pub(crate) fn mark_up(&self, edge: &EdgeId, term: u64) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Two sessions that start at once may arrive here in either order.
        let known = newest.entry(edge.clone()).or_insert(term);
        *known = term.max(*known);
        metrics::LINK_UP.set([edge.as_str()], 1);
    }

    /// Returns true if the edge has no link here any more: its newest session has ended.
    pub(crate) fn mark_down(&self, edge: &EdgeId, term: u64) -> bool {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_newest = newest.get(edge) == Some(&term);
        if is_newest {
            newest.remove(edge);
            metrics::LINK_UP.set([edge.as_str()], 0);
        }
        is_newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_down_when_its_newest_session_ends_and_not_when_an_older_one_does() {
        let edge = EdgeId::new("north-1").unwrap();
        for begun in [[1, 2], [2, 1]] {
            let links = ActiveLinks::default();
            begun
                .into_iter()
                .for_each(|term| links.mark_up(&edge, term));
            assert!(!links.mark_down(&edge, 1), "the second session stands");
            assert!(links.mark_down(&edge, 2));
            links.mark_up(&edge, 3);
            assert!(links.mark_down(&edge, 3));
        }
    }
}
