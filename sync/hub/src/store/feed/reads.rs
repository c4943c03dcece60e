//! Reads of a region's feed: changes for edges and for live subscribers, the revocations that end a
//! person's tokens, fingerprints for the comparison with the owner's orders, and the snapshot of a
//! region at one feed number, in chunks by entity key. Also records comparisons and repairs.
//!
//! Invariant: a snapshot plus the changes after its number gives the same view as the whole feed.
//! If compaction drops an entity's older version because of a later change, the entity arrives with
//! the changes.

use std::collections::HashMap;

use engine::cloud::ChunkRequest;
use platform::{
    row,
    sql::{NAMES_MAX, Val, in_list, split_batches},
    vals,
};
use uuid::Uuid;
use wire::{
    EdgeId, FeedChange, Hash, OrderFingerprint, OrderId, Region, RegionAssignment, SnapshotCursor,
    SnapshotPart, UnixMillis,
};

use super::{
    super::{
        Result, Store, StoreError, change_place, count_rows_in_frame, decode_stored, read_change,
    },
    ASSIGNMENT, KEYS, MARK, NEWEST, ORDER, READMITTED, REVOKED, REVOKED_PERSON,
};

const READ: &str = "SELECT feed_seq, bytes FROM feed \
    WHERE region = ? AND feed_seq > ? ORDER BY feed_seq LIMIT ?";
const CHANGES: &str = "SELECT feed_seq, bytes FROM feed WHERE region = ? AND feed_seq > ? \
    AND feed_seq <= ? AND kind = ? ORDER BY feed_seq LIMIT ?";
const NOTES: &str = "SELECT l.number, l.is_message, f.feed_seq, f.bytes FROM lost_acceptances l \
    LEFT JOIN feed f ON f.region = l.region AND f.feed_seq = (SELECT n.feed_seq FROM feed n \
        WHERE n.region = l.region AND n.kind = ? AND n.entity = l.order_id \
        ORDER BY n.feed_seq DESC LIMIT 1) \
    WHERE l.region = ? AND l.number > ? AND l.number <= ? \
    ORDER BY l.number LIMIT ?";
row! {
    struct NoteRow {
        number: u64,
        is_message: bool,
        feed_seq: Option<u64>,
        bytes: Option<Vec<u8>>,
    }
}

/// A lost acceptance or a message, with the newest change of its order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OrderNote {
    pub number: u64,
    pub is_message: bool,
    pub newest: Option<FeedChange>,
}

const REVOCATIONS: &str = "SELECT entity, version, at, feed_seq, bytes FROM feed WHERE region = ? AND kind IN (?, ?, ?) \
    AND entity IN (";
/// The newest row of each order that has not left. The index hint is needed because MySQL and
/// MariaDB scan the whole feed for each row if their statistics date from a small table. SQLite
/// treats it as a comment.
pub(in crate::store) const RANGE: &str = "SELECT f.entity, f.version, f.digest FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.entity > ? AND f.entity <= ? \
    AND f.digest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region \
        AND n.kind = f.kind AND n.entity = f.entity AND n.feed_seq > f.feed_seq) \
    ORDER BY f.entity LIMIT ?";
pub(in crate::store) const NAMED: &str = "SELECT f.entity, f.version, f.digest FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.digest IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region \
        AND n.kind = f.kind AND n.entity = f.entity AND n.feed_seq > f.feed_seq) \
    AND f.entity IN (";
const NOTE_COMPARISON: &str = "UPDATE regions SET compared_at = ?, repaired = repaired + ?, \
    repaired_at = CASE WHEN ? > 0 THEN ? ELSE repaired_at END, \
    contradictions = contradictions + ?, \
    contradicted_at = CASE WHEN ? > 0 THEN ? ELSE contradicted_at END WHERE region = ?";
const CONTRADICTED: &str = "UPDATE regions SET contradictions = contradictions + 1, \
    contradicted_at = ? WHERE region = ?";
/// See `RANGE` for the index hint.
pub(in crate::store) const CHUNK: &str = "SELECT f.entity, f.feed_seq, f.bytes FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.entity >= ? AND f.feed_seq <= ? \
    AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq > f.feed_seq AND n.feed_seq <= ?) \
    ORDER BY f.entity LIMIT ?";
const REQUEST_REPAIR: &str =
    "UPDATE edges SET repair_asked_at = ? WHERE edge = ? AND repair_asked_at IS NULL";
/// Sets the count first, because later assignments in a MySQL statement see the new values.
const REPAIRED: &str = "UPDATE edges SET \
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
    /// Returns the changes after `after`, at most `limit` and one frame, and the number they reach.
    /// Stops after an assignment, because a grant is compared with exactly the changes before it.
    pub(crate) async fn read_feed(
        &self,
        region: Region,
        after: u64,
        limit: u32,
    ) -> Result<(u64, Vec<FeedChange>)> {
        let rows: Vec<(u64, Vec<u8>)> = self
            .sql
            .fetch_all(READ, vals![region, after, limit])
            .await?;
        let mut opened = Vec::with_capacity(rows.len());
        for (feed_seq, bytes) in rows {
            let place = change_place(region, feed_seq);
            opened.push((feed_seq, self.sql.data_keys().open(&place, bytes)?));
        }
        let fitting = count_rows_in_frame(opened.iter().map(|(_, bytes)| bytes.len()));
        let mut to = after;
        let mut changes = Vec::with_capacity(fitting);
        for (feed_seq, bytes) in &opened[..fitting] {
            let change: FeedChange = decode_stored(bytes, "a feed change")?;
            let ends = matches!(change, FeedChange::Assignment(_));
            to = *feed_seq;
            changes.push(change);
            if ends {
                break;
            }
        }
        Ok((to, changes))
    }
}

impl Store {
    /// Returns up to `limit` order changes after `after` and up to `to`, and the number they reach.
    pub(crate) async fn list_order_changes(
        &self,
        region: Region,
        after: u64,
        to: u64,
        limit: u32,
    ) -> Result<(u64, Vec<(u64, FeedChange)>)> {
        if after >= to {
            return Ok((to, Vec::new()));
        }
        let values = vals![region, after, to, ORDER, limit];
        let rows: Vec<(u64, Vec<u8>)> = self.sql.fetch_all(CHANGES, values).await?;
        let is_part = u32::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
        let reached = rows
            .last()
            .filter(|_| is_part)
            .map_or(to, |(last, _)| *last);
        let mut changes = Vec::with_capacity(rows.len());
        for (feed_seq, bytes) in rows {
            let change = read_change(self.sql.data_keys(), region, feed_seq, bytes)?;
            changes.push((feed_seq, change));
        }
        Ok((reached, changes))
    }

    /// Returns up to `limit` notes after `after` and up to `to`. The oldest may already be dropped.
    pub(crate) async fn list_order_notes(
        &self,
        region: Region,
        after: u64,
        to: u64,
        limit: u32,
    ) -> Result<Vec<OrderNote>> {
        if after >= to {
            return Ok(Vec::new());
        }
        let values = vals![ORDER, region, after, to, limit];
        let rows: Vec<NoteRow> = self.sql.fetch_all(NOTES, values).await?;
        let keys = self.sql.data_keys();
        let mut notes = Vec::with_capacity(rows.len());
        for row in rows {
            let newest = match row.feed_seq.zip(row.bytes) {
                Some((feed_seq, bytes)) => Some(read_change(keys, region, feed_seq, bytes)?),
                None => None,
            };
            notes.push(OrderNote {
                number: row.number,
                is_message: row.is_message,
                newest,
            });
        }
        Ok(notes)
    }
}

/// Keyed by session or person id.
pub(crate) type Revocations = HashMap<Uuid, EntityRevocations>;

/// The time and version of a revocation in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FeedRevocation {
    pub version: u64,
    pub at: UnixMillis,
    /// For a person: the revocation's time by auth's clock.
    made_at: UnixMillis,
}

/// The revocations of one session or person, oldest first, and the times from which new tokens are
/// valid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntityRevocations {
    revoked: Vec<FeedRevocation>,
    tokens_since: Vec<UnixMillis>,
}

impl EntityRevocations {
    /// Returns the first revocation of a token issued then. A readmission cancels earlier
    /// revocations, but only for tokens issued after it.
    pub(crate) fn revocation_of_token(&self, issued: UnixMillis) -> Option<FeedRevocation> {
        let mut revoked = self.revoked.iter().copied();
        revoked.find(|revocation| {
            let readmissions = &self.tokens_since;
            !readmissions
                .iter()
                .any(|since| revocation.made_at < *since && *since <= issued)
        })
    }
}

impl Store {
    /// Returns the revocations in the region's feed for these sessions and people.
    pub(crate) async fn read_revocations(
        &self,
        region: Region,
        named: &[Uuid],
    ) -> Result<Revocations> {
        let mut revocations = Revocations::new();
        for part in split_batches(named, NAMES_MAX) {
            let mut values = vals![region, REVOKED, REVOKED_PERSON, READMITTED];
            values.extend(part.iter().map(|id| Val::from(*id)));
            let text = in_list(REVOCATIONS, part.len(), ") ORDER BY version");
            let rows: Vec<(Uuid, u64, UnixMillis, u64, Vec<u8>)> =
                self.sql.fetch_all(text, values).await?;
            for (entity, version, at, feed_seq, bytes) in rows {
                let of_entity = revocations.entry(entity).or_default();
                let change = read_change(self.sql.data_keys(), region, feed_seq, bytes)?;
                let person = match change {
                    FeedChange::Revoked { person, .. } => person,
                    _ => None,
                };
                match person {
                    Some(word) if word.tokens_since > UnixMillis(0) => {
                        of_entity.tokens_since.push(word.tokens_since);
                    }
                    // A revocation without a time counts as older than any readmission.
                    word => {
                        let made_at = word.map_or(UnixMillis(0), |word| word.revoked_at);
                        of_entity.revoked.push(FeedRevocation {
                            version,
                            at,
                            made_at,
                        });
                    }
                }
            }
        }
        Ok(revocations)
    }
}

impl Store {
    /// Ordered by id; at most `limit`.
    pub(crate) async fn list_order_marks(
        &self,
        region: Region,
        after: Option<OrderId>,
        until: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<OrderFingerprint>> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let until = until.map_or(Uuid::max(), |id| id.0);
        let values = vals![region, ORDER, after, until, limit];
        Ok(collect_order_marks(
            self.sql.fetch_all(RANGE, values).await?,
        ))
    }

    pub(crate) async fn find_order_marks(
        &self,
        region: Region,
        ids: &[OrderId],
    ) -> Result<Vec<OrderFingerprint>> {
        let mut values = vals![region, ORDER];
        values.extend(ids.iter().map(|id| Val::from(id.0)));
        let rows = self
            .sql
            .fetch_all(in_list(NAMED, ids.len(), ")"), values)
            .await?;
        Ok(collect_order_marks(rows))
    }

    pub(crate) async fn read_assignment(&self, region: Region) -> Result<RegionAssignment> {
        let values = vals![region, ASSIGNMENT, Uuid::nil()];
        let newest: Option<(u64, Vec<u8>)> = self.sql.fetch_optional(NEWEST, values).await?;
        let Some((feed_seq, bytes)) = newest else {
            return Ok(RegionAssignment::default());
        };
        match read_change(self.sql.data_keys(), region, feed_seq, bytes) {
            Ok(FeedChange::Assignment(assignment)) => Ok(assignment),
            Err(sealed @ StoreError::Sealed(_)) => Err(sealed),
            _ => Err(StoreError::Unreadable("the assignment of a region")),
        }
    }

    pub(crate) async fn note_comparison(
        &self,
        region: Region,
        repaired: u64,
        contradictions: u64,
        now: UnixMillis,
    ) -> Result<()> {
        let values = vals![
            now,
            repaired,
            repaired,
            now,
            contradictions,
            contradictions,
            now,
            region
        ];
        self.sql.exec(NOTE_COMPARISON, values).await?;
        Ok(())
    }

    /// Counts an event that arrived again with different content.
    pub(crate) async fn note_contradiction(&self, region: Region, now: UnixMillis) -> Result<()> {
        self.sql.exec(CONTRADICTED, vals![now, region]).await?;
        Ok(())
    }
}

fn collect_order_marks(rows: Vec<(OrderId, u64, Hash)>) -> Vec<OrderFingerprint> {
    rows.into_iter()
        .map(|(id, version, digest)| OrderFingerprint {
            id,
            version,
            digest,
        })
        .collect()
}

impl Store {
    /// Returns the next chunk: at least one row, of any size.
    pub(crate) async fn read_snapshot_chunk(
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
    pub(crate) async fn request_repair(&self, edge: &EdgeId, now: UnixMillis) -> Result<bool> {
        Ok(self.sql.exec(REQUEST_REPAIR, vals![now, edge]).await? == 1)
    }

    /// Records that the edge has applied a snapshot.
    pub(crate) async fn record_snapshot_taken(
        &self,
        edge: &EdgeId,
        term: u64,
        now: UnixMillis,
    ) -> Result<()> {
        self.sql.exec(REPAIRED, vals![now, edge, term]).await?;
        Ok(())
    }
}

fn next_entity_key(entity: Uuid) -> Option<[u8; 16]> {
    entity.as_u128().checked_add(1).map(u128::to_be_bytes)
}
