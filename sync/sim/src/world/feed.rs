//! The bus's deliveries to the hub, and their feed transactions. Mirrors `sync/hub/src/feed.rs`
//! and `store/feed.rs`, on a bus that delivers at least once.

use planted::is_planted;

use super::{World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::{BusNews, FeedWrite, HubDelivery},
};

/// Maximum unacknowledged deliveries over all consumers.
const PREFETCH: usize = 4;

impl World {
    pub(crate) fn bus_delivers(&mut self) {
        while self.bus.unconfirmed.len() < PREFETCH && !self.bus.is_down {
            let up: Vec<usize> = (0..cast::REPLICA_COUNT)
                .filter(|&r| self.replicas[r].is_running)
                .collect();
            if up.is_empty() {
                return;
            }
            let near = self.bus.queue.len().min(4);
            let ahead = match self.bus.repeats && self.strikes(400) {
                true if self.plan.tuning.every => near.saturating_sub(1),
                true => self.random.below(near),
                false => 0,
            };
            let Some(event) = self.bus.queue.get(ahead).cloned() else {
                return;
            };
            let region = event.region();
            let locked = self
                .sync_db
                .region(region)
                .is_none_or(|row| row.locked_by.is_some());
            if locked && !is_planted(Bug::FeedRowUnlocked) {
                // The transaction with the lock calls again when it is done.
                return;
            }
            self.bus.queue.remove(ahead);
            if self.bus.repeats && self.random.chance(200) {
                self.bus.queue.push_back(event.clone());
            }
            let replica = *self.random.pick(&up);
            self.feed_begins(event, replica);
        }
    }

    /// Locks the region's row from before the check until the commit.
    fn feed_begins(&mut self, event: crate::cloud::BusEvent, replica: usize) {
        self.deliveries += 1;
        let delivery = self.deliveries;
        let wanted = self.sync_db.feeds(&event);
        let unlocked = is_planted(Bug::FeedRowUnlocked);
        let Some(row) = self.sync_db.regions.get_mut(&event.region()) else {
            return;
        };
        row.locked_by = Some(delivery);
        let feed = wanted.then(|| {
            row.numbers = if unlocked {
                row.numbers + 1
            } else {
                row.feed_seq + 1
            };
            FeedWrite {
                number: row.numbers,
            }
        });
        self.bus.unconfirmed.insert(
            delivery,
            HubDelivery {
                event,
                replica,
                feed,
            },
        );
        let late = self.feeds_late() && self.random.chance(500);
        let takes = if late {
            self.soon(50, 2_000)
        } else {
            self.soon(0, 2)
        };
        self.later(takes, WorldEvent::FeedCommits { delivery });
    }

    pub(crate) fn feed_commits(&mut self, delivery: u64) {
        let Some(HubDelivery {
            event,
            replica,
            feed,
            ..
        }) = self.bus.unconfirmed.remove(&delivery)
        else {
            return;
        };
        let region = event.region();
        self.sync_db
            .fed(&event, feed.as_ref().map(|feed| feed.number));
        self.unlock(region, delivery);
        if feed.is_some() {
            self.counts.fed += 1;
            self.oracle.fed(self.now, &self.sync_db, region);
            self.replica_sees_region(replica, region);
        } else {
            self.counts.fed_before += 1;
        }
        // Also for a repeated event: its consumer may have died before the acknowledgement.
        if matches!(event.what, BusNews::Assigned(..)) {
            self.retry_held_ops(replica);
        }
        self.later(0, WorldEvent::Delivers);
    }

    /// Rolls back its transactions; the bus redelivers unacknowledged events.
    pub(crate) fn bus_loses_consumer(&mut self, replica: usize) {
        let lost: Vec<u64> = self
            .bus
            .unconfirmed
            .iter()
            .filter(|(_, d)| d.replica == replica)
            .map(|(n, _)| *n)
            .collect();
        for delivery in lost.into_iter().rev() {
            let Some(HubDelivery { event, feed, .. }) = self.bus.unconfirmed.remove(&delivery)
            else {
                continue;
            };
            // It may have committed and died before the acknowledgement.
            if self.random.chance(500) && !is_planted(Bug::EventBeforeFeed) {
                let number = feed.map(|feed| feed.number);
                self.sync_db.fed(&event, number);
                // A repeated event adds nothing, and earlier rows may be compacted.
                if number.is_some() {
                    self.oracle.fed(self.now, &self.sync_db, event.region());
                }
            }
            self.unlock(event.region(), delivery);
            if !is_planted(Bug::EventBeforeFeed) {
                self.counts.redelivered += 1;
                self.bus.queue.push_front(event);
            }
        }
        self.later(0, WorldEvent::Delivers);
    }

    fn unlock(&mut self, region: wire::Region, delivery: u64) {
        if let Some(row) = self.sync_db.regions.get_mut(&region)
            && row.locked_by == Some(delivery)
        {
            row.locked_by = None;
        }
    }
}
