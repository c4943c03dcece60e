//! sync_db, shared by the hub's replicas. Mirrors `sync/hub/src/store`: each function is one of its
//! transactions.

mod compact;
mod compare;
mod disabling;
mod epochs;
mod feed;
mod op_log;
mod probes;
mod snapshot;
mod waiting_accepts;
mod work_queue;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use engine::{
    cloud::{EndingEpoch, EpochGrant, NewOps, StoredEdge, feed_base},
    trusted_time::{LogHeadReports, OpArrival, OpBounds, TrustCutOff},
};
use planted::is_planted;
use wire::{
    Ack, BootNonce, ChainHead, CommandId, EventId, FeedChange, Hash, Hello, NumberedOutcome, Op,
    OrderId, Region, RegionAssignment, UnixMillis, UserId,
};

pub(crate) use epochs::{EpochRow, OldOp};
pub(crate) use waiting_accepts::{PortalAsk, WaitNotice};
pub(crate) use work_queue::{CLAIM_MS, LogClaim};

use crate::{bug::Bug, cast};

pub struct SyncDb {
    pub edges: Vec<EdgeRow>,
    pub regions: BTreeMap<Region, RegionRow>,
    pub inbox: BTreeSet<EventId>,
    /// Portal accepts that wait for their region's holder.
    pub asks: BTreeMap<CommandId, PortalAsk>,
}

pub struct EdgeRow {
    pub region: Region,
    /// A copy's own edge is enrolled when a copy first needs it.
    pub enrolled: bool,
    pub epoch: u64,
    pub term: u64,
    /// It has an open session, and the time of the last contact.
    pub link_up: bool,
    pub contact_at: UnixMillis,
    /// The last contact by a monotonic clock: compaction counts in weeks.
    pub heard_at: u64,
    pub nonce: Option<BootNonce>,
    /// The origin of each epoch but the first.
    pub epochs: BTreeMap<u64, EpochRow>,
    pub ending: Option<EndingEpoch>,
    pub readmitted_at: Option<UnixMillis>,
    pub needs_operator: bool,
    pub probe_number: u64,
    pub probed_at: UnixMillis,
    pub probe_answered: u64,
    pub cursor: ChainHead,
    pub heads: LogHeadReports,
    /// The number of its enrolled key.
    pub key: u32,
    pub disabled: bool,
    /// A disabled epoch that the order service has not received yet.
    pub disabling: Option<u64>,
    pub cut_off: Option<TrustCutOff>,
    pub outcome_count: u64,
    pub undecided: u64,
    pub outcome_cursor: u64,
    pub feed_cursor: u64,
    /// The contents of its newest Ack.
    pub word: Option<EdgeWord>,
    pub repair_asked_at: Option<u64>,
    pub repaired_at: Option<u64>,
    pub worker: u64,
    pub work_token: u64,
    pub work_until: UnixMillis,
    pub ops: BTreeMap<u64, OpRow>,
    /// The raw ops of ended epochs.
    pub old_ops: BTreeMap<(u64, u64), OldOp>,
    pub outcomes: BTreeMap<u64, Rc<NumberedOutcome>>,
}

/// An edge's report about its view.
#[derive(Debug, Clone, Copy)]
pub struct EdgeWord {
    pub digest: Hash,
    pub ahead: u32,
    pub unproven: Option<u64>,
    pub assignment: Option<Hash>,
}

pub struct OpRow {
    pub hash: Hash,
    pub bytes: Vec<u8>,
    pub read: Option<Rc<Op>>,
    pub state: OpStage,
    pub arrival: OpArrival,
    /// Decided and took effect.
    pub succeeded: bool,
    /// Decided for the person named by its token.
    pub named: bool,
    /// The number of failures in a batch of one.
    pub failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpStage {
    Received,
    Held,
    /// Waits for an operator.
    Stopped,
    Parked,
    Decided,
}

impl OpRow {
    pub fn is_decided(&self) -> bool {
        self.state == OpStage::Decided
    }

    pub fn command_id(&self) -> Option<CommandId> {
        match self.read.as_deref() {
            Some(Op::Command(op)) => Some(op.command.id),
            _ => None,
        }
    }

    fn order(&self) -> Option<OrderId> {
        match self.read.as_deref() {
            Some(Op::Command(op)) => Some(op.command.body.order_id()),
            _ => None,
        }
    }
}

/// The subject of a feed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    Order(OrderId),
    Assignment,
    Revoked(UserId),
}

pub struct RegionRow {
    pub gate_open: bool,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub digest: Hash,
    pub feed: BTreeMap<u64, FeedRow>,
    /// The newest assignment, and the feed number of the current grant.
    pub assignment: RegionAssignment,
    pub granted_seq: Option<u64>,
    pub revoked: BTreeMap<UserId, u64>,
    pub newest: BTreeMap<OrderId, NewestVersion>,
    pub orders: u64,
    pub compacted_to: u64,
    /// Tombstones up to here are compacted and no longer sent.
    pub tombstones_to: u64,
    /// The feed transaction that holds the region's row lock.
    pub locked_by: Option<u64>,
    /// For the bug that assigns numbers without the lock.
    pub numbers: u64,
}

pub struct FeedRow {
    pub entity: Entity,
    pub change: Rc<FeedChange>,
    /// Digest of the region's orders including this change.
    pub digest: Hash,
}

/// A feed's newest entry for an order.
#[derive(Debug, Clone, Copy)]
pub struct NewestVersion {
    pub version: u64,
    /// Its share of the region's digest; `None` once it has left.
    pub member: Option<Hash>,
}

const GENERATION: u64 = 77;
/// An edge is unreachable after this long without contact.
pub(crate) const CONTACT_STALE_MS: i64 = 12_000;
impl SyncDb {
    pub fn new() -> Self {
        let edges = (0..cast::MACHINE_COUNT)
            .map(|e| EdgeRow::new(cast::region(e), e))
            .collect();
        let regions = cast::REGIONS
            .iter()
            .map(|region| (*region, RegionRow::new()))
            .collect();
        Self {
            edges,
            regions,
            inbox: BTreeSet::new(),
            asks: BTreeMap::new(),
        }
    }

    pub fn region(&self, region: Region) -> Option<&RegionRow> {
        self.regions.get(&region)
    }

    pub fn standing(&self, e: usize, now: UnixMillis) -> Option<StoredEdge> {
        let edge = &self.edges[e];
        let region = self.regions.get(&edge.region).filter(|_| edge.enrolled)?;
        let granted = edge.epochs.get(&edge.epoch);
        Some(StoredEdge {
            region: edge.region,
            term: edge.term,
            running: edge.nonce.filter(|_| edge.link_up),
            epoch: edge.epoch,
            grant: granted.map(|row| EpochGrant {
                to: row.granted_to,
                after: row.after_run,
            }),
            ending: edge.ending,
            epochs_today: edge.epochs_today(now),
            cursor: edge.cursor,
            outcome_count: edge.outcome_count,
            feed_generation: region.feed_generation,
            feed_seq: region.feed_seq,
            feed_holds_from: region.tombstones_to,
            feed_compacted_to: region.compacted_to,
            granted_seq: region.granted_seq.filter(|_| {
                let now = &region.assignment;
                now.holder.as_ref() == Some(&cast::edge(e)) && now.epoch == edge.epoch
            }),
            orders: region.orders,
            gate_open: region.gate_open,
            disabled: edge.disabled,
            heads: edge.heads,
        })
    }

    /// Returns true if an op of this command was received, in any epoch of any edge.
    pub fn knows(&self, id: CommandId) -> bool {
        let old = |op: &OldOp| match op.read.as_deref() {
            Some(Op::Command(op)) => op.command.id == id,
            _ => false,
        };
        self.edges.iter().any(|edge| {
            edge.ops.values().any(|op| op.command_id() == Some(id))
                || edge.old_ops.values().any(old)
        })
    }

    /// `None` if the term has changed since the judgment.
    pub fn take_over(
        &mut self,
        e: usize,
        hello: &Hello,
        over: u64,
        now: UnixMillis,
        heard_at: u64,
    ) -> Option<(u64, StoredEdge)> {
        let edge = &mut self.edges[e];
        if edge.term != over {
            return None;
        }
        edge.term += 1;
        edge.nonce = Some(hello.nonce);
        (edge.link_up, edge.contact_at, edge.heard_at) = (true, now, heard_at);
        edge.needs_operator = false;
        let stored = self.standing(e, now)?;
        let from = feed_base(hello, &stored);
        let keeps = is_planted(Bug::CursorOfOlderFile);
        let edge = &mut self.edges[e];
        if edge.feed_cursor > from && !keeps {
            (edge.feed_cursor, edge.word) = (from, None);
        }
        Some((stored.term, stored))
    }

    /// Stores the ops and returns true, unless term, epoch or cursor has changed.
    pub fn store_ops(&mut self, e: usize, new: &NewOps, now: UnixMillis) -> bool {
        let blind = is_planted(Bug::OpsTwice);
        let leaky = is_planted(Bug::CursorPassesGap);
        let edge = &mut self.edges[e];
        let stands = new.term == edge.term && new.epoch == edge.epoch && new.after == edge.cursor;
        if !stands && !blind {
            return false;
        }
        (edge.cursor, edge.heads) = (new.cursor(), new.heads);
        for op in &new.ops {
            let lost = leaky && op.head.seq % 9 == 0;
            if lost {
                continue;
            }
            edge.undecided += 1;
            let read = Op::from_bytes(&op.bytes).ok().map(Rc::new);
            let hash = op.head.hash;
            let state = OpStage::Received;
            let bytes = op.bytes.clone();
            let came = arrival(op.bounds, now);
            let row = OpRow {
                hash,
                bytes,
                read,
                state,
                arrival: came,
                succeeded: false,
                named: false,
                failures: 0,
            };
            edge.ops.insert(op.head.seq, row);
        }
        true
    }

    pub fn save_ack(
        &mut self,
        e: usize,
        ack: &Ack,
        heads: LogHeadReports,
        now: UnixMillis,
        heard_at: u64,
    ) -> bool {
        let edge = &mut self.edges[e];
        if ack.link_session.term != edge.term {
            return false;
        }
        (edge.contact_at, edge.heard_at, edge.heads) = (now, heard_at, heads);
        let Ack {
            digest,
            ahead,
            unproven,
            assignment,
            ..
        } = *ack;
        edge.word = Some(EdgeWord {
            digest,
            ahead,
            unproven,
            assignment,
        });
        edge.outcome_cursor = ack.outcome_cursor;
        edge.feed_cursor = ack.feed_cursor;
        true
    }

    pub fn outcomes(&self, e: usize, after: u64, limit: u32) -> Vec<NumberedOutcome> {
        let outcomes = self.edges[e]
            .outcomes
            .range(after + 1..)
            .take(limit as usize);
        outcomes
            .map(|(_, outcome)| NumberedOutcome::clone(outcome))
            .collect()
    }

    pub fn revoked_version(&self, region: Region, user: UserId) -> Option<u64> {
        self.regions.get(&region)?.revoked.get(&user).copied()
    }
}

impl EdgeRow {
    fn undecided_ops(&self) -> impl Iterator<Item = (&u64, &OpRow)> {
        self.ops.iter().filter(|(_, op)| !op.is_decided())
    }

    fn new(region: Region, e: usize) -> Self {
        Self {
            region,
            epoch: 1,
            term: 0,
            enrolled: e < cast::EDGE_COUNT,
            link_up: false,
            contact_at: UnixMillis(0),
            heard_at: 0,
            nonce: None,
            epochs: BTreeMap::new(),
            ending: None,
            readmitted_at: None,
            needs_operator: false,
            probe_number: 0,
            probed_at: UnixMillis(0),
            probe_answered: 0,
            cursor: ChainHead::start(&cast::edge(e)),
            heads: LogHeadReports::default(),
            key: 0,
            disabled: false,
            disabling: None,
            cut_off: None,
            outcome_count: 0,
            undecided: 0,
            outcome_cursor: 0,
            feed_cursor: 0,
            word: None,
            repair_asked_at: None,
            repaired_at: None,
            worker: 0,
            work_token: 0,
            work_until: UnixMillis(0),
            ops: BTreeMap::new(),
            old_ops: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
    }
}

/// The planted bugs in the bounds of an op.
fn arrival(bounds: OpBounds, received_at: UnixMillis) -> OpArrival {
    let mut bounds = bounds;
    if is_planted(Bug::BoundIgnored) {
        bounds.not_before = UnixMillis(0);
    }
    if is_planted(Bug::KnowledgeIgnored) {
        bounds.knows_to = 0;
    }
    OpArrival {
        received_at,
        bounds,
    }
}

impl RegionRow {
    fn new() -> Self {
        Self {
            gate_open: true,
            feed_generation: GENERATION,
            feed_seq: 0,
            digest: Hash::ZERO,
            feed: BTreeMap::new(),
            newest: BTreeMap::new(),
            orders: 0,
            compacted_to: 0,
            tombstones_to: 0,
            assignment: RegionAssignment::default(),
            granted_seq: None,
            revoked: BTreeMap::new(),
            locked_by: None,
            numbers: 0,
        }
    }
}
