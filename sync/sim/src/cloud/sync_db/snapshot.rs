//! A region's snapshot at one feed number, in chunks by key. Mirrors
//! `sync/hub/src/store/feed/reads.rs`; chunks hold few orders, so that every snapshot has several.

use std::{collections::BTreeMap, rc::Rc};

use engine::cloud::ChunkRequest;
use planted::is_planted;
use wire::{FeedChange, Region, SnapshotCursor, SnapshotPart};

use super::{Entity, SyncDb};
use crate::bug::Bug;

/// In the edge's apply order: the region's right is compared with its orders.
const KINDS: u8 = 4;
/// Rows per chunk.
const ROWS_MAX: usize = 4;

impl SyncDb {
    pub fn chunk(&self, region: Region, wanted: ChunkRequest) -> SnapshotPart {
        let mut place = wanted.after.unwrap_or(SnapshotCursor {
            kind: 0,
            entity: [0; 16],
        });
        let mut changes = Vec::new();
        let Some(region) = self.regions.get(&region) else {
            return SnapshotPart {
                changes,
                next: None,
            };
        };
        let as_of = if is_planted(Bug::ImageNumberTooHigh) {
            wanted.feed_seq.saturating_sub(2)
        } else if wanted.after.is_some() && is_planted(Bug::ImageMixed) {
            region.feed_seq
        } else {
            wanted.feed_seq
        };
        let mut newest: BTreeMap<(u8, [u8; 16]), &Rc<FeedChange>> = BTreeMap::new();
        for row in region.feed.range(..=as_of).map(|(_, row)| row) {
            newest.insert(key(row.entity), &row.change);
        }
        while place.kind < KINDS {
            let rows = newest.range((place.kind, place.entity)..=(place.kind, [u8::MAX; 16]));
            let rows: Vec<_> = rows.take(ROWS_MAX).collect();
            for ((_, entity), change) in &rows {
                // A snapshot has no tombstones.
                if !matches!(****change, FeedChange::OrderGone { .. }) {
                    changes.push(FeedChange::clone(change));
                }
                let after = u128::from_be_bytes(*entity).checked_add(1);
                place.entity = after.map_or([u8::MAX; 16], u128::to_be_bytes);
            }
            if rows.len() == ROWS_MAX {
                return SnapshotPart {
                    changes,
                    next: Some(place),
                };
            }
            place = SnapshotCursor {
                kind: place.kind + 1,
                entity: [0; 16],
            };
        }
        SnapshotPart {
            changes,
            next: None,
        }
    }

    /// Records that a snapshot has become the edge's view.
    pub fn snapshot_taken(&mut self, e: usize, term: Option<u64>, now: u64) {
        let edge = &mut self.edges[e];
        if term == Some(edge.term) && edge.repair_asked_at.take().is_some() {
            edge.repaired_at = Some(now);
        }
    }
}

fn key(entity: Entity) -> (u8, [u8; 16]) {
    match entity {
        Entity::Order(id) => (0, *id.as_bytes()),
        Entity::Revoked(user) => (1, *user.as_bytes()),
        Entity::Assignment => (3, [0; 16]),
    }
}
