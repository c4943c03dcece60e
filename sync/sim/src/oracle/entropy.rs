//! Promises of snapshots and anti-entropy: a snapshot is one consistent view, a repair never lowers
//! a version, and only losses made on purpose are repaired. Any other repair would hide a fault.

use std::collections::BTreeMap;

use wire::{FeedChange, OrderId, Region};

use super::Oracle;
use crate::{
    cloud::sync_db::{Entity, SyncDb},
    edge::EdgeFile,
};

/// The whole history of a region's feed, including the compacted part.
#[derive(Default)]
pub(crate) struct FeedHistory {
    generation: u64,
    last: u64,
    orders: Vec<(u64, OrderId, u64, bool)>,
    newest: BTreeMap<OrderId, u64>,
}

impl Oracle {
    pub fn is_strange(&self, id: OrderId) -> bool {
        self.strange.contains(&id)
    }

    /// 7. Every repaired loss was made on purpose or is still in transit.
    pub fn repaired(&mut self, at: u64, lost: bool, what: impl FnOnce() -> String) {
        self.check(at, "only_what_was_lost_is_repaired", lost, || {
            format!("{} was not lost on purpose, and had to be repaired", what())
        });
    }

    /// 7. The same for an edge's view.
    pub fn repairs_edge(&mut self, at: u64, e: usize, region: Region) {
        let damaged = self.damaged.contains(&region);
        self.check(at, "only_what_was_lost_is_repaired", damaged, || {
            format!("the data of edge {e} differs from the cloud without injected damage")
        });
    }

    /// 6. Every reader of a feed sees a departure before it is compacted.
    pub fn forgets(&mut self, at: u64, region: Region, behind: Option<usize>, number: u64) {
        self.check(
            at,
            "a_tombstone_stands_until_all_have_passed",
            behind.is_none(),
            || format!("{region} forgets {number}, and machine {behind:?} has not read so far"),
        );
    }

    /// 7. A feed never returns to an older version of an order.
    pub fn says(&mut self, at: u64, db: &SyncDb, region: Region) {
        let Some(row) = db.region(region) else { return };
        let Some((number, last)) = row.feed.last_key_value() else {
            return;
        };
        let said = self.said.entry(region).or_default();
        if *number <= said.last {
            return;
        }
        said.last = *number;
        let (id, version, gone) = match &*last.change {
            FeedChange::Order(order) => (order.id, order.version, false),
            FeedChange::OrderGone { order_id, version } => (*order_id, *version, true),
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
        let orders = row
            .feed
            .iter()
            .filter_map(|(number, row)| match (&*row.change, row.entity) {
                (FeedChange::Order(order), Entity::Order(id)) => {
                    Some((*number, id, order.version, false))
                }
                _ => None,
            });
        let orders: Vec<(u64, OrderId, u64, bool)> = orders.collect();
        let newest = orders
            .iter()
            .map(|(_, id, version, _)| (*id, *version))
            .collect();
        let generation = row.feed_generation;
        let last = row.feed_seq;
        self.said.insert(
            region,
            FeedHistory {
                generation,
                last,
                orders,
                newest,
            },
        );
    }

    /// 7. A snapshot that became the view is the region exactly as of its feed number.
    pub fn image_is_the_view(&mut self, at: u64, region: Region, file: &EdgeFile) {
        let Some(said) = self.said.get(&region) else {
            return;
        };
        let book = file.book.read();
        if said.generation != 0 && said.generation != book.feed_generation {
            // The snapshot's feed generation is gone.
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
            format!(
                "{} has taken {brought:?} for {region} as of {as_of}: {stands:?}",
                book.edge_id
            )
        });
    }
}
