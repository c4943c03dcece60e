//! The snapshot of a region at one feed number, read in chunks by entity key.
//!
//! Invariant: a snapshot plus the changes after its number gives the same view as the whole feed.
//! If compaction drops an entity's older version because of a later change, the entity arrives with
//! the changes.

use engine::cloud::ChunkRequest;
use platform::vals;
use uuid::Uuid;
use wire::{EdgeId, FeedChange, Region, SnapshotCursor, SnapshotPart, UnixMillis};

use super::{
    Result, Store,
    feed::{ASSIGNMENT, KEYS, MARK, ORDER, READMITTED, REVOKED, REVOKED_PERSON},
    sealed::read_change,
};

/// See `compare.rs` for the index hint.
pub(super) const CHUNK: &str = "SELECT f.entity, f.feed_seq, f.bytes FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.entity >= ? AND f.feed_seq <= ? \
    AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq > f.feed_seq AND n.feed_seq <= ?) \
    ORDER BY f.entity LIMIT ?";
const ASK: &str = "UPDATE edges SET repair_asked_at = ? WHERE edge = ? AND repair_asked_at IS NULL";
/// Sets the count first, because later assignments in a MySQL statement see the new values.
const TAKEN: &str = "UPDATE edges SET \
    repairs = repairs + CASE WHEN repair_asked_at IS NULL THEN 0 ELSE 1 END, \
    repaired_at = CASE WHEN repair_asked_at IS NULL THEN repaired_at ELSE ? END, \
    repair_asked_at = NULL WHERE edge = ? AND term = ?";

/// The order in which an edge applies them: it compares the assignment with the orders.
const KINDS: [&str; 7] = [
    ORDER,
    REVOKED,
    KEYS,
    ASSIGNMENT,
    REVOKED_PERSON,
    READMITTED,
    MARK,
];
/// An edge stores a chunk in one commit, and a dropped link may resend it.
const ROWS_MAX: usize = 64;
const BYTES_MAX: usize = 16 * 1024;

impl Store {
    /// Returns the next chunk: at least one row, of any size.
    pub async fn read_snapshot_chunk(
        &self,
        region: Region,
        wanted: ChunkRequest,
    ) -> Result<SnapshotPart> {
        let mut place = wanted.after.unwrap_or(SnapshotCursor {
            kind: 0,
            entity: [0; 16],
        });
        let mut changes = Vec::new();
        let mut bytes_left = BYTES_MAX;
        while let Some(kind) = KINDS.get(usize::from(place.kind)) {
            let from = Uuid::from_bytes(place.entity);
            let values = vals![
                region,
                *kind,
                from,
                wanted.feed_seq,
                wanted.feed_seq,
                ROWS_MAX
            ];
            let rows: Vec<(Uuid, u64, Vec<u8>)> = self.sql.fetch_all(CHUNK, values).await?;
            let whole = rows.len() < ROWS_MAX;
            for (entity, feed_seq, bytes) in rows {
                if bytes.len() > bytes_left && !changes.is_empty() {
                    place.entity = entity.into_bytes();
                    return Ok(SnapshotPart {
                        changes,
                        next: Some(place),
                    });
                }
                bytes_left = bytes_left.saturating_sub(bytes.len());
                let change = read_change(self.sql.data_keys(), region, feed_seq, bytes)?;
                // A snapshot omits orders that have left.
                if !matches!(change, FeedChange::OrderGone { .. }) {
                    changes.push(change);
                }
                place.entity = next_entity_key(entity).unwrap_or([u8::MAX; 16]);
            }
            if !whole {
                return Ok(SnapshotPart {
                    changes,
                    next: Some(place),
                });
            }
            place = SnapshotCursor {
                kind: place.kind + 1,
                entity: [0; 16],
            };
        }
        Ok(SnapshotPart {
            changes,
            next: None,
        })
    }

    /// Requests a repair snapshot for an edge whose orders differ from the cloud's. Returns false
    /// if one is already requested.
    pub async fn ask_repair(&self, edge: &EdgeId, now: UnixMillis) -> Result<bool> {
        Ok(self.sql.exec(ASK, vals![now, edge]).await? == 1)
    }

    /// Records that the edge has applied a snapshot.
    pub async fn snapshot_taken(&self, edge: &EdgeId, term: u64, now: UnixMillis) -> Result<()> {
        self.sql.exec(TAKEN, vals![now, edge, term]).await?;
        Ok(())
    }
}

fn next_entity_key(entity: Uuid) -> Option<[u8; 16]> {
    entity.as_u128().checked_add(1).map(u128::to_be_bytes)
}
