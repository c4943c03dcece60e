//! sync_db, shared by the hub's replicas. Mirrors `sync/hub/src/store`: each function is one of its
//! transactions.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use engine::cloud::{NewOps, Stored};
use wire::{
    Ack, BootNonce, Chain, Change, EventId, Hash, NumberedOutcome, Op, Order, OrderId, Region,
    UnixMillis,
};

use super::Decided;
use crate::{bug::Bug, cast};

pub struct SyncDb {
    pub bug: Option<Bug>,
    pub edges: Vec<EdgeRow>,
    pub regions: BTreeMap<Region, RegionRow>,
    pub inbox: BTreeSet<EventId>,
}

pub struct EdgeRow {
    pub region: Region,
    pub epoch: u64,
    pub term: u64,
    pub nonce: BootNonce,
    pub cursor: Chain,
    pub outcome_count: u64,
    pub undecided: u64,
    pub outcome_cursor: u64,
    pub feed_cursor: u64,
    pub worker: u64,
    pub work_token: u64,
    pub work_until: UnixMillis,
    pub ops: BTreeMap<u64, OpRow>,
    pub outcomes: BTreeMap<u64, Rc<NumberedOutcome>>,
}

pub struct OpRow {
    pub hash: Hash,
    pub read: Option<Rc<Op>>,
    pub is_decided: bool,
}

pub struct RegionRow {
    pub gate_open: bool,
    pub feed_generation: u64,
    pub feed_seq: u64,
    pub digest: Hash,
    pub feed: BTreeMap<u64, (OrderId, Rc<Order>)>,
    pub newest: BTreeMap<OrderId, (u64, Hash)>,
    /// A feed transaction that holds the region's row.
    pub locked_by: Option<u64>,
    /// For the bug that gives out numbers without the lock.
    pub numbers: u64,
}

/// The right to work one edge's log, until somebody else raises the token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim {
    pub token: u64,
}

const GENERATION: u64 = 77;
/// A worker that dies is followed after this.
pub const CLAIM_MS: i64 = 3_000;

impl SyncDb {
    pub fn new(bug: Option<Bug>) -> Self {
        let edges = (0..cast::EDGE_COUNT).map(|e| EdgeRow::new(cast::region(e), e)).collect();
        let regions = cast::REGIONS.iter().map(|region| (*region, RegionRow::new())).collect();
        Self { bug, edges, regions, inbox: BTreeSet::new() }
    }

    pub fn region(&self, region: Region) -> Option<&RegionRow> {
        self.regions.get(&region)
    }

    pub fn standing(&self, e: usize) -> Option<Stored> {
        let edge = &self.edges[e];
        let region = self.regions.get(&edge.region)?;
        Some(Stored {
            region: edge.region,
            term: edge.term,
            // Nobody is cloned here yet, so nobody is asked for a sign of life.
            running: None,
            epoch: edge.epoch,
            grant: None,
            epochs_today: 0,
            cursor: edge.cursor,
            outcome_count: edge.outcome_count,
            feed_generation: region.feed_generation,
            feed_seq: region.feed_seq,
            gate_open: region.gate_open,
        })
    }

    /// Nothing where the term is another by now than the one that was judged by.
    pub fn take_over(&mut self, e: usize, nonce: BootNonce, over: u64) -> Option<(u64, Stored)> {
        let edge = &mut self.edges[e];
        if edge.term != over {
            return None;
        }
        edge.term += 1;
        edge.nonce = nonce;
        let term = edge.term;
        self.standing(e).map(|stored| (term, stored))
    }

    /// Whether they were stored: not where the term, the epoch or the cursor is another by now.
    pub fn store_ops(&mut self, e: usize, new: &NewOps) -> bool {
        let (blind, leaky) = (self.has(Bug::OpsTwice), self.has(Bug::CursorPassesGap));
        let edge = &mut self.edges[e];
        let stands = new.term == edge.term && new.epoch == edge.epoch && new.after == edge.cursor;
        if !stands && !blind {
            return false;
        }
        edge.cursor = new.cursor();
        for op in &new.ops {
            let lost = leaky && op.at.seq % 9 == 0;
            if lost {
                continue;
            }
            edge.undecided += 1;
            let read = Op::from_bytes(&op.bytes).ok().map(Rc::new);
            edge.ops.insert(op.at.seq, OpRow { hash: op.at.hash, read, is_decided: false });
        }
        true
    }

    pub fn save_ack(&mut self, e: usize, ack: &Ack) -> bool {
        let edge = &mut self.edges[e];
        if ack.standing.term != edge.term {
            return false;
        }
        edge.outcome_cursor = ack.outcome_cursor;
        edge.feed_cursor = ack.feed_cursor;
        true
    }

    pub fn outcomes(&self, e: usize, after: u64, limit: u32) -> Vec<NumberedOutcome> {
        let outcomes = self.edges[e].outcomes.range(after + 1..).take(limit as usize);
        outcomes.map(|(_, outcome)| NumberedOutcome::clone(outcome)).collect()
    }

    pub fn feed(&self, region: Region, after: u64, limit: u32) -> (u64, Vec<Change>) {
        let Some(row) = self.regions.get(&region) else { return (after, Vec::new()) };
        let rows = row.feed.range(after + 1..).take(limit as usize);
        let rows: Vec<_> = rows.collect();
        let to = rows.last().map_or(after, |(seq, _)| **seq);
        (to, rows.into_iter().map(|(_, (_, order))| Change::Order(Order::clone(order))).collect())
    }

    pub fn claim(&mut self, e: usize, worker: u64, now: UnixMillis) -> Option<Claim> {
        let edge = &mut self.edges[e];
        // A claim that reaches further than any can be given now was given by another clock.
        let outlived = edge.work_until <= now || edge.work_until > now.plus_ms(CLAIM_MS);
        let free = edge.worker == worker || outlived;
        if edge.undecided == 0 || !free {
            return None;
        }
        edge.worker = worker;
        edge.work_token += 1;
        edge.work_until = now.plus_ms(CLAIM_MS);
        Some(Claim { token: edge.work_token })
    }

    pub fn release(&mut self, e: usize, claim: Claim) {
        let edge = &mut self.edges[e];
        if edge.work_token == claim.token {
            edge.work_until = UnixMillis(0);
        }
    }

    /// The next undecided ops in log order.
    pub fn due(&self, e: usize, limit: usize) -> Vec<(u64, Hash, Option<Rc<Op>>)> {
        let waiting = self.edges[e].ops.iter().filter(|(_, op)| !op.is_decided);
        waiting.take(limit).map(|(seq, op)| (*seq, op.hash, op.read.clone())).collect()
    }

    pub fn token(&self, e: usize, seq: u64) -> Option<Rc<Op>> {
        self.edges[e].ops.get(&seq)?.read.clone()
    }

    /// Stores what a pass has brought, all or nothing; `false` where another worker has the log.
    pub fn commit(
        &mut self,
        e: usize,
        claim: Claim,
        decided: Vec<Decided>,
        counted: u64,
        until: UnixMillis,
    ) -> bool {
        let stale = self.has(Bug::OutcomeNumberTwice);
        let edge = &mut self.edges[e];
        if edge.work_token != claim.token && !stale {
            return false;
        }
        if decided.iter().any(|d| edge.ops.get(&d.seq).is_none_or(|op| op.is_decided)) && !stale {
            return false;
        }
        edge.work_until = until;
        let mut number = if stale { counted } else { edge.outcome_count };
        for Decided { seq, command_id, outcome } in decided {
            number += 1;
            edge.undecided = edge.undecided.saturating_sub(1);
            if let Some(op) = edge.ops.get_mut(&seq) {
                op.is_decided = true;
            }
            let outcome = NumberedOutcome { number, seq, command_id, outcome };
            edge.outcomes.insert(number, Rc::new(outcome));
        }
        edge.outcome_count = number;
        true
    }

    /// An order as an event told of it, under the lock of its region's row, to be committed by `fed`.
    /// Answers the number it will have; `None` where it is known.
    pub fn feeds(&self, event: EventId, order: &Order) -> bool {
        let Some(region) = self.regions.get(&order.location) else { return false };
        let known = region.newest.get(&order.id).is_some_and(|(v, _)| *v >= order.version);
        !self.inbox.contains(&event) && (!known || self.has(Bug::FeedTakesOlder))
    }

    pub fn fed(&mut self, event: EventId, order: &Order, number: Option<u64>) {
        let forgets = self.has(Bug::FeedDigestForgets);
        self.inbox.insert(event);
        let Some(number) = number else { return };
        let Some(region) = self.regions.get_mut(&order.location) else { return };
        let member = order.digest();
        if let Some((_, before)) = region.newest.insert(order.id, (order.version, member))
            && !forgets
        {
            region.digest.toggle(before);
        }
        region.digest.toggle(member);
        region.feed_seq = region.feed_seq.max(number);
        region.feed.insert(number, (order.id, Rc::new(order.clone())));
    }

    /// Takes out versions that newer ones stand for, as far as every edge of the region has read.
    pub fn compact(&mut self, region: Region) {
        let readers = self.edges.iter().filter(|edge| edge.region == region);
        let to = readers.map(|edge| edge.feed_cursor).min().unwrap_or(0);
        let Some(row) = self.regions.get_mut(&region) else { return };
        let mut newest = BTreeMap::new();
        for (seq, (order, _)) in row.feed.range(..=to) {
            newest.insert(*order, *seq);
        }
        row.feed.retain(|seq, (order, _)| *seq > to || newest.get(order) == Some(seq));
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

impl EdgeRow {
    fn new(region: Region, e: usize) -> Self {
        Self {
            region,
            epoch: 1,
            term: 0,
            nonce: BootNonce([0; 16]),
            cursor: Chain::start(&cast::edge(e)),
            outcome_count: 0,
            undecided: 0,
            outcome_cursor: 0,
            feed_cursor: 0,
            worker: 0,
            work_token: 0,
            work_until: UnixMillis(0),
            ops: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
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
            locked_by: None,
            numbers: 0,
        }
    }
}
