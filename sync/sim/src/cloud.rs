//! The cloud: the order service with its database, the bus, and the hub's replicas over sync_db.
//!
//! Databases keep every commit through any crash. A crashed process loses its unfinished work.

pub(crate) mod order_db;
pub(crate) mod plan;
pub(crate) mod rights;
pub(crate) mod sync_db;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::cloud::{
    ChunkRequest, LogPosition, QuarantineRequest, SyncSession, SyncSessionInput, SyncSessionOutput,
};
use rules::{Attempt, Submission, Writes};
use wire::{
    BatchOp, CommandId, EventId, HeldReason, OpAnswer, Order, OrderId, Outcome, Region,
    RegionAssignment, UnixMillis, UserId,
};

/// An event in transit, with the fields that its consumers read.
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
    /// The region whose feed takes the event.
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
pub(crate) struct OrderService {
    pub is_running: bool,
    pub run: u32,
    pub clock_error_ms: i64,
    /// Transactions between read and commit.
    pub open: BTreeMap<u64, OpenDecision>,
    /// Requests that wait for a lock held by one of them.
    pub waiting: VecDeque<DecisionRequest>,
    pub crashes_in_commit: Option<u64>,
    pub commits_late: bool,
    pub answers_are_lost: bool,
    /// For the bug that continues after the last number seen.
    pub relayed: u64,
    pub relaying: bool,
}

/// Requests to decide, and their caller.
#[derive(Debug, Clone)]
pub struct DecisionRequest {
    pub by: Requester,
    pub submissions: Vec<Submission>,
    /// A batch locks the rows it reads. A portal request reads without locks and guards its write.
    pub locks: bool,
    /// World time at which they were assembled.
    pub asked_at: u64,
}

#[derive(Debug, Clone)]
pub enum Requester {
    Hub {
        replica: usize,
        run: u32,
        edge: usize,
        pass: u64,
        batch_ops: Vec<BatchOp>,
    },
    Desk {
        item: usize,
        /// The hub reported the holder as away, so a held accept is not taken. The value is true if
        /// the accept was already decided.
        last_look: Option<bool>,
    },
    /// A portal accept that waits at the hub, submitted again.
    Waiting { replica: usize, id: CommandId },
}

pub(crate) struct OpenDecision {
    pub request: DecisionRequest,
    pub read_at: UnixMillis,
    /// The number of transactions it saw, for a recorder.
    pub seen: usize,
    pub writes: Writes,
    /// Its single command had an answer.
    pub was_decided: bool,
    /// Outbox numbers: assigned at insert, visible at commit.
    pub numbers: Vec<u64>,
    pub orders: BTreeSet<OrderId>,
    pub commands: BTreeSet<CommandId>,
    /// Their rows are locked shared, or exclusively if a right may end.
    pub regions: BTreeSet<Region>,
    pub ends_right: bool,
    /// Providers that it locks while it books them.
    pub booking: BTreeSet<UserId>,
}

impl DecisionRequest {
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        attempts(&self.submissions)
    }

    pub fn ends_right(&self) -> bool {
        self.submissions
            .iter()
            .any(|request| matches!(request, Submission::LeaseReleased { .. }))
    }
}

pub(crate) fn attempts(submissions: &[Submission]) -> impl Iterator<Item = &Attempt> {
    submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => Some(&**attempt),
        Submission::LeaseReleased { .. } => None,
    })
}

/// The bus's queue for the hub: durable, at least once.
#[derive(Default)]
pub(crate) struct HubQueue {
    pub is_down: bool,
    pub repeats: bool,
    pub queue: VecDeque<BusEvent>,
    /// Delivered and not yet acknowledged.
    pub unconfirmed: BTreeMap<u64, HubDelivery>,
}

#[derive(Debug, Clone)]
pub(crate) struct HubDelivery {
    pub event: BusEvent,
    pub replica: usize,
    /// Holds its region's row lock until the commit.
    pub feed: Option<FeedWrite>,
}

/// The uncommitted write of a feed transaction.
#[derive(Debug, Clone)]
pub(crate) struct FeedWrite {
    pub number: u64,
}

#[derive(Default)]
pub(crate) struct Replica {
    pub is_running: bool,
    pub run: u32,
    pub id: u64,
    pub clock_error_ms: i64,
    pub sessions: BTreeMap<usize, HubSession>,
    pub drains: BTreeMap<usize, Drain>,
    /// The time and turn of each edge's last resubmission of held ops.
    pub sweeps: BTreeMap<usize, (u64, u64)>,
    /// Counts events that may have released held ops.
    pub turns: u64,
    /// Accepts that its sessions forwarded to holders.
    pub asking: BTreeSet<CommandId>,
    /// Edges that the last check found to differ, or to be ahead of their feed.
    pub differing: BTreeSet<usize>,
    pub ahead: BTreeSet<usize>,
    /// Time of each feed's last comparison because an edge was ahead, and of each region's last
    /// fence renewal.
    pub compared: BTreeMap<Region, u64>,
    pub renewed: BTreeMap<Region, u64>,
    /// Transactions of ended sessions, by connection.
    pub orphans: BTreeMap<usize, (usize, SyncSessionOutput)>,
}

/// Mirrors `sync/hub/src/session`.
pub(crate) struct HubSession {
    pub edge: usize,
    pub machine: SyncSession,
    pub inbox: VecDeque<(SyncSessionInput, FrameOrigin)>,
    pub answers: VecDeque<SyncSessionInput>,
    pub doing: VecDeque<SyncSessionOutput>,
    /// The write it waits for in sync_db.
    pub storing: Option<SyncSessionOutput>,
    pub outcomes_wanted: Option<(u64, u32)>,
    pub feed_wanted: Option<(u64, u32)>,
    pub chunk_wanted: Option<ChunkRequest>,
    pub tail_wanted: Option<LogPosition>,
    /// A snapshot is being sent.
    pub is_imaging: bool,
    /// Waits for a sign of life, or for a take-back.
    pub is_waiting: bool,
    /// The last time that the probed rival was unable to answer.
    pub rival_busy_at: Option<u64>,
    /// The rival missed its deadline but was unable to answer.
    pub rival_excused: bool,
    pub told_held: BTreeMap<u64, HeldReason>,
    /// The accepts forwarded to this edge, with the tick.
    pub put: BTreeMap<CommandId, u64>,
    pub is_reading: bool,
    pub term: Option<u64>,
    pub heard_at: u64,
    pub ticks: u64,
}

/// An epoch being ended, between steps.
pub(crate) struct QuarantineRun {
    pub conn: usize,
    pub replica: usize,
    pub run: u32,
    pub edge: usize,
    pub asked_at: u64,
    pub quarantine: QuarantineRequest,
}

/// The origin of a session's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameOrigin {
    None,
    OfThisSession,
    OfAnother,
}

/// Mirrors `sync/hub/src/work.rs`: one edge's log, worked by one replica.
#[derive(Default)]
pub(crate) struct Drain {
    pub pass: u64,
    pub claim: sync_db::LogClaim,
    pub run_max: usize,
    pub failures: u32,
    /// The owner was unreachable, so the drain sends it no requests until the next retry.
    pub away: bool,
    /// The last resubmitted op, while held ops are resubmitted.
    pub sweep: Option<u64>,
    pub sweeping: bool,
    pub held: Vec<u64>,
    /// The edge was queued again meanwhile.
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
pub(crate) enum OwnerReply {
    Answers(Vec<OpAnswer>),
    Nothing,
    /// This batch makes the owner fail; an empty one does not.
    Fails,
}

pub(crate) fn at(now: u64, error_ms: i64) -> UnixMillis {
    /// A day in November 2025.
    const BEGAN: i64 = 1_764_000_000_000;
    UnixMillis(BEGAN)
        .plus_ms(i64::try_from(now).unwrap_or(i64::MAX))
        .plus_ms(error_ms)
}
