//! One WebSocket of one edge: the session's state, the tasks that run alongside its loop, and the
//! count of this replica's active links for the metric.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::extract::ws::WebSocket;
use engine::cloud::{ChunkRequest, LogPosition, SyncSession};
use futures::{StreamExt, stream::SplitStream};
use process::{
    clock::Clock,
    metrics,
    tasks::Tasks,
    tokens::{Signer, TokenKeys},
};
use wire::{Code, EdgeId, Frame, HeldReason, LinkLimits, Region, SessionRefusal, UnixMillis};

use super::{
    certificates::CertificateAuthority,
    liveness::{LastContact, Liveness, LivenessWatch, SharedMachine},
    messages::{MessageQueue, MessageRelay},
    outbound::{FramePermit, OutboundQueue, SocketWriter, open_channel},
    photos::{PhotoQueue, PhotoRelay},
    reader::{InboundReader, Inbox, STALLED_AFTER},
};
use crate::{
    domain::op::AcceptKey,
    peers::{CommandTokenClient, OwnerClient},
    polling::{EdgeSignals, ForwardedAccepts, RegionMarks, WorkSignal},
    store::{Store, StoreError},
};

/// A frame's other fields, and a length per op.
const FRAME_OVERHEAD_BYTES: usize = 64 * 1024;

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
    pub machine: SharedMachine,
    pub liveness: Liveness,
    pub photos: PhotoQueue,
    pub messages: MessageQueue,
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
    pub contact: LastContact,
    pub ticks: u64,
}

/// The tasks alongside a session's loop. All but the writer ends with the loop.
pub(super) struct SessionWork {
    pub reader: InboundReader<SplitStream<WebSocket>>,
    pub watch: LivenessWatch,
    pub photo_relay: PhotoRelay,
    pub message_relay: MessageRelay,
    pub writer: SocketWriter,
}

impl SessionContext {
    pub(crate) fn message_bytes_max(&self) -> usize {
        let bytes_max = usize::try_from(self.limits.batch_bytes_max).unwrap_or(usize::MAX);
        bytes_max.saturating_add(FRAME_OVERHEAD_BYTES)
    }
}

impl EdgeConnection {
    pub(super) fn new(
        hub: SessionContext,
        edge: EdgeId,
        region: Region,
        linked_at: UnixMillis,
        socket: WebSocket,
    ) -> (Self, Inbox, SessionWork) {
        let (sink, stream) = socket.split();
        let (out, writer) = open_channel(sink);
        let now = hub.clock.elapsed();
        let machine = SharedMachine::new(SyncSession::new(edge.clone(), hub.limits, linked_at));
        let liveness = Liveness::new(machine.clone(), hub.clock.clone());
        let contact = LastContact::new(hub.clock.clone());
        let bytes_max = hub.message_bytes_max();
        let (reader, inbox) = InboundReader::new(
            stream,
            bytes_max,
            &hub.limits,
            STALLED_AFTER,
            &liveness,
            &contact,
        );
        let (photo_relay, photos) = PhotoRelay::new(edge.clone(), hub.order_client.clone());
        let (message_relay, messages) =
            MessageRelay::new(edge.clone(), region, hub.order_client.clone());
        let watch = LivenessWatch {
            liveness: liveness.clone(),
            contact: contact.clone(),
            out: out.clone(),
            store: hub.store.clone(),
            signals: hub.signals.clone(),
            edge: edge.clone(),
        };
        let link = Self {
            machine,
            liveness,
            photos,
            messages,
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
            contact,
            ticks: 0,
        };
        let work = SessionWork {
            reader,
            watch,
            photo_relay,
            message_relay,
            writer,
        };
        (link, inbox, work)
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
        self.contact.note_close();
        let store = &self.hub.store;
        // If both fail, the stale contact time marks the link as down.
        let ((), down) = tokio::join!(
            self.contact.record_in(store, &self.edge, term),
            store.record_link_down(&self.edge, term, self.hub.clock.now()),
        );
        if let Err(error) = down {
            tracing::warn!(%error, "Could not store the end of a session");
        }
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
