//! sync_db, shared by the hub's replicas. Mirrors `sync/hub/src/store`: each function is one of its
//! transactions.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use engine::cloud::{Accept, NewOps, Stored};
use wire::{
    Ack, Action, Actor, BootNonce, Chain, Change, Command, CommandId, EventId, Hash, HeldReason,
    NumberedOutcome, Op, OrderId, Region, RegionAssignment, UnixMillis, UserId,
};

use super::{Decided, Event, Happened};
use crate::{bug::Bug, cast};

pub struct SyncDb {
    pub bug: Option<Bug>,
    pub edges: Vec<EdgeRow>,
    pub regions: BTreeMap<Region, RegionRow>,
    pub inbox: BTreeSet<EventId>,
    /// Accepts of the portal that wait for the holder of their region.
    pub asks: BTreeMap<CommandId, PortalAsk>,
}

#[derive(Debug, Clone)]
pub struct PortalAsk {
    pub region: Region,
    pub accept: Accept,
}

/// What became of a person's accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldToWait {
    Waits,
    HolderAway,
    IdReused,
}

pub struct EdgeRow {
    pub region: Region,
    pub epoch: u64,
    pub term: u64,
    /// A session of it is open, and it was heard of at that time.
    pub link_up: bool,
    pub contact_at: u64,
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
    pub state: OpState,
    pub received_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpState {
    Received,
    Held,
    Parked,
    Decided,
}

impl OpRow {
    pub fn is_decided(&self) -> bool {
        self.state == OpState::Decided
    }

    fn order(&self) -> Option<OrderId> {
        match self.read.as_deref() {
            Some(Op::Command(op)) => Some(op.command.body.order_id()),
            _ => None,
        }
    }
}

/// An op to be worked.
pub type Due = (u64, Hash, Option<Rc<Op>>);

/// What an entry of a feed is about.
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
    pub feed: BTreeMap<u64, (Entity, Rc<Change>)>,
    /// The newest word about how it assigns, and where the standing grant is in the feed.
    pub assignment: RegionAssignment,
    pub granted_seq: Option<u64>,
    pub revoked: BTreeMap<UserId, u64>,
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
        Self { bug, edges, regions, inbox: BTreeSet::new(), asks: BTreeMap::new() }
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
            ending: None,
            epochs_today: 0,
            cursor: edge.cursor,
            outcome_count: edge.outcome_count,
            feed_generation: region.feed_generation,
            feed_seq: region.feed_seq,
            // Nothing is compacted here, and no image is sent yet.
            feed_holds_from: 0,
            granted_seq: None,
            orders: 0,
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
    pub fn store_ops(&mut self, e: usize, new: &NewOps, now: u64) -> bool {
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
            let (hash, state) = (op.at.hash, OpState::Received);
            edge.ops.insert(op.at.seq, OpRow { hash, read, state, received_at: now });
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
        let (mut to, mut changes) = (after, Vec::new());
        for (seq, (entity, change)) in row.feed.range(after + 1..).take(limit as usize) {
            to = *seq;
            changes.push(Change::clone(change));
            if *entity == Entity::Assignment {
                break;
            }
        }
        (to, changes)
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

    /// The next undecided ops in log order, without those that are held and what waits behind them.
    pub fn due(&self, e: usize, limit: usize) -> Vec<Due> {
        let (mut due, mut behind) = (Vec::new(), BTreeSet::new());
        for (seq, op) in self.edges[e].undecided_ops() {
            match op.state {
                OpState::Held => behind.extend(op.order()),
                _ if op.order().is_some_and(|order| behind.contains(&order)) => {}
                _ => due.push((*seq, op.hash, op.read.clone())),
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    /// The next held ops beyond `beyond`, without what stands behind another that waits.
    pub fn held_again(&self, e: usize, beyond: u64, limit: usize) -> Vec<Due> {
        let (mut due, mut behind) = (Vec::new(), BTreeSet::new());
        for (seq, op) in self.edges[e].undecided_ops() {
            let stopped = op.order().is_some_and(|order| behind.contains(&order));
            match op.state {
                OpState::Held if *seq <= beyond => behind.extend(op.order()),
                OpState::Held if !stopped => due.push((*seq, op.hash, op.read.clone())),
                OpState::Parked => behind.extend(op.order()),
                OpState::Held | OpState::Received | OpState::Decided => {}
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    /// What an edge is told to be held.
    pub fn held(&self, e: usize) -> Vec<(u64, HeldReason)> {
        let held = self.edges[e].undecided_ops().filter(|(_, op)| op.state == OpState::Held);
        held.map(|(seq, _)| (*seq, HeldReason::Region)).collect()
    }

    pub fn park(&mut self, e: usize, seqs: impl Iterator<Item = u64>) {
        for seq in seqs {
            if let Some(op) = self.edges[e].ops.get_mut(&seq)
                && !op.is_decided()
            {
                op.state = OpState::Parked;
            }
        }
    }

    /// The edge that holds a region, in the epoch in which it does.
    pub fn holder(&self, region: Region) -> Option<usize> {
        let holder = self.regions.get(&region)?.assignment.holder.clone()?;
        (0..cast::EDGE_COUNT).find(|&e| cast::edge(e) == holder)
    }

    pub fn ask(&mut self, region: Region, accept: Accept, in_reach: bool) -> ToldToWait {
        if let Some(known) = self.asks.get(&accept.command.id) {
            let known = &known.accept;
            let same = known.command.body.hash() == accept.command.body.hash()
                && known.actor.user_id == accept.actor.user_id;
            return if same { ToldToWait::Waits } else { ToldToWait::IdReused };
        }
        if !in_reach {
            return ToldToWait::HolderAway;
        }
        self.asks.insert(accept.command.id, PortalAsk { region, accept });
        ToldToWait::Waits
    }

    /// What is to be put to this edge: nothing, unless it holds its region. The portal's first.
    pub fn asks_for(&self, e: usize) -> Vec<Accept> {
        let region = self.edges[e].region;
        if self.holder(region) != Some(e) {
            return Vec::new();
        }
        let portal = self.asks.values().filter(|ask| ask.region == region);
        let mut portal: Vec<Accept> = portal.map(|ask| ask.accept.clone()).collect();
        portal.sort_by_key(|accept| (accept.taken_at, accept.command.id));
        let others = self.edges.iter().enumerate();
        let others = others.filter(|(other, edge)| *other != e && edge.region == region);
        let mut held: Vec<(u64, usize, u64, Accept)> = Vec::new();
        for (other, edge) in others {
            let mut behind = BTreeSet::new();
            for (seq, op) in edge.undecided_ops() {
                // What stands behind something that waits is not put before it.
                let first = op.order().is_none_or(|order| behind.insert(order));
                if op.state != OpState::Held || !(first || self.has(Bug::AskOvertakes)) {
                    continue;
                }
                let Some(Op::Command(read)) = op.read.as_deref() else { continue };
                if read.command.body.action() != Some(Action::Accept) {
                    continue;
                }
                let token = match self.token(other, read.token_seq).as_deref() {
                    Some(Op::Token { token }) => token.clone(),
                    _ => String::new(),
                };
                let (command, actor): (Command, Actor) = (read.command.clone(), read.actor);
                let accept = Accept { command, token, actor, taken_at: read.received_at };
                held.push((op.received_at, other, *seq, accept));
            }
        }
        held.sort_by_key(|(at, other, seq, _)| (*at, *other, *seq));
        portal.into_iter().chain(held.into_iter().map(|(.., accept)| accept)).collect()
    }

    pub fn revoked_version(&self, region: Region, user: UserId) -> Option<u64> {
        self.regions.get(&region)?.revoked.get(&user).copied()
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
        held: &[u64],
        counted: u64,
        until: UnixMillis,
    ) -> bool {
        let stale = self.has(Bug::OutcomeNumberTwice);
        let edge = &mut self.edges[e];
        if edge.work_token != claim.token && !stale {
            return false;
        }
        if decided.iter().any(|d| edge.ops.get(&d.seq).is_none_or(OpRow::is_decided)) && !stale {
            return false;
        }
        edge.work_until = until;
        let mut number = if stale { counted } else { edge.outcome_count };
        for Decided { seq, command_id, outcome } in decided {
            number += 1;
            edge.undecided = edge.undecided.saturating_sub(1);
            if let Some(op) = edge.ops.get_mut(&seq) {
                op.state = OpState::Decided;
            }
            let outcome = NumberedOutcome { number, seq, command_id, outcome };
            edge.outcomes.insert(number, Rc::new(outcome));
        }
        for seq in held {
            if let Some(op) = edge.ops.get_mut(seq) {
                op.state = OpState::Held;
            }
        }
        edge.outcome_count = number;
        true
    }

    /// Whether an event is news, under the lock of its region's row; to be committed by `fed`.
    pub fn feeds(&self, event: &Event) -> bool {
        let Some(region) = self.regions.get(&event.region()) else { return false };
        let known = match &event.what {
            Happened::Order(order) => {
                let newest = region.newest.get(&order.id);
                newest.is_some_and(|(v, _)| *v >= order.version) && !self.has(Bug::FeedTakesOlder)
            }
            Happened::Assigned(_, word) => region.assignment.policy_version >= word.policy_version,
            Happened::Revoked(..) => false,
        };
        !self.inbox.contains(&event.id) && !known
    }

    pub fn fed(&mut self, event: &Event, number: Option<u64>) {
        let forgets = self.has(Bug::FeedDigestForgets);
        self.inbox.insert(event.id);
        let Some(number) = number else { return };
        let Some(region) = self.regions.get_mut(&event.region()) else { return };
        let (entity, change) = match &event.what {
            Happened::Order(order) => {
                let member = order.digest();
                if let Some((_, before)) = region.newest.insert(order.id, (order.version, member))
                    && !forgets
                {
                    region.digest.toggle(before);
                }
                region.digest.toggle(member);
                (Entity::Order(order.id), Change::Order(order.clone()))
            }
            Happened::Assigned(_, word) => {
                let known = &region.assignment;
                let stands = known.holder.is_some() && known.fence == word.fence;
                match &word.holder {
                    None => region.granted_seq = None,
                    // A word about a right that stands is not a grant.
                    Some(_) if stands => {}
                    Some(_) => region.granted_seq = Some(number),
                }
                region.assignment = word.clone();
                (Entity::Assignment, Change::Assignment(word.clone()))
            }
            Happened::Revoked(_, user) => {
                region.revoked.entry(*user).or_insert(number);
                let (sessions, users) = (Vec::new(), vec![*user]);
                (Entity::Revoked(*user), Change::Revoked { version: number, sessions, users })
            }
        };
        region.feed_seq = region.feed_seq.max(number);
        region.feed.insert(number, (entity, Rc::new(change)));
    }

    /// Takes out versions that newer ones stand for, as far as every edge of the region has read.
    pub fn compact(&mut self, region: Region) {
        let readers = self.edges.iter().filter(|edge| edge.region == region);
        let to = readers.map(|edge| edge.feed_cursor).min().unwrap_or(0);
        let Some(row) = self.regions.get_mut(&region) else { return };
        // Nothing before the standing grant is taken out for something after it.
        let granted = row.granted_seq.unwrap_or(0);
        let side = |seq: u64| seq > granted;
        let mut newest = BTreeMap::new();
        for (seq, (entity, _)) in row.feed.range(..=to) {
            newest.insert((*entity, side(*seq)), *seq);
        }
        row.feed.retain(|seq, (entity, _)| {
            *seq > to || *seq == granted || newest.get(&(*entity, side(*seq))) == Some(seq)
        });
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
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
            link_up: false,
            contact_at: 0,
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
            assignment: RegionAssignment::default(),
            granted_seq: None,
            revoked: BTreeMap::new(),
            locked_by: None,
            numbers: 0,
        }
    }
}
