//! The cloud: the order service with its database, the bus, and the hub's replicas over sync_db.
//!
//! Databases keep what was committed whatever happens to a process; what a process had begun goes with
//! it.

pub mod order_db;
pub mod plan;
pub mod rights;
pub mod sync_db;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::cloud::{ChunkRequest, Confinement, Input, Output, Place, Session};
use rules::{Attempt, Submission, Writes};
use wire::{
    BatchOp, CommandId, EventId, HeldReason, OpAnswer, Order, OrderId, Outcome, Region,
    RegionAssignment, UnixMillis, UserId,
};

/// An event on its way: as much of it as anyone here reads.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: EventId,
    pub what: Happened,
}

#[derive(Debug, Clone)]
pub enum Happened {
    Order(Order),
    Assigned(Region, RegionAssignment),
    Revoked(Region, UserId),
}

impl Event {
    /// Whose feed takes it.
    pub fn region(&self) -> Region {
        match &self.what {
            Happened::Order(order) => order.location,
            Happened::Assigned(region, _) | Happened::Revoked(region, _) => *region,
        }
    }

    /// The version of how this region assigns, where it tells that.
    pub fn assigns(&self, of: Region) -> Option<u64> {
        match &self.what {
            Happened::Assigned(region, word) if *region == of => Some(word.policy_version),
            _ => None,
        }
    }

    pub fn order(&self) -> Option<&Order> {
        match &self.what {
            Happened::Order(order) => Some(order),
            Happened::Assigned(..) | Happened::Revoked(..) => None,
        }
    }
}

/// The order service's process; mirrors `cloud/order/src/store/decide.rs` and platform's relay.
#[derive(Default)]
pub struct OrderService {
    pub is_running: bool,
    pub run: u32,
    pub clock_error_ms: i64,
    /// Transactions between their reading and their commit.
    pub open: BTreeMap<u64, Deciding>,
    /// Requests that wait for a lock of one of them.
    pub waiting: VecDeque<Asked>,
    pub crashes_in_commit: Option<u64>,
    pub commits_late: bool,
    pub answers_are_lost: bool,
    /// For the bug that goes on after the last number seen.
    pub relayed: u64,
    pub relaying: bool,
}

/// Something to decide, and who waits for it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub by: AskedBy,
    pub requests: Vec<Submission>,
    /// A portal's request reads plainly and guards its write; a batch locks what it reads.
    pub locks: bool,
}

#[derive(Debug, Clone)]
pub enum AskedBy {
    Hub {
        replica: usize,
        run: u32,
        edge: usize,
        pass: u64,
        handed: Vec<BatchOp>,
    },
    Desk {
        item: usize,
        /// The hub has said that the holder is away: what is held now is not taken. And whether it was
        /// decided by then.
        last_look: Option<bool>,
    },
    /// An accept of the portal that waits at the hub, handed in again.
    Waiting {
        replica: usize,
        id: CommandId,
    },
}

pub struct Deciding {
    pub asked: Asked,
    pub read_at: UnixMillis,
    /// How many transactions it saw, where somebody records.
    pub seen: usize,
    pub writes: Writes,
    /// There was an answer to its one command.
    pub was_decided: bool,
    /// Numbers in the outbox, given out at the insert and visible at the commit.
    pub numbers: Vec<u64>,
    pub orders: BTreeSet<OrderId>,
    pub commands: BTreeSet<CommandId>,
    /// Their rows are shared, or held alone where a right may end.
    pub regions: BTreeSet<Region>,
    pub ends_right: bool,
}

impl Asked {
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        attempts(&self.requests)
    }

    pub fn ends_right(&self) -> bool {
        self.requests.iter().any(|request| matches!(request, Submission::LeaseReleased { .. }))
    }
}

pub fn attempts(requests: &[Submission]) -> impl Iterator<Item = &Attempt> {
    requests.iter().filter_map(|request| match request {
        Submission::Command(attempt) => Some(&**attempt),
        Submission::LeaseReleased { .. } => None,
    })
}

/// The bus's queue for the hub: durable, at least once.
#[derive(Default)]
pub struct Bus {
    pub is_down: bool,
    pub repeats: bool,
    pub queue: VecDeque<Event>,
    /// Handed to a consumer and not confirmed yet.
    pub unconfirmed: BTreeMap<u64, Delivery>,
}

#[derive(Debug, Clone)]
pub struct Delivery {
    pub event: Event,
    pub replica: usize,
    /// It holds its region's row until its commit.
    pub feed: Option<Feeding>,
}

/// What a feed transaction has written and not committed yet.
#[derive(Debug, Clone)]
pub struct Feeding {
    pub number: u64,
}

/// A replica of the hub, with what it holds in memory.
#[derive(Default)]
pub struct Replica {
    pub is_running: bool,
    pub run: u32,
    pub id: u64,
    pub clock_error_ms: i64,
    pub sessions: BTreeMap<usize, HubSession>,
    pub drains: BTreeMap<usize, Drain>,
    /// When the held ops of an edge were last handed in again, and at which turn.
    pub sweeps: BTreeMap<usize, (u64, u64)>,
    /// How often something was heard by which what is held may not be held any more.
    pub turns: u64,
    /// Accepts that its sessions have put to holders.
    pub asking: BTreeSet<CommandId>,
    /// Edges that the last look has found to differ, and to be ahead of their feed.
    pub differing: BTreeSet<usize>,
    pub ahead: BTreeSet<usize>,
    /// When a feed was last compared on account of the latter, and a region's fence was last renewed.
    pub compared: BTreeMap<Region, u64>,
    pub renewed: BTreeMap<Region, u64>,
    /// Transactions whose session has ended, by its connection.
    pub orphans: BTreeMap<usize, (usize, Output)>,
}

/// Mirrors `sync/hub/src/session`.
pub struct HubSession {
    pub edge: usize,
    pub machine: Session,
    pub inbox: VecDeque<(Input, Frame)>,
    pub answers: VecDeque<Input>,
    pub doing: VecDeque<Output>,
    /// It waits for sync_db with this.
    pub storing: Option<Output>,
    pub outcomes_wanted: Option<(u64, u32)>,
    pub feed_wanted: Option<(u64, u32)>,
    pub chunk_wanted: Option<ChunkRequest>,
    pub tail_wanted: Option<Place>,
    /// An image is under way.
    pub is_imaging: bool,
    /// For a sign of life, or for a take-back.
    pub is_waiting: bool,
    /// When whoever is asked for it was last seen to be kept from answering.
    pub rival_busy_at: Option<u64>,
    /// No answer came in time from somebody who could not give one.
    pub rival_excused: bool,
    pub told_held: BTreeMap<u64, HeldReason>,
    /// What was put to this edge, and at which tick.
    pub put: BTreeMap<CommandId, u64>,
    pub is_reading: bool,
    pub term: Option<u64>,
    pub heard_at: u64,
    pub ticks: u64,
}

/// An epoch that is ending, between the steps of that.
pub struct Confining {
    pub conn: usize,
    pub replica: usize,
    pub run: u32,
    pub edge: usize,
    pub asked_at: u64,
    pub confined: Confinement,
}

/// Where an input of a session comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    None,
    OfThisSession,
    OfAnother,
}

/// Mirrors `sync/hub/src/work/drain.rs`: one edge's log, worked by one replica.
#[derive(Default)]
pub struct Drain {
    pub pass: u64,
    pub claim: sync_db::Claim,
    pub run_max: usize,
    pub failures: u32,
    /// The owner was out of reach, so nothing is asked of it until the next try.
    pub away: bool,
    /// While the held ops are handed in again: the last one that was.
    pub sweep: Option<u64>,
    pub sweeping: bool,
    pub held: Vec<u64>,
    /// Somebody asked for the edge meanwhile.
    pub asked_for: bool,
    /// What the hub answers itself, until the owner has answered the rest.
    pub decided: Vec<Decided>,
    pub outcome_count: u64,
}

#[derive(Debug, Clone)]
pub struct Decided {
    pub seq: u64,
    pub command_id: Option<CommandId>,
    pub outcome: Outcome,
}

/// What the owner said to a batch, or that it said nothing.
#[derive(Debug, Clone)]
pub enum OwnerSaid {
    Answers(Vec<OpAnswer>),
    Nothing,
    /// This batch makes it fail; an empty one does not.
    Fails,
}

pub fn at(now: u64, error_ms: i64) -> UnixMillis {
    /// A day in November 2025.
    const BEGAN: i64 = 1_764_000_000_000;
    UnixMillis(BEGAN).plus_ms(i64::try_from(now).unwrap_or(i64::MAX)).plus_ms(error_ms)
}
