//! Promises of images and of anti-entropy: an image is one view, a repair never lowers, and nothing is
//! repaired that was not lost on purpose, for that would hide what a part has done wrong.

use std::collections::BTreeMap;

use wire::{Change, OrderId, Region};

use super::Oracle;
use crate::{
    cloud::sync_db::{Entity, SyncDb},
    edge::File,
};

/// All that a region's feed has ever said of orders, whatever it has forgotten since.
#[derive(Default)]
pub struct Said {
    generation: u64,
    last: u64,
    orders: Vec<(u64, OrderId, u64, bool)>,
    newest: BTreeMap<OrderId, u64>,
}

impl Oracle {
    pub fn is_strange(&self, id: OrderId) -> bool {
        self.strange.contains(&id)
    }

    /// 7. What a comparison puts right was thrown away on purpose, or is still on its way.
    pub fn repaired(&mut self, at: u64, lost: bool, what: impl FnOnce() -> String) {
        self.check(at, "only_what_was_lost_is_repaired", lost, || {
            format!("{} was not lost on purpose, and had to be repaired", what())
        });
    }

    /// 7. The same for what an edge has.
    pub fn repairs_edge(&mut self, at: u64, e: usize, region: Region) {
        let damaged = self.damaged.contains(&region);
        self.check(at, "only_what_was_lost_is_repaired", damaged, || {
            format!("what edge {e} has differs from the cloud, and nobody has damaged it")
        });
    }

    /// 6. Who reads a feed hears of everything that has left before that is forgotten.
    pub fn forgets(&mut self, at: u64, region: Region, behind: Option<usize>, number: u64) {
        self.check(at, "a_tombstone_stands_until_all_have_passed", behind.is_none(), || {
            format!("{region} forgets {number}, and machine {behind:?} has not read so far")
        });
    }

    /// 7. What a feed says of an order never goes back.
    pub fn says(&mut self, at: u64, db: &SyncDb, region: Region) {
        let Some(row) = db.region(region) else { return };
        let Some((number, last)) = row.feed.last_key_value() else { return };
        let said = self.said.entry(region).or_default();
        if *number <= said.last {
            return;
        }
        said.last = *number;
        let (id, version, gone) = match &*last.change {
            Change::Order(order) => (order.id, order.version, false),
            Change::OrderGone { order_id, version } => (*order_id, *version, true),
            _ => return,
        };
        said.orders.push((*number, id, version, gone));
        let before = said.newest.insert(id, version).unwrap_or(0);
        let forward = version > before || (gone && version == before);
        self.check(at, "a_feed_never_goes_back", forward, || {
            format!("{region} says version {version} of {id} after {before}")
        });
    }

    pub fn begins_anew(&mut self, db: &SyncDb, region: Region) {
        let Some(row) = db.region(region) else { return };
        let orders = row.feed.iter().filter_map(|(number, row)| match (&*row.change, row.entity) {
            (Change::Order(order), Entity::Order(id)) => Some((*number, id, order.version, false)),
            _ => None,
        });
        let orders: Vec<(u64, OrderId, u64, bool)> = orders.collect();
        let newest = orders.iter().map(|(_, id, version, _)| (*id, *version)).collect();
        let (generation, last) = (row.feed_generation, row.feed_seq);
        self.said.insert(region, Said { generation, last, orders, newest });
    }

    /// 7. An image that has become the view is the region as of its number: no less, and of the feed no
    ///    more.
    pub fn image_is_the_view(&mut self, at: u64, region: Region, file: &File) {
        let Some(said) = self.said.get(&region) else { return };
        let book = file.book.read();
        if said.generation != 0 && said.generation != book.feed_generation {
            // It is an image of a feed that is no more.
            return;
        }
        let mut stands: BTreeMap<OrderId, u64> = BTreeMap::new();
        for (_, id, version, gone) in said.orders.iter().filter(|row| row.0 <= book.feed_cursor) {
            match gone {
                true => drop(stands.remove(id)),
                false => drop(stands.insert(*id, *version)),
            }
        }
        let rows = file.orders.durable().iter();
        let brought = rows.filter(|(_, row)| row.feed_version > 0);
        let brought: BTreeMap<OrderId, u64> =
            brought.map(|(id, row)| (*id, row.feed_version)).collect();
        let as_of = book.feed_cursor;
        self.check(at, "an_image_is_one_view", brought == stands, || {
            format!("{} has taken {brought:?} for {region} as of {as_of}: {stands:?}", book.name)
        });
    }
}
