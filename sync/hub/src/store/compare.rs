//! Compares a region's feed with its owner's orders, and records the results.

use platform::{
    sql::{Val, in_list},
    vals,
};
use uuid::Uuid;
use wire::{FeedChange, Hash, OrderFingerprint, OrderId, Region, RegionAssignment, UnixMillis};

use super::{
    Result, Store, StoreError,
    feed::{ASSIGNMENT, NEWEST, ORDER},
    sealed::read_change,
};

/// The newest row of each order that has not left. The index hint is needed because MySQL and
/// MariaDB scan the whole feed for each row if their statistics date from a small table. SQLite
/// treats it as a comment.
pub(super) const RANGE: &str = "SELECT f.entity, f.version, f.digest FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.entity > ? AND f.entity <= ? \
    AND f.digest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region \
        AND n.kind = f.kind AND n.entity = f.entity AND n.feed_seq > f.feed_seq) \
    ORDER BY f.entity LIMIT ?";
pub(super) const NAMED: &str = "SELECT f.entity, f.version, f.digest FROM feed f /*! FORCE INDEX (feed_entity) */ \
    WHERE f.region = ? AND f.kind = ? AND f.digest IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region \
        AND n.kind = f.kind AND n.entity = f.entity AND n.feed_seq > f.feed_seq) \
    AND f.entity IN (";
const NOTE: &str = "UPDATE regions SET compared_at = ?, repaired = repaired + ?, \
    repaired_at = CASE WHEN ? > 0 THEN ? ELSE repaired_at END, \
    contradictions = contradictions + ?, \
    contradicted_at = CASE WHEN ? > 0 THEN ? ELSE contradicted_at END WHERE region = ?";
const CONTRADICTED: &str = "UPDATE regions SET contradictions = contradictions + 1, \
    contradicted_at = ? WHERE region = ?";

impl Store {
    /// Ordered by id; at most `limit`.
    pub async fn list_order_marks(
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

    pub async fn marks_of(&self, region: Region, ids: &[OrderId]) -> Result<Vec<OrderFingerprint>> {
        let mut values = vals![region, ORDER];
        values.extend(ids.iter().map(|id| Val::from(id.0)));
        let rows = self
            .sql
            .fetch_all(in_list(NAMED, ids.len(), ")"), values)
            .await?;
        Ok(collect_order_marks(rows))
    }

    pub async fn how_it_assigns(&self, region: Region) -> Result<RegionAssignment> {
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

    pub async fn note_comparison(
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
        self.sql.exec(NOTE, values).await?;
        Ok(())
    }

    /// Counts an event that arrived again with different content.
    pub async fn note_contradiction(&self, region: Region, now: UnixMillis) -> Result<()> {
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
