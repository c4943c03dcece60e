//! The world of one seed: virtual time, one event queue, and the whole cast.
//!
//! Invariant: all randomness comes from the seed and all time from the queue, so a seed always
//! means the same run.

mod comparing;
mod desk;
mod disabling;
mod edges;
mod events;
mod faults;
mod feed;
mod hostile_hub;
mod hub;
mod links;
mod losses;
mod messages;
mod net;
mod operator;
mod orders;
mod people;
mod promises;
mod restores;
mod silence;
mod stranger;
mod tablets;
mod thief;
mod words;
mod work;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use crate::{
    cast,
    cloud::{HubQueue, OrderService, Replica, order_db::OrderDb, sync_db::SyncDb},
    counts::Counts,
    edge::Node,
    oracle::{Oracle, Violation},
    plan::SeedPlan,
    random::Random,
    recorder::Recorder,
    trace::RunTrace,
};
use desk::PortalDesk;
use events::Due;
use faults::Faults;
use hostile_hub::HostileHub;
use net::Net;
use operator::Operator;
use tablets::Tablet;
use thief::Thief;

pub(crate) use events::{OperatorEvent, WorldEvent};
pub(crate) use messages::Packet;

pub(crate) struct World {
    pub now: u64,
    pub plan: SeedPlan,
    pub random: Random,
    queue: BinaryHeap<Reverse<Due>>,
    queued: u64,
    pub has_healed: bool,
    pub is_silent: bool,
    pub net: Net,
    pub hostile: HostileHub,
    pub thief: Thief,
    pub edges: Vec<Node>,
    pub tablets: Vec<Tablet>,
    pub desk: PortalDesk,
    pub replicas: Vec<Replica>,
    pub sync_db: SyncDb,
    pub orders: OrderService,
    /// Commands that make the order service fail.
    pub poison: BTreeSet<wire::CommandId>,
    /// The next command becomes one of them.
    pub poisons_next: u32,
    /// The number of next events from the order service to lose.
    pub loses_next: u32,
    pub backups: BTreeMap<usize, crate::edge::EdgeFile>,
    pub order_db: OrderDb,
    pub bus: HubQueue,
    pub deliveries: u64,
    pub passes: u64,
    pub faults: Faults,
    pub operator: Operator,
    /// The people revoked in auth.
    pub revoked: BTreeSet<wire::UserId>,
    /// Orders by region, oldest first.
    pub known: BTreeMap<wire::Region, Vec<wire::OrderId>>,
    pub oracle: Oracle,
    pub counts: Counts,
    pub trace: RunTrace,
    /// Present if the run's requests are replayed on the real stores.
    pub recorder: Option<Box<Recorder>>,
}

pub struct RunResult {
    pub violation: Option<Violation>,
    pub counts: Counts,
    pub trace: RunTrace,
    pub(crate) recorder: Option<Box<Recorder>>,
    pub lasted_ms: u64,
}

/// More than any run takes: beyond it the run is in a loop.
const EVENTS_MAX: u64 = 400_000;

impl World {
    pub(crate) fn new(plan: SeedPlan, trace: RunTrace) -> Self {
        let random = Random::seeded(plan.seed ^ 0x5eed_0f1a_5700_0000);
        let edges = (0..=cast::THIEF).map(Node::new).collect();
        let mut world = Self {
            now: 0,
            random,
            queue: BinaryHeap::new(),
            queued: 0,
            has_healed: false,
            is_silent: false,
            net: Net::default(),
            hostile: HostileHub::default(),
            thief: Thief::default(),
            edges,
            tablets: Vec::new(),
            desk: PortalDesk::default(),
            replicas: (0..cast::REPLICA_COUNT)
                .map(|_| Replica::default())
                .collect(),
            sync_db: SyncDb::new(),
            orders: OrderService::default(),
            poison: BTreeSet::new(),
            poisons_next: 0,
            loses_next: 0,
            backups: BTreeMap::new(),
            order_db: OrderDb::default(),
            bus: HubQueue::default(),
            deliveries: 0,
            passes: 0,
            faults: Faults::default(),
            operator: Operator::default(),
            revoked: BTreeSet::new(),
            known: BTreeMap::new(),
            oracle: Oracle::default(),
            counts: Counts::default(),
            trace,
            recorder: None,
            plan,
        };
        world.tablets = (0..cast::DEVICE_COUNT)
            .map(|t| Tablet::new(t, &mut world.random))
            .collect();
        world.stranger_settles();
        world.hostile_hub_settles();
        world.thief_settles();
        world
    }

    /// Runs until silence, or until the first broken promise.
    pub(crate) fn run(mut self) -> RunResult {
        self.begin();
        let mut events = 0;
        while let Some(Reverse(due)) = self.queue.pop() {
            self.now = due.at;
            self.happens(due.event);
            events += 1;
            if events > EVENTS_MAX {
                self.oracle.broken(self.now, "silence_comes", || {
                    "it goes round in circles".into()
                });
            }
            if self.is_silent || self.oracle.violation.is_some() {
                break;
            }
        }
        self.counts
            .ran(self.now, self.plan.commands(), &self.oracle);
        if let Some(recorder) = &mut self.recorder {
            recorder.ends(&self.order_db, &self.edges);
        }
        let Self {
            oracle,
            counts,
            trace,
            recorder,
            now,
            ..
        } = self;
        RunResult {
            violation: oracle.violation,
            counts,
            trace,
            recorder,
            lasted_ms: now,
        }
    }

    fn begin(&mut self) {
        self.later(0, WorldEvent::OrderStarts);
        (0..cast::REPLICA_COUNT)
            .for_each(|replica| self.later(0, WorldEvent::ReplicaStarts { replica }));
        (0..cast::EDGE_COUNT).for_each(|edge| self.later(1, WorldEvent::EdgeStarts { edge }));
        for (n, at) in self
            .plan
            .steps
            .iter()
            .map(|step| step.at)
            .enumerate()
            .collect::<Vec<_>>()
        {
            self.later(at, WorldEvent::Step(n));
        }
        self.plan_backups();
        self.later(0, WorldEvent::Compares);
        self.later(self.plan.heals_at, WorldEvent::Heals);
    }

    pub(crate) fn later(&mut self, in_ms: u64, event: WorldEvent) {
        self.queued += 1;
        self.queue.push(Reverse(Due {
            at: self.now + in_ms,
            n: self.queued,
            event,
        }));
    }

    /// Draws a waiting time.
    pub(crate) fn soon(&mut self, least: u64, most: u64) -> u64 {
        self.random.between(least, most)
    }

    /// Adds an explanation outside the hash.
    pub(crate) fn say(&mut self, words: impl FnOnce(&Self) -> String) {
        if self.trace.is_read() {
            let words = words(self);
            self.trace.say(self.now, &words);
        }
    }

    /// Adds a line to the trace; `words` runs only if the text is wanted.
    pub(crate) fn note(&mut self, what: u64, number: u64, words: impl FnOnce(&Self) -> String) {
        if self.trace.note(self.now, what, number) {
            let words = words(self);
            self.trace.say(self.now, &words);
        }
    }
}
