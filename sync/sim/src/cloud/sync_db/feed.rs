//! The regions' feeds. Mirrors `sync/hub/src/store/feed.rs` and `compact.rs`.

use std::{collections::BTreeMap, rc::Rc};

use wire::{Change, Region};

use super::{Entity, SyncDb};
use crate::{
    bug::Bug,
    cloud::{Event, Happened},
};

impl SyncDb {
    pub fn feed(&self, region: Region, after: u64, limit: u32) -> (u64, Vec<Change>) {
        let Some(row) = self.regions.get(&region) else { return (after, Vec::new()) };
        let (mut to, mut changes) = (after, Vec::new());
        for (seq, (entity, change)) in row.feed.range(after + 1..).take(limit as usize) {
            to = *seq;
            changes.push(Change::clone(change));
            if *entity == Entity::Assignment {
                break;
            }
        }
        (to, changes)
    }

    /// Whether an event is news, under the lock of its region's row; to be committed by `fed`.
    pub fn feeds(&self, event: &Event) -> bool {
        let Some(region) = self.regions.get(&event.region()) else { return false };
        let known = match &event.what {
            Happened::Order(order) => {
                let newest = region.newest.get(&order.id);
                newest.is_some_and(|(v, _)| *v >= order.version) && !self.has(Bug::FeedTakesOlder)
            }
            Happened::Assigned(_, word) => region.assignment.policy_version >= word.policy_version,
            Happened::Revoked(..) => false,
        };
        !self.inbox.contains(&event.id) && !known
    }

    pub fn fed(&mut self, event: &Event, number: Option<u64>) {
        let forgets = self.has(Bug::FeedDigestForgets);
        self.inbox.insert(event.id);
        let Some(number) = number else { return };
        let Some(region) = self.regions.get_mut(&event.region()) else { return };
        let (entity, change) = match &event.what {
            Happened::Order(order) => {
                let member = order.digest();
                if let Some((_, before)) = region.newest.insert(order.id, (order.version, member))
                    && !forgets
                {
                    region.digest.toggle(before);
                }
                region.digest.toggle(member);
                (Entity::Order(order.id), Change::Order(order.clone()))
            }
            Happened::Assigned(_, word) => {
                let known = &region.assignment;
                let stands = known.holder.is_some() && known.fence == word.fence;
                match &word.holder {
                    None => region.granted_seq = None,
                    // A word about a right that stands is not a grant.
                    Some(_) if stands => {}
                    Some(_) => region.granted_seq = Some(number),
                }
                region.assignment = word.clone();
                (Entity::Assignment, Change::Assignment(word.clone()))
            }
            Happened::Revoked(_, user) => {
                region.revoked.entry(*user).or_insert(number);
                let (sessions, users) = (Vec::new(), vec![*user]);
                (Entity::Revoked(*user), Change::Revoked { version: number, sessions, users })
            }
        };
        region.feed_seq = region.feed_seq.max(number);
        region.feed.insert(number, (entity, Rc::new(change)));
    }

    /// Takes out versions that newer ones stand for, as far as every edge of the region has read.
    pub fn compact(&mut self, region: Region) {
        let readers = self.edges.iter().filter(|edge| edge.enrolled && edge.region == region);
        let to = readers.map(|edge| edge.feed_cursor).min().unwrap_or(0);
        let Some(row) = self.regions.get_mut(&region) else { return };
        // Nothing before the standing grant is taken out for something after it.
        let granted = row.granted_seq.unwrap_or(0);
        let side = |seq: u64| seq > granted;
        let mut newest = BTreeMap::new();
        for (seq, (entity, _)) in row.feed.range(..=to) {
            newest.insert((*entity, side(*seq)), *seq);
        }
        row.feed.retain(|seq, (entity, _)| {
            *seq > to || *seq == granted || newest.get(&(*entity, side(*seq))) == Some(seq)
        });
    }
}
