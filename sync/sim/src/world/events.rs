//! The events of the world, their order in the queue, and the step that each one takes.

use super::{
    World,
    messages::{Comparison, DeskReply, EdgeHead, OwnerMessage, Packet},
};
use crate::plan::Side;

/// The next event. An event for a process names that process's run.
pub(crate) enum WorldEvent {
    Step(usize),
    Lifted(usize),
    Heals,
    IsItSilent,
    Try {
        tablet: usize,
        item: usize,
    },
    AtEdge {
        edge: usize,
        tablet: usize,
        frame: Box<wire::CmdFrame>,
    },
    AtTablet {
        tablet: usize,
        edge: usize,
        reply: Box<wire::Reply>,
    },
    EdgeStarts {
        edge: usize,
    },
    Written {
        edge: usize,
        run: u32,
    },
    Calls {
        edge: usize,
        run: u32,
    },
    EdgeTick {
        edge: usize,
        conn: usize,
    },
    Arrives {
        conn: usize,
        to: Side,
        packet: Packet,
        is_stray: bool,
    },
    Closed {
        conn: usize,
        at: Side,
    },
    ReplicaStarts {
        replica: usize,
    },
    HubTick {
        conn: usize,
    },
    HubStores {
        conn: usize,
    },
    HubReads {
        conn: usize,
    },
    Looks {
        replica: usize,
        run: u32,
    },
    Passes {
        replica: usize,
        run: u32,
        edge: usize,
    },
    OwnerAnswers(Box<OwnerMessage>),
    OrderStarts,
    Asks(Box<crate::cloud::DecisionRequest>),
    OrderCommits {
        tx: u64,
        run: u32,
    },
    Relays {
        run: u32,
    },
    Confirmed {
        run: u32,
        numbers: Vec<u64>,
    },
    Delivers,
    FeedCommits {
        delivery: u64,
    },
    DeskTries {
        item: usize,
    },
    DeskHears {
        item: usize,
        heard: Option<Box<DeskReply>>,
    },
    HandsIn {
        replica: usize,
        run: u32,
        again: bool,
    },
    LooksForLife {
        conn: usize,
        number: u64,
        asked_at: u64,
    },
    LooksForQuestions {
        replica: usize,
        run: u32,
    },
    TakesRightsBack(Box<crate::cloud::QuarantineRun>),
    EpochEnds {
        confining: Box<crate::cloud::QuarantineRun>,
        recorded: bool,
    },
    BacksUp {
        step: usize,
    },
    Head {
        tablet: usize,
        edge: usize,
        head: EdgeHead,
    },
    Compares,
    OwnerIsRead(Box<Comparison>),
    FeedIsMended(Box<Comparison>),
    LooksAtEdges {
        replica: usize,
        run: u32,
    },
    ViewIsDamaged {
        edge: usize,
        size: u64,
    },
    FeedBeginsAnew {
        region: wire::Region,
    },
    Operator(OperatorEvent),
}

/// What an operator does, or what follows from it.
pub(crate) enum OperatorEvent {
    Operates { n: usize },
    RightsEnd,
    LetsGo { edge: usize, epoch: u64, seq: u64 },
    Readmits { edge: usize },
    EnrolsAnew { edge: usize },
    Disables { edge: usize, since: u64 },
    SettlesDisabling { edge: usize },
    GetsNewKey { edge: usize, keeps_log: bool },
}

/// One queue entry; entries at the same time keep their insertion order.
pub(super) struct Due {
    pub at: u64,
    pub n: u64,
    pub event: WorldEvent,
}

impl World {
    pub(super) fn happens(&mut self, event: WorldEvent) {
        if let Some(wakes_at) = self.sleeps(&event) {
            // It waits in the kernel, or for the clock.
            return self.later(wakes_at - self.now, event);
        }
        match event {
            WorldEvent::Step(n) => self.step(n),
            WorldEvent::Lifted(n) => self.lift(n),
            WorldEvent::Heals => self.heal(),
            WorldEvent::IsItSilent => self.look_for_silence(),
            WorldEvent::Try { tablet, item } => self.tablet_tries(tablet, item),
            WorldEvent::AtEdge {
                edge,
                tablet,
                frame,
            } => self.edge_takes(edge, tablet, *frame),
            WorldEvent::AtTablet {
                tablet,
                edge,
                reply,
            } => self.tablet_hears(tablet, edge, *reply),
            WorldEvent::EdgeStarts { edge } => self.edge_starts(edge),
            WorldEvent::Written { edge, run } => self.edge_wrote(edge, run),
            WorldEvent::Calls { edge, run } => self.edge_calls(edge, run),
            WorldEvent::EdgeTick { edge, conn } => self.edge_ticks(edge, conn),
            WorldEvent::Arrives {
                conn,
                to,
                packet,
                is_stray,
            } => {
                self.arrives(conn, to, packet, is_stray);
            }
            WorldEvent::Closed { conn, at } => self.closed(conn, at),
            WorldEvent::ReplicaStarts { replica } => self.replica_starts(replica),
            WorldEvent::HubTick { conn } => self.hub_ticks(conn),
            WorldEvent::HubStores { conn } => self.hub_stores(conn),
            WorldEvent::HubReads { conn } => self.hub_reads(conn),
            WorldEvent::Looks { replica, run } => self.replica_looks(replica, run),
            WorldEvent::Passes { replica, run, edge } => self.run_worker_pass(replica, run, edge),
            WorldEvent::OwnerAnswers(answer) => self.receive_owner_answer(*answer),
            WorldEvent::OrderStarts => self.order_starts(),
            WorldEvent::Asks(asked) => self.order_asked(*asked),
            WorldEvent::OrderCommits { tx, run } => self.order_commits(tx, run),
            WorldEvent::Relays { run } => self.relay(run),
            WorldEvent::Confirmed { run, numbers } => self.relay_confirmed(run, &numbers),
            WorldEvent::Delivers => self.bus_delivers(),
            WorldEvent::FeedCommits { delivery } => self.feed_commits(delivery),
            WorldEvent::DeskTries { item } => self.desk_tries(item),
            WorldEvent::DeskHears { item, heard } => self.desk_hears(item, heard),
            WorldEvent::HandsIn {
                replica,
                run,
                again,
            } => self.retry_waiting_accepts(replica, run, again),
            WorldEvent::LooksForLife {
                conn,
                number,
                asked_at,
            } => {
                self.hub_looks_for_life(conn, number, asked_at);
            }
            WorldEvent::LooksForQuestions { replica, run } => {
                self.looks_for_questions(replica, run)
            }
            WorldEvent::TakesRightsBack(confining) => self.takes_rights_back(confining),
            WorldEvent::EpochEnds {
                confining,
                recorded,
            } => self.epoch_ends(&confining, recorded),
            WorldEvent::BacksUp { step } => self.backs_up(step),
            WorldEvent::Head { tablet, edge, head } => self.tablet_sees_head(tablet, edge, head),
            WorldEvent::Compares => self.compares(),
            WorldEvent::OwnerIsRead(comparison) => self.owner_is_read(comparison),
            WorldEvent::FeedIsMended(comparison) => self.feed_is_mended(comparison),
            WorldEvent::LooksAtEdges { replica, run } => self.looks_at_edges(replica, run),
            WorldEvent::ViewIsDamaged { edge, size } => self.view_is_damaged(edge, size),
            WorldEvent::FeedBeginsAnew { region } => self.feed_begins_anew(region),
            WorldEvent::Operator(event) => self.apply_operator_event(event),
        }
    }

    fn apply_operator_event(&mut self, event: OperatorEvent) {
        match event {
            OperatorEvent::Operates { n } => self.operates(n),
            OperatorEvent::RightsEnd => self.rights_end(),
            OperatorEvent::LetsGo { edge, epoch, seq } => self.lets_go(edge, epoch, seq),
            OperatorEvent::Readmits { edge } => self.readmits(edge),
            OperatorEvent::EnrolsAnew { edge } => self.enrols_anew(edge),
            OperatorEvent::Disables { edge, since } => self.disables(edge, since),
            OperatorEvent::SettlesDisabling { edge } => self.settles_disabling(edge),
            OperatorEvent::GetsNewKey { edge, keeps_log } => self.gets_new_key(edge, keeps_log),
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
