//! The cloud: the order service with its database, the bus, and the hub's replicas over sync_db.
//!
//! Databases keep every commit through any crash. The work that a process had begun goes with the
//! process.

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
pub struct BusEvent {
    pub id: EventId,
    pub what: BusNews,
}

#[derive(Debug, Clone)]
pub enum BusNews {
    Order(Order),
    Assigned(Region, RegionAssignment),
    Revoked(Region, UserId),
}

impl BusEvent {
    /// The region whose feed takes it.
    pub fn region(&self) -> Region {
        match &self.what {
            BusNews::Order(order) => order.location,
            BusNews::Assigned(region, _) | BusNews::Revoked(region, _) => *region,
        }
    }

    /// The policy version of this region, if the event carries it.
    pub fn assigns(&self, of: Region) -> Option<u64> {
        match &self.what {
            BusNews::Assigned(region, word) if *region == of => Some(word.policy_version),
            _ => None,
        }
    }

    pub fn order(&self) -> Option<&Order> {
        match &self.what {
            BusNews::Order(order) => Some(order),
            BusNews::Assigned(..) | BusNews::Revoked(..) => None,
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
    pub open: BTreeMap<u64, OpenDecision>,
    /// Requests that wait for a lock of one of them.
    pub waiting: VecDeque<DecisionRequest>,
    pub crashes_in_commit: Option<u64>,
    pub commits_late: bool,
    pub answers_are_lost: bool,
    /// For the bug that goes on after the last number seen.
    pub relayed: u64,
    pub relaying: bool,
}

/// Requests to decide, and the party that waits for the answer.
#[derive(Debug, Clone)]
pub struct DecisionRequest {
    pub by: Requester,
    pub requests: Vec<Submission>,
    /// A batch locks the rows it reads. A portal's request reads plainly and guards its write.
    pub locks: bool,
    /// When they were put together, by the clock of the world.
    pub asked_at: u64,
}

#[derive(Debug, Clone)]
pub enum Requester {
    Hub {
        replica: usize,
        run: u32,
        edge: usize,
        pass: u64,
        handed: Vec<BatchOp>,
    },
    Desk {
        item: usize,
        /// The hub has said that the holder is away, so a held accept is not taken. The value tells
        /// whether the accept was decided by then.
        last_look: Option<bool>,
    },
    /// An accept of the portal that waits at the hub, handed in again.
    Waiting {
        replica: usize,
        id: CommandId,
    },
}

pub struct OpenDecision {
    pub asked: DecisionRequest,
    pub read_at: UnixMillis,
    /// The count of transactions it saw, for a recorder.
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

impl DecisionRequest {
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
pub struct HubQueue {
    pub is_down: bool,
    pub repeats: bool,
    pub queue: VecDeque<BusEvent>,
    /// Handed to a consumer and not confirmed yet.
    pub unconfirmed: BTreeMap<u64, HubDelivery>,
}

#[derive(Debug, Clone)]
pub struct HubDelivery {
    pub event: BusEvent,
    pub replica: usize,
    /// It holds its region's row until its commit.
    pub feed: Option<FeedWrite>,
}

/// The uncommitted write of a feed transaction.
#[derive(Debug, Clone)]
pub struct FeedWrite {
    pub number: u64,
}

/// A replica of the hub with its memory.
#[derive(Default)]
pub struct Replica {
    pub is_running: bool,
    pub run: u32,
    pub id: u64,
    pub clock_error_ms: i64,
    pub sessions: BTreeMap<usize, HubSession>,
    pub drains: BTreeMap<usize, Drain>,
    /// The time and the turn at which the held ops of an edge were last handed in again.
    pub sweeps: BTreeMap<usize, (u64, u64)>,
    /// The count of news that may have released held ops.
    pub turns: u64,
    /// Accepts that its sessions have put to holders.
    pub asking: BTreeSet<CommandId>,
    /// Edges that the last look has found to differ, and to be ahead of their feed.
    pub differing: BTreeSet<usize>,
    pub ahead: BTreeSet<usize>,
    /// When a feed was last compared on account of the latter, and a region's fence was last
    /// renewed.
    pub compared: BTreeMap<Region, u64>,
    pub renewed: BTreeMap<Region, u64>,
    /// Transactions of ended sessions, by connection.
    pub orphans: BTreeMap<usize, (usize, Output)>,
}

/// Mirrors `sync/hub/src/session`.
pub struct HubSession {
    pub edge: usize,
    pub machine: Session,
    pub inbox: VecDeque<(Input, FrameOrigin)>,
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
    /// The last time at which the asked rival was seen unable to answer.
    pub rival_busy_at: Option<u64>,
    /// The rival gave no answer in time and was unable to.
    pub rival_excused: bool,
    pub told_held: BTreeMap<u64, HeldReason>,
    /// The accepts put to this edge, with the tick.
    pub put: BTreeMap<CommandId, u64>,
    pub is_reading: bool,
    pub term: Option<u64>,
    pub heard_at: u64,
    pub ticks: u64,
}

/// An epoch that is ending, between the steps of that.
pub struct QuarantineRun {
    pub conn: usize,
    pub replica: usize,
    pub run: u32,
    pub edge: usize,
    pub asked_at: u64,
    pub confined: Confinement,
}

/// Where an input of a session comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameOrigin {
    None,
    OfThisSession,
    OfAnother,
}

/// Mirrors `sync/hub/src/work/drain.rs`: one edge's log, worked by one replica.
#[derive(Default)]
pub struct Drain {
    pub pass: u64,
    pub claim: sync_db::LogClaim,
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
    /// The hub's own answers, kept until the owner has answered the rest.
    pub decided: Vec<LogOutcome>,
    pub outcome_count: u64,
}

#[derive(Debug, Clone)]
pub struct LogOutcome {
    pub seq: u64,
    pub command_id: Option<CommandId>,
    pub outcome: Outcome,
}

/// The owner's reply to a batch, or its silence.
#[derive(Debug, Clone)]
pub enum OwnerReply {
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
