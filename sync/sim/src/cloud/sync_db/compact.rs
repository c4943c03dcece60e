//! Compaction of a feed. Mirrors the feed's part of `sync/hub/src/store/maintenance.rs` and
//! `jobs.rs`.

use std::collections::{BTreeMap, BTreeSet};

use planted::is_planted;
use wire::{FeedChange, Region};

use super::{Entity, SyncDb};
use crate::bug::Bug;

/// Compaction ignores an edge after this long without contact. Longer than any session survives
/// without a sign of life, like the weeks of the real one.
const LIVE_MS: u64 = 20_000;

#[derive(Debug, Default)]
pub struct Compaction {
    pub versions: u64,
    /// Feed numbers of the removed tombstones.
    pub tombstones: Vec<u64>,
}

impl SyncDb {
    /// The lowest cursor of the region's recently seen edges; the feed's end if there are none.
    fn passed_by_all(&self, region: Region, now: u64) -> u64 {
        let end = self.regions.get(&region).map_or(0, |row| row.feed_seq);
        if is_planted(Bug::CompactionPassesLive) {
            return end;
        }
        let live = self
            .edges
            .iter()
            .filter(|edge| edge.enrolled && !edge.disabled && edge.region == region)
            .filter(|edge| edge.heard_at + LIVE_MS > now);
        live.map(|edge| edge.feed_cursor)
            .min()
            .unwrap_or(end)
            .min(end)
    }

    /// Removes replaced versions, and tombstones with no entry before them.
    pub fn compact(&mut self, region: Region, now: u64) -> Compaction {
        let to = self.passed_by_all(region, now);
        let forgets = is_planted(Bug::TombstoneForgotten);
        let Some(row) = self.regions.get_mut(&region) else {
            return Compaction::default();
        };
        // An entry after the current grant never replaces one before it.
        let granted = row.granted_seq.unwrap_or(0);
        let side = |seq: u64| seq > granted;
        let mut newest = BTreeMap::new();
        for (seq, row) in row.feed.range(..=to) {
            newest.insert((row.entity, side(*seq)), *seq);
        }
        let before = row.feed.len();
        row.feed.retain(|seq, row| {
            *seq > to || *seq == granted || newest.get(&(row.entity, side(*seq))) == Some(seq)
        });
        let versions = (before - row.feed.len()) as u64;
        if versions > 0 {
            row.compacted_to = row.compacted_to.max(to);
        }
        let mut once = BTreeSet::new();
        let mut again = BTreeSet::new();
        for row in row.feed.values() {
            if !once.insert(row.entity) {
                again.insert(row.entity);
            }
        }
        let end = row.feed_seq.min(row.granted_seq.unwrap_or(u64::MAX));
        let tombstones: Vec<u64> = row
            .feed
            .range(..=to)
            .filter(|(seq, row)| {
                let gone = matches!(*row.change, FeedChange::OrderGone { .. });
                gone && **seq < end && !again.contains(&row.entity)
            })
            .map(|(seq, _)| *seq)
            .collect();
        for seq in &tombstones {
            // An edge without the tombstone could treat the order as an unknown one.
            if let Some(Entity::Order(id)) = row.feed.remove(seq).map(|row| row.entity) {
                row.newest.remove(&id);
            }
        }
        if let Some(last) = tombstones.last().filter(|_| !forgets) {
            row.tombstones_to = row.tombstones_to.max(*last);
        }
        Compaction {
            versions,
            tombstones,
        }
    }
}
