//! When edges acknowledged their feed and their outcomes, and one order's changes in the feed: for
//! an operator's trace only.
//!
//! Invariants: an Ack is saved together with its row. The reads are bounded and use an index.

use engine::trusted_time::LogHeadReports;
use platform::{
    columns,
    sql::{Statement, Val},
    transact, vals,
};
use wire::{Ack, EdgeId, Hash, OpOutcome, OpPlace, OrderId, Region, UnixMillis};

use super::{Result, Store, feed::ORDER};

/// See `feed/reads.rs` for the index hint.
pub(super) const CHANGES_OF_ORDER: &str = "SELECT region, feed_seq, version, digest, at FROM feed \
    /*! FORCE INDEX (feed_entity) */ WHERE kind = ? AND entity = ? AND region IN (";
const FEED_ACKED: &str = "SELECT at FROM edge_acks \
    WHERE edge = ? AND at >= ? AND feed_cursor >= ? ORDER BY at LIMIT 1";
const OUTCOME_ACKED: &str = "SELECT at FROM edge_acks \
    WHERE edge = ? AND at >= ? AND epoch = ? AND outcome_cursor >= ? ORDER BY at LIMIT 1";
const OLD: &str = "SELECT at FROM edge_acks WHERE edge = ? AND at < ? ORDER BY at LIMIT ?";
const DROP_OLD: &str = "DELETE FROM edge_acks WHERE edge = ? AND at <= ?";

/// An operator asks about an order within days.
pub(crate) const ACKS_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

columns! {
    struct AckRow<'a> in edge_acks {
        edge: &'a EdgeId,
        at: UnixMillis,
        epoch: u64,
        outcome_cursor: u64,
        feed_cursor: u64,
    }
}

/// One version of an order in a region's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderChange {
    pub region: Region,
    pub feed_seq: u64,
    pub version: u64,
    /// The order left the region.
    pub gone: bool,
    pub at: UnixMillis,
}

impl Store {
    /// Like `save_ack`, for an Ack that moved a cursor: also records when.
    pub(crate) async fn save_moved_ack(
        &self,
        edge: &EdgeId,
        epoch: u64,
        ack: &Ack,
        heads: &LogHeadReports,
        now: UnixMillis,
    ) -> Result<bool> {
        transact!(self.sql, tx => {
            if !Self::save_ack_in(tx, edge, ack, heads, now).await? {
                return Ok(false);
            }
            let row = AckRow {
                edge,
                at: now,
                epoch,
                outcome_cursor: ack.outcome_cursor,
                feed_cursor: ack.feed_cursor,
            };
            // The same Ack may arrive twice within a millisecond.
            tx.insert_new(row).await?;
            Ok(true)
        })
    }

    /// Returns the order's newest changes in every region, oldest first.
    pub(crate) async fn list_changes_of_order(
        &self,
        order: OrderId,
        limit: usize,
    ) -> Result<Vec<OrderChange>> {
        let mut values = vals![ORDER, order];
        values.extend(Region::ALL.iter().map(Val::from));
        values.push(limit.into());
        let text = Statement::new(CHANGES_OF_ORDER)
            .append_marks(Region::ALL.len())
            .append_text(") ORDER BY version DESC, at DESC LIMIT ?");
        let rows: Vec<(Region, u64, u64, Option<Hash>, UnixMillis)> =
            self.sql.fetch_all(text, values).await?;
        let newest_first = rows
            .into_iter()
            .map(|(region, feed_seq, version, digest, at)| OrderChange {
                region,
                feed_seq,
                version,
                gone: digest.is_none(),
                at,
            });
        let mut changes: Vec<OrderChange> = newest_first.collect();
        changes.reverse();
        Ok(changes)
    }

    /// When the edge first acknowledged the change; `None` if that was too long ago, or has not
    /// happened.
    pub(crate) async fn find_feed_ack(
        &self,
        edge: &EdgeId,
        change: &OrderChange,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>> {
        // The first Ack may be gone, so a later one proves nothing.
        if now.ms_since(change.at) > ACKS_KEPT_MS {
            return Ok(None);
        }
        let values = vals![edge, change.at, change.feed_seq];
        Ok(self.sql.fetch_optional(FEED_ACKED, values).await?)
    }

    /// The same for the outcome of an op.
    pub(crate) async fn find_outcome_ack(
        &self,
        place: &OpPlace,
        outcome: &OpOutcome,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>> {
        if now.ms_since(outcome.stored_at) > ACKS_KEPT_MS {
            return Ok(None);
        }
        let values = vals![&place.edge, outcome.stored_at, place.epoch, outcome.number];
        Ok(self.sql.fetch_optional(OUTCOME_ACKED, values).await?)
    }

    /// Drops a batch of an edge's acknowledgements from before `before`.
    pub(crate) async fn drop_old_acks(
        &self,
        edge: &EdgeId,
        before: UnixMillis,
        limit: usize,
    ) -> Result<usize> {
        let old: Vec<UnixMillis> = self.sql.fetch_all(OLD, vals![edge, before, limit]).await?;
        if let Some(last) = old.last() {
            self.sql.exec(DROP_OLD, vals![edge, *last]).await?;
        }
        Ok(old.len())
    }
}
