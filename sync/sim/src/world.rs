//! The world of one seed: virtual time, one queue of what happens next, and everyone who takes part.
//!
//! Invariant: all chance comes from the seed and all time from the queue, so a seed is one run.

mod comparing;
mod desk;
mod edges;
mod faults;
mod feed;
mod hub;
mod links;
mod losses;
mod net;
mod operator;
mod orders;
mod people;
mod restores;
mod silence;
mod tablets;
pub mod tokens;
mod words;
mod work;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use crate::{
    bug::Bug,
    cast,
    cloud::{Bus, OrderService, Replica, order_db::OrderDb, sync_db::SyncDb},
    counts::Counts,
    edge::Node,
    oracle::{Oracle, Violation},
    plan::Plan,
    random::Random,
    recording::Recorder,
    trace::Trace,
};
use desk::Desk;
use faults::Faults;
use net::Net;
use operator::Operator;
use tablets::Tablet;

pub(crate) use losses::ONLY_OF_FEED;
pub(crate) use net::Packet;
pub use net::Side;

/// What happens next. Whatever is meant for a process names the run of it.
pub(crate) enum Event {
    Step(usize),
    Lifted(usize),
    Heals,
    IsItSilent,
    Try { tablet: usize, item: usize },
    AtEdge { edge: usize, tablet: usize, frame: Box<wire::CmdFrame> },
    AtTablet { tablet: usize, edge: usize, reply: Box<wire::Reply> },
    EdgeStarts { edge: usize },
    Written { edge: usize, run: u32 },
    Calls { edge: usize, run: u32 },
    EdgeTick { edge: usize, conn: usize },
    Arrives { conn: usize, to: Side, packet: Packet, is_stray: bool },
    Closed { conn: usize, at: Side },
    ReplicaStarts { replica: usize },
    HubTick { conn: usize },
    HubStores { conn: usize },
    HubReads { conn: usize },
    Looks { replica: usize, run: u32 },
    Passes { replica: usize, run: u32, edge: usize },
    OwnerAnswers(Box<hub::Answer>),
    OrderStarts,
    Asks(Box<crate::cloud::Asked>),
    OrderCommits { tx: u64, run: u32 },
    Relays { run: u32 },
    Confirmed { run: u32, numbers: Vec<u64> },
    Delivers,
    FeedCommits { delivery: u64 },
    DeskTries { item: usize },
    DeskHears { item: usize, heard: Option<Box<desk::Heard>> },
    HandsIn { replica: usize, run: u32, again: bool },
    LooksForLife { conn: usize, number: u64, asked_at: u64 },
    LooksForQuestions { replica: usize, run: u32 },
    TakesRightsBack(Box<crate::cloud::Confining>),
    EpochEnds { confining: Box<crate::cloud::Confining>, recorded: bool },
    Readmits { edge: usize },
    LetsGo { edge: usize, epoch: u64, seq: u64 },
    BacksUp { step: usize },
    Head { tablet: usize, edge: usize, head: tablets::Head },
    EnrolsAnew { edge: usize },
    Operates { n: usize },
    RightsEnd,
    Compares,
    OwnerIsRead(Box<comparing::Comparison>),
    FeedIsMended(Box<comparing::Comparison>),
    LooksAtEdges { replica: usize, run: u32 },
    ViewIsDamaged { edge: usize, size: u64 },
    FeedBeginsAnew { region: wire::Region },
}

pub(crate) struct World {
    pub now: u64,
    pub plan: Plan,
    pub bug: Option<Bug>,
    pub random: Random,
    queue: BinaryHeap<Reverse<Due>>,
    queued: u64,
    pub has_healed: bool,
    pub is_silent: bool,
    pub net: Net,
    pub edges: Vec<Node>,
    pub tablets: Vec<Tablet>,
    pub desk: Desk,
    pub replicas: Vec<Replica>,
    pub sync_db: SyncDb,
    pub orders: OrderService,
    /// Commands that make the order service fail.
    pub poison: BTreeSet<wire::CommandId>,
    /// The next command is such a one.
    pub poisons_next: u32,
    /// So many of the next events that leave the order service do not arrive.
    pub loses_next: u32,
    pub backups: BTreeMap<usize, crate::edge::File>,
    pub order_db: OrderDb,
    pub bus: Bus,
    pub deliveries: u64,
    pub passes: u64,
    pub faults: Faults,
    pub operator: Operator,
    /// Who was revoked, as auth knows it.
    pub revoked: BTreeSet<wire::UserId>,
    /// Orders by region, in the order in which people made them.
    pub known: BTreeMap<wire::Region, Vec<wire::OrderId>>,
    pub oracle: Oracle,
    pub counts: Counts,
    pub trace: Trace,
    /// Where somebody wants to put to the real stores what the models were put to.
    pub recorder: Option<Box<Recorder>>,
}

/// One entry of the queue; of two at the same time the one that was put in first.
struct Due {
    at: u64,
    n: u64,
    event: Event,
}

/// How one run ended.
pub struct Ran {
    pub violation: Option<Violation>,
    pub counts: Counts,
    pub trace: Trace,
    pub(crate) recorder: Option<Box<Recorder>>,
    pub lasted_ms: u64,
}

/// More than any run needs: beyond it something goes round in circles.
const EVENTS_MAX: u64 = 400_000;

impl World {
    pub fn new(plan: Plan, bug: Option<Bug>, trace: Trace) -> Self {
        let random = Random::seeded(plan.seed ^ 0x5eed_0f1a_5700_0000);
        let edges = (0..cast::MACHINE_COUNT).map(|m| Node::new(m, bug)).collect();
        let mut world = Self {
            now: 0,
            bug,
            random,
            queue: BinaryHeap::new(),
            queued: 0,
            has_healed: false,
            is_silent: false,
            net: Net::default(),
            edges,
            tablets: Vec::new(),
            desk: Desk::default(),
            replicas: (0..cast::REPLICA_COUNT).map(|_| Replica::default()).collect(),
            sync_db: SyncDb::new(bug),
            orders: OrderService::default(),
            poison: BTreeSet::new(),
            poisons_next: 0,
            loses_next: 0,
            backups: BTreeMap::new(),
            order_db: OrderDb { bug, ..OrderDb::default() },
            bus: Bus::default(),
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
        world.tablets =
            (0..cast::TABLET_COUNT).map(|t| Tablet::new(t, &mut world.random)).collect();
        world
    }

    /// Runs to silence, or to the first broken promise.
    pub fn run(mut self) -> Ran {
        self.begin();
        let mut events = 0;
        while let Some(Reverse(due)) = self.queue.pop() {
            self.now = due.at;
            self.happens(due.event);
            events += 1;
            if events > EVENTS_MAX {
                self.oracle.broken(self.now, "silence_comes", || "it goes round in circles".into());
            }
            if self.is_silent || self.oracle.violation.is_some() {
                break;
            }
        }
        self.counts.ran(self.now, self.plan.commands(), &self.oracle);
        if let Some(recorder) = &mut self.recorder {
            recorder.ends(&self.order_db, &self.edges);
        }
        let Self { oracle, counts, trace, recorder, now, .. } = self;
        Ran { violation: oracle.violation, counts, trace, recorder, lasted_ms: now }
    }

    fn begin(&mut self) {
        self.later(0, Event::OrderStarts);
        (0..cast::REPLICA_COUNT)
            .for_each(|replica| self.later(0, Event::ReplicaStarts { replica }));
        (0..cast::EDGE_COUNT).for_each(|edge| self.later(1, Event::EdgeStarts { edge }));
        for (n, at) in self.plan.steps.iter().map(|step| step.at).enumerate().collect::<Vec<_>>() {
            self.later(at, Event::Step(n));
        }
        self.plan_backups();
        self.later(0, Event::Compares);
        self.later(self.plan.heals_at, Event::Heals);
    }

    pub fn later(&mut self, in_ms: u64, event: Event) {
        self.queued += 1;
        self.queue.push(Reverse(Due { at: self.now + in_ms, n: self.queued, event }));
    }

    /// Draws a time to wait.
    pub fn soon(&mut self, least: u64, most: u64) -> u64 {
        self.random.between(least, most)
    }

    fn happens(&mut self, event: Event) {
        if let Some(wakes_at) = self.sleeps(&event) {
            // It waits in the kernel, or for the clock.
            return self.later(wakes_at - self.now, event);
        }
        match event {
            Event::Step(n) => self.step(n),
            Event::Lifted(n) => self.lift(n),
            Event::Heals => self.heal(),
            Event::IsItSilent => self.look_for_silence(),
            Event::Try { tablet, item } => self.tablet_tries(tablet, item),
            Event::AtEdge { edge, tablet, frame } => self.edge_takes(edge, tablet, *frame),
            Event::AtTablet { tablet, edge, reply } => self.tablet_hears(tablet, edge, *reply),
            Event::EdgeStarts { edge } => self.edge_starts(edge),
            Event::Written { edge, run } => self.edge_wrote(edge, run),
            Event::Calls { edge, run } => self.edge_calls(edge, run),
            Event::EdgeTick { edge, conn } => self.edge_ticks(edge, conn),
            Event::Arrives { conn, to, packet, is_stray } => {
                self.arrives(conn, to, packet, is_stray);
            }
            Event::Closed { conn, at } => self.closed(conn, at),
            Event::ReplicaStarts { replica } => self.replica_starts(replica),
            Event::HubTick { conn } => self.hub_ticks(conn),
            Event::HubStores { conn } => self.hub_stores(conn),
            Event::HubReads { conn } => self.hub_reads(conn),
            Event::Looks { replica, run } => self.replica_looks(replica, run),
            Event::Passes { replica, run, edge } => self.drain_passes(replica, run, edge),
            Event::OwnerAnswers(answer) => self.owner_answers(*answer),
            Event::OrderStarts => self.order_starts(),
            Event::Asks(asked) => self.order_asked(*asked),
            Event::OrderCommits { tx, run } => self.order_commits(tx, run),
            Event::Relays { run } => self.relay(run),
            Event::Confirmed { run, numbers } => self.relay_confirmed(run, &numbers),
            Event::Delivers => self.bus_delivers(),
            Event::FeedCommits { delivery } => self.feed_commits(delivery),
            Event::DeskTries { item } => self.desk_tries(item),
            Event::DeskHears { item, heard } => self.desk_hears(item, heard),
            Event::HandsIn { replica, run, again } => self.hands_in(replica, run, again),
            Event::LooksForLife { conn, number, asked_at } => {
                self.hub_looks_for_life(conn, number, asked_at);
            }
            Event::LooksForQuestions { replica, run } => self.looks_for_questions(replica, run),
            Event::TakesRightsBack(confining) => self.takes_rights_back(confining),
            Event::EpochEnds { confining, recorded } => self.epoch_ends(&confining, recorded),
            Event::Readmits { edge } => self.readmits(edge),
            Event::LetsGo { edge, epoch, seq } => self.lets_go(edge, epoch, seq),
            Event::BacksUp { step } => self.backs_up(step),
            Event::Head { tablet, edge, head } => self.tablet_sees_head(tablet, edge, head),
            Event::EnrolsAnew { edge } => self.enrols_anew(edge),
            Event::Operates { n } => self.operates(n),
            Event::RightsEnd => self.rights_end(),
            Event::Compares => self.compares(),
            Event::OwnerIsRead(comparison) => self.owner_is_read(comparison),
            Event::FeedIsMended(comparison) => self.feed_is_mended(comparison),
            Event::LooksAtEdges { replica, run } => self.looks_at_edges(replica, run),
            Event::ViewIsDamaged { edge, size } => {
                let kind = crate::plan::FaultKind::ViewDamaged;
                self.view_is_damaged(&crate::plan::Fault { kind, on: edge, lasts_ms: 0, size });
            }
            Event::FeedBeginsAnew { region } => self.feed_begins_anew(region),
        }
    }

    /// A line that only explains: it is not part of what makes two runs the same.
    pub fn say(&mut self, words: impl FnOnce(&Self) -> String) {
        if self.trace.is_read() {
            let words = words(self);
            self.trace.say(self.now, &words);
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// A line of the trace; `words` is only asked for when somebody reads it.
    pub fn note(&mut self, what: u64, number: u64, words: impl FnOnce(&Self) -> String) {
        if self.trace.note(self.now, what, number) {
            let words = words(self);
            self.trace.say(self.now, &words);
        }
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.n).cmp(&(other.at, other.n))
    }
}
