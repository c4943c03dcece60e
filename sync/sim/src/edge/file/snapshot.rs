//! A region's snapshot: staged chunk by chunk, and made the view in one commit. Mirrors
//! `edge-node/src/store/snapshot.rs`.

use engine::{
    edge::SnapshotChunkWrite,
    view::{ConfirmedOrder, ViewDigest},
};
use planted::is_planted;
use wire::{FeedChange, Order, OrderId, is_open};

use super::EdgeFile;
use crate::bug::Bug;

impl EdgeFile {
    pub(super) fn stage(&mut self, run: SnapshotChunkWrite) {
        if run.begins && !is_planted(Bug::StagedKept) {
            self.forget_staged();
        }
        let staged = run.as_staged();
        let SnapshotChunkWrite {
            feed_generation,
            feed_seq,
            hash,
            changes,
            ..
        } = run;
        for change in changes {
            match change {
                FeedChange::Order(order) => self.staged_orders.put(order.id, order),
                other => {
                    let last = self.staged_changes.live().keys().next_back();
                    let number = last.map_or(0, |last| last + 1);
                    self.staged_changes.put(number, other);
                }
            }
        }
        if staged.is_some() {
            self.book.live.staged = staged;
            return;
        }
        self.enter_generation(feed_generation);
        self.adopt_staged_snapshot();
        self.book.live.feed_cursor = feed_seq;
        self.book.live.snapshot = Some(hash);
        self.forget_staged();
        if is_planted(Bug::ImageDropsOverlay) {
            self.pending.clear();
        }
    }

    /// Revocation versions are feed numbers, so they mean nothing in another generation.
    pub(super) fn enter_generation(&mut self, generation: u64) {
        if self.book.live.feed_generation != generation {
            self.book.live.feed_generation = generation;
            self.book.live.revocations_version = 0;
        }
    }

    /// Removes an order from the view, as if no feed had ever delivered it.
    pub fn lose_order(&mut self, order_id: OrderId) {
        self.drop_order(order_id);
    }

    /// Keeps an order in the view, as if only an outcome had delivered it.
    pub fn forget_feed_version(&mut self, order_id: OrderId) {
        let Some(row) = self.orders.get(&order_id).cloned() else {
            return;
        };
        let forgotten = ConfirmedOrder {
            order: row.order.clone(),
            feed_version: 0,
        };
        self.book
            .live
            .tally
            .replace_row(Some(&row), Some(&forgotten));
        self.orders.put(order_id, forgotten);
        self.brought.remove(&order_id);
    }

    fn forget_staged(&mut self) {
        self.book.live.staged = None;
        self.staged_orders.clear();
        self.staged_changes.clear();
    }

    /// Never lowers a version; versions that an outcome brought ahead of the snapshot stay.
    fn adopt_staged_snapshot(&mut self) {
        let snapshot: Vec<Order> = self
            .staged_orders
            .live()
            .values()
            .map(|order| Order::clone(order))
            .collect();
        let here = self.orders.live().keys().copied();
        let missing = here.filter(|id| self.staged_orders.get(id).is_none());
        let missing: Vec<OrderId> = missing.collect();
        missing
            .into_iter()
            .for_each(|id| self.drop_missing_order(id));
        for order in snapshot {
            let id = order.id;
            let version = order.version;
            self.brought.put(id, (version, is_open(order.status)));
            let known = self
                .orders
                .get(&id)
                .filter(|row| row.order.version > version);
            let kept = known.filter(|_| !is_planted(Bug::ImageLowers));
            let order = kept.map_or(order, |row| row.order.clone());
            self.orders.put(
                id,
                ConfirmedOrder {
                    order,
                    feed_version: version,
                },
            );
        }
        let mut tally = ViewDigest::default();
        for row in self.orders.live().values() {
            tally.replace_row(None, Some(row));
        }
        self.book.live.tally = tally;
        // Orders first: a grant is compared with them.
        let others: Vec<FeedChange> = self
            .staged_changes
            .live()
            .values()
            .map(|change| FeedChange::clone(change))
            .collect();
        others.into_iter().for_each(|change| self.take(change));
    }

    /// Drops the feed's version. A version that an outcome brought ahead of it stays.
    fn drop_missing_order(&mut self, id: OrderId) {
        let Some(row) = self.orders.get(&id).cloned() else {
            return;
        };
        if row.is_ahead() {
            let order = row.order.clone();
            self.orders.put(
                id,
                ConfirmedOrder {
                    order,
                    feed_version: 0,
                },
            );
            self.brought.remove(&id);
        } else {
            self.drop_order(id);
        }
    }
}
