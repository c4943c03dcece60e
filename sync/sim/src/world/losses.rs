//! Losses for anti-entropy and snapshots to repair: discarded events, a damaged view, a strange
//! order, a feed that starts over, and a compacted feed.

use rules::HolderEpoch;
use uuid::Uuid;
use wire::{EventId, Order, OrderId, OrderStatus, Region};

use super::{World, WorldEvent, operator};
use crate::{
    cast,
    cloud::{self, BusNews},
    plan::{Fault, ONLY_OF_FEED},
};

impl World {
    /// The next event that leaves the order service does not arrive, though the bus confirmed it.
    pub(crate) fn is_thrown_away(&mut self, event: &cloud::BusEvent) -> bool {
        if self.loses_next == 0 {
            return false;
        }
        self.loses_next -= 1;
        self.counts.events_lost += 1;
        self.oracle.lost.push(event.clone());
        self.note(34, self.counts.events_lost, |_| match &event.what {
            BusNews::Order(order) => {
                let id = super::orders::short(order.id.0);
                let version = order.version;
                format!("the event of order {id} (v{version}) is lost")
            }
            BusNews::Assigned(region, _) => format!("the event of how {region} assigns is lost"),
            BusNews::Revoked(..) => "a revocation is lost".to_owned(),
        });
        true
    }

    /// Removes an order from an edge's view as if no feed had delivered it, or keeps it as if only
    /// an outcome had. An outcome names only orders that the owner has. Never runs while a firm
    /// answer depends on that view.
    pub(crate) fn view_is_damaged(&mut self, m: usize, size: u64) {
        let node = &self.edges[m];
        let busy = node.writer.committing.is_some() || !node.writer.waiting.is_empty();
        if busy && !self.has_healed {
            return self.later(3, WorldEvent::ViewIsDamaged { edge: m, size });
        }
        let pending = |id: &OrderId| {
            let pending = node.file.pending.live();
            pending.values().any(|row| row.order_id == *id)
        };
        let only_of_feed = size % 3 == ONLY_OF_FEED;
        let told = |id: &OrderId| !only_of_feed || self.order_db.orders.contains_key(id);
        let orders = node
            .file
            .orders
            .live()
            .keys()
            .filter(|id| !pending(id) && told(id));
        let free: Vec<OrderId> = orders.copied().collect();
        let holds = node.file.book.live.lease.held.is_some();
        if busy || holds || free.is_empty() {
            return;
        }
        let id = free[usize::try_from(size).unwrap_or(0) % free.len()];
        let name = node.edge_id.clone();
        if only_of_feed {
            self.edges[m].file.forget_feed_version(id);
        } else {
            self.edges[m].file.lose_order(id);
        }
        self.edges[m].file.commit();
        self.oracle.damaged.insert(cast::region(m));
        self.counts.views_damaged += 1;
        self.note(35, m as u64, |_| {
            let id = super::orders::short(id.0);
            let of = if only_of_feed { "feed" } else { "view" };
            format!("order {id} is gone from the {of} of {name}")
        });
    }

    /// An order that its owner does not have gets into a feed.
    pub(crate) fn strange_order_comes(&mut self, fault: &Fault) {
        let region = cast::region(fault.on);
        let Some(like) = self.known.get(&region).and_then(|known| known.first()) else {
            return;
        };
        let Some(like) = self.order_db.orders.get(like) else {
            return;
        };
        let id = OrderId(Uuid::from_u64_pair(0x57_a46e, self.now));
        let order = Order {
            id,
            status: OrderStatus::Rejected,
            version: 2,
            ..like.order.clone()
        };
        self.oracle.strange.insert(id);
        let event = EventId(Uuid::from_u64_pair(0x57_a46e, self.now));
        let what = BusNews::Order(order);
        self.bus
            .queue
            .push_back(cloud::BusEvent { id: event, what });
        self.later(0, WorldEvent::Delivers);
    }

    /// The region's feed starts over, in a new generation.
    pub(crate) fn feed_begins_anew(&mut self, region: Region) {
        if self
            .sync_db
            .region(region)
            .is_none_or(|row| row.locked_by.is_some())
        {
            return self.later(2, WorldEvent::FeedBeginsAnew { region });
        }
        self.sync_db.begins_anew(region);
        self.counts.feeds_anew += 1;
        self.oracle.begins_anew(&self.sync_db, region);
        self.note(36, region.index().into(), |_| {
            format!("the feed of {region} restarts")
        });
        (0..cast::REPLICA_COUNT).for_each(|r| self.replica_sees_region(r, region));
    }

    /// The feeds drop everything that no recently seen edge needs.
    pub(crate) fn feeds_are_compacted(&mut self) {
        for region in cast::REGIONS {
            let compacted = self.sync_db.compact(region, self.now);
            self.counts.compacted += compacted.versions;
            self.counts.tombstones_dropped += compacted.tombstones.len() as u64;
            let Some(last) = compacted.tombstones.last().copied() else {
                continue;
            };
            let behind = (0..cast::MACHINE_COUNT).find(|&m| self.reads_behind(m, region, last));
            self.oracle.forgets(self.now, region, behind, last);
        }
    }

    /// Returns true if this machine has a session that still reads the feed before that number.
    fn reads_behind(&self, m: usize, region: Region, number: u64) -> bool {
        let node = &self.edges[m];
        let Some(link) = node.link.as_ref().filter(|link| link.machine.is_open()) else {
            return false;
        };
        let conn = &self.net.conns[link.conn];
        let session = self.replicas[conn.replica].sessions.get(&link.conn);
        let row = &self.sync_db.edges[conn.id];
        let book = node.file.book.read();
        let reads =
            session.is_some_and(|session| session.term == Some(row.term) && !session.is_imaging);
        let generation = self.sync_db.region(region).map(|row| row.feed_generation);
        row.region == region
            && reads
            && Some(book.feed_generation) == generation
            && (1..number).contains(&book.feed_cursor)
    }

    pub(crate) fn renewal_is_asked(&mut self, region: Region, holder: HolderEpoch, fence: u64) {
        self.operator_asks(region, operator::OperatorAct::Renews(holder, fence));
    }
}
