//! The regions' feeds. Mirrors `sync/hub/src/store/feed.rs` and `feed/orders.rs`.

use std::{collections::BTreeMap, rc::Rc};

use planted::is_planted;
use wire::{FeedChange, Hash, Order, OrderId, Region, RegionAssignment};

use super::{Entity, FeedRow, NewestVersion, RegionRow, SyncDb};
use crate::{
    bug::Bug,
    cloud::{BusEvent, BusNews},
};

impl SyncDb {
    pub fn feed(&self, region: Region, after: u64, limit: u32) -> (u64, Vec<FeedChange>) {
        let Some(row) = self.regions.get(&region) else {
            return (after, Vec::new());
        };
        let mut to = after;
        let mut changes = Vec::new();
        for (seq, row) in row.feed.range(after + 1..).take(limit as usize) {
            to = *seq;
            changes.push(FeedChange::clone(&row.change));
            if row.entity == Entity::Assignment {
                break;
            }
        }
        (to, changes)
    }

    /// Returns true if an event is new, under its region's row lock. `fed` commits it.
    pub fn feeds(&self, event: &BusEvent) -> bool {
        let Some(region) = self.regions.get(&event.region()) else {
            return false;
        };
        let known = match &event.what {
            BusNews::Order(order) => {
                region.version_of(order.id) >= order.version && !is_planted(Bug::FeedTakesOlder)
            }
            BusNews::Assigned(_, word) => region.assignment.policy_version >= word.policy_version,
            BusNews::Revoked(..) => false,
        };
        !self.inbox.contains(&event.id) && !known
    }

    pub fn fed(&mut self, event: &BusEvent, number: Option<u64>) {
        let forgets = is_planted(Bug::FeedDigestForgets);
        self.inbox.insert(event.id);
        let Some(number) = number else { return };
        let Some(region) = self.regions.get_mut(&event.region()) else {
            return;
        };
        match &event.what {
            BusNews::Order(order) => region.arrives(number, order, forgets),
            BusNews::Assigned(_, word) => region.assigns(number, word),
            BusNews::Revoked(_, user) => {
                region.revoked.entry(*user).or_insert(number);
                let sessions = Vec::new();
                let users = vec![*user];
                let change = FeedChange::Revoked {
                    version: number,
                    sessions,
                    users,
                    person: None,
                    verification: None,
                };
                region.add(number, Entity::Revoked(*user), change);
            }
        }
    }

    /// Begins a feed of a new generation with each order once, under new numbers. The region's
    /// right comes last, because a grant is compared with the entries before it.
    pub fn begins_anew(&mut self, region: Region) {
        let Some(region) = self.regions.get_mut(&region) else {
            return;
        };
        let feed = std::mem::take(&mut region.feed);
        let mut newest = BTreeMap::new();
        for (seq, row) in feed {
            newest.insert(row.entity, (seq, row.change));
        }
        let gone = |change: &FeedChange| matches!(change, FeedChange::OrderGone { .. });
        let mut rows: Vec<(Entity, u64, Rc<FeedChange>)> = newest
            .into_iter()
            .map(|(entity, (seq, change))| (entity, seq, change))
            .collect();
        rows.retain(|(_, _, change)| !gone(change));
        rows.sort_by_key(|(entity, seq, _)| (*entity == Entity::Assignment, *seq));
        region.newest.retain(|_, newest| newest.member.is_some());
        region.feed_generation += 1;
        region.digest = Hash::ZERO;
        for (entity, _, change) in rows {
            if let FeedChange::Order(order) = &*change {
                region.digest.toggle_member(order.compute_digest());
            }
            let number = region.feed_seq + 1;
            if entity == Entity::Assignment && region.granted_seq.is_some() {
                region.granted_seq = Some(number);
            }
            region.add(number, entity, FeedChange::clone(&change));
        }
        (region.compacted_to, region.tombstones_to) = (0, 0);
    }
}

impl RegionRow {
    /// The version of a current or removed order. 0 if the feed does not have it.
    pub fn version_of(&self, order: OrderId) -> u64 {
        self.newest.get(&order).map_or(0, |newest| newest.version)
    }

    pub(super) fn arrives(&mut self, number: u64, order: &Order, forgets: bool) {
        let member = order.compute_digest();
        let newest = NewestVersion {
            version: order.version,
            member: Some(member),
        };
        match self
            .newest
            .insert(order.id, newest)
            .and_then(|before| before.member)
        {
            Some(before) if !forgets => self.digest.toggle_member(before),
            Some(_) => {}
            None => self.orders += 1,
        }
        self.digest.toggle_member(member);
        self.add(
            number,
            Entity::Order(order.id),
            FeedChange::Order(order.clone()),
        );
    }

    pub(super) fn leaves(&mut self, number: u64, order_id: OrderId, version: u64) {
        let gone = NewestVersion {
            version,
            member: None,
        };
        if let Some(before) = self
            .newest
            .insert(order_id, gone)
            .and_then(|before| before.member)
        {
            self.digest.toggle_member(before);
            self.orders = self.orders.saturating_sub(1);
        }
        self.add(
            number,
            Entity::Order(order_id),
            FeedChange::OrderGone { order_id, version },
        );
    }

    pub(super) fn assigns(&mut self, number: u64, assignment: &RegionAssignment) {
        let known = &self.assignment;
        let stands = known.holder.is_some() && known.fence == assignment.fence;
        match &assignment.holder {
            None => self.granted_seq = None,
            // An update of a current right is not a grant.
            Some(_) if stands => {}
            Some(_) => self.granted_seq = Some(number),
        }
        self.assignment = assignment.clone();
        self.add(
            number,
            Entity::Assignment,
            FeedChange::Assignment(assignment.clone()),
        );
    }

    fn add(&mut self, number: u64, entity: Entity, change: FeedChange) {
        self.feed_seq = self.feed_seq.max(number);
        let row = FeedRow {
            entity,
            change: Rc::new(change),
            digest: self.digest,
        };
        self.feed.insert(number, row);
    }
}
