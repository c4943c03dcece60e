//! One WebSocket of one edge, with the session's state.

use std::{collections::BTreeMap, time::Duration};

use axum::extract::ws::WebSocket;
use engine::cloud::{ChunkRequest, LogPosition, SyncSession};
use futures::StreamExt;
use futures::stream::{SplitSink, SplitStream};
use process::{
    clock::Clock,
    metrics,
    tasks::Tasks,
    tokens::{Signer, TokenKeys},
};
use wire::{Code, EdgeId, Frame, HeldReason, LinkLimits, Region, SessionRefusal, UnixMillis};

use super::{
    links::ActiveLinks,
    outbound::{self, FramePermit, OutboundQueue, SocketWriter},
};
use crate::{
    peers::{CommandTokenClient, OwnerClient},
    signals::{EdgeSignals, ForwardedAccepts, RegionMarks, WorkSignal},
    store::{Store, StoreError, asks::AcceptKey},
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
    pub put_accepts: ForwardedAccepts,
    pub work: WorkSignal,
    pub links: ActiveLinks,
    pub limits: LinkLimits,
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
    pub fn has_pending(&self) -> bool {
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
    pub region: Region,
    pub out: OutboundQueue,
    /// Set once the term is raised, and kept even if the session is superseded later.
    pub at: Option<SessionTerm>,
    pub reads: PendingReads,
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
    pub fn new(
        hub: SessionContext,
        edge: EdgeId,
        region: Region,
        linked_at: UnixMillis,
        socket: WebSocket,
    ) -> (Self, SocketWriter, SplitStream<WebSocket>) {
        let (sink, stream): (SplitSink<_, _>, _) = socket.split();
        let (out, writer) = outbound::open_channel(sink);
        let now = hub.clock.elapsed();
        let link = Self {
            machine: SyncSession::new(edge.clone(), hub.limits, linked_at),
            hub,
            edge,
            region,
            out,
            at: None,
            reads: PendingReads::default(),
            told_held: BTreeMap::new(),
            put: BTreeMap::new(),
            permit: None,
            began: now,
            heard_at: now,
            ticks: 0,
        };
        (link, writer, stream)
    }

    pub fn end_session(&mut self, code: Code, detail: &str) -> SessionEnd {
        self.send_refusal(SessionRefusal {
            code,
            detail: detail.to_owned(),
        })
    }

    pub fn send_refusal(&mut self, refused: SessionRefusal) -> SessionEnd {
        let edge = &self.edge;
        let code = refused.code;
        tracing::info!(edge.id = %edge, %code, "The session of `{edge}` ended: {}", refused.detail);
        self.out.send(&Frame::Refused(refused), None);
        SessionEnd::Told
    }

    /// Sends a final frame after a fault, and stores that the link is down.
    pub async fn close(mut self, end: SessionEnd) {
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
            .link_down(&self.edge, term, self.hub.clock.now())
            .await;
        if let Err(error) = down {
            tracing::warn!(%error, "Could not store the end of a session");
        }
    }
}
