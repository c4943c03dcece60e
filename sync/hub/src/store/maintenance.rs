//! Maintenance by scheduled jobs, in bounded batches: drops ops and outcomes older than any edge
//! backup, and feed versions that every edge has passed.

use platform::{
    row,
    sql::{Val, in_list},
    vals,
};
use wire::{EdgeId, Region, UnixMillis};

use super::{
    Result, Store,
    feed::{ORDER, REVOKED},
    read_op,
};
use crate::domain::op::ReceivedOp;

const ENROLLED: &str = "SELECT edge FROM edges WHERE enrolled_at IS NOT NULL ORDER BY edge";
const LOG: &str = "SELECT epoch, outcome_cursor, \
    CASE WHEN last_seq <= cursor_seq THEN acked_at END AS whole_at FROM edges WHERE edge = ?";
const OLD_OPS: &str = "SELECT o.seq, o.received_at, o.bytes FROM ops o \
    WHERE o.edge = ? AND o.epoch = ? AND o.seq > ? AND o.received_at < ? \
    AND NOT EXISTS (SELECT 1 FROM undecided u \
        WHERE u.edge = o.edge AND u.epoch = o.epoch AND u.seq = o.seq) \
    ORDER BY o.seq LIMIT ?";
const NEWEST_UNDECIDED: &str = "SELECT MAX(seq) FROM undecided WHERE edge = ? AND epoch = ?";
const DROP_OPS: &str = "DELETE FROM ops WHERE edge = ? AND epoch = ? AND seq IN (";
const OLD_OUTCOMES: &str = "SELECT number FROM outcomes \
    WHERE edge = ? AND epoch = ? AND number <= ? AND at < ? ORDER BY number LIMIT ?";
const DROP_OUTCOMES: &str = "DELETE FROM outcomes WHERE edge = ? AND epoch = ? AND number IN (";
const SLOWEST: &str = "SELECT MIN(feed_cursor) FROM edges \
    WHERE region = ? AND disabled_at IS NULL AND enrolled_at IS NOT NULL AND (enrolled_at > ? OR last_contact_at > ?)";
const SET_COMPACTED: &str =
    "UPDATE regions SET compacted_to = ? WHERE region = ? AND compacted_to < ?";
/// See `feed/reads.rs` for the index hint.
pub(super) const SUPERSEDED: &str = "SELECT f.feed_seq FROM feed f /*! FORCE INDEX (PRIMARY) */ \
    WHERE f.region = ? AND f.feed_seq < ? \
    AND f.feed_seq <> COALESCE((SELECT r.granted_seq FROM regions r \
        WHERE r.region = f.region), 0) \
    AND EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq > f.feed_seq AND n.feed_seq <= ? \
        AND NOT EXISTS (SELECT 1 FROM regions r WHERE r.region = f.region \
            AND r.granted_seq > f.feed_seq AND r.granted_seq < n.feed_seq)) \
    ORDER BY f.feed_seq LIMIT ?";
/// Tombstones of orders without an older version in the region. Those after the current grant stay.
pub(super) const TOMBSTONES: &str = "SELECT f.feed_seq FROM feed f /*! FORCE INDEX (PRIMARY) */ \
    WHERE f.region = ? AND f.kind = ? \
    AND f.digest IS NULL AND f.feed_seq <= ? \
    AND f.feed_seq < (SELECT r.feed_seq FROM regions r WHERE r.region = f.region) \
    AND f.feed_seq < COALESCE((SELECT r.granted_seq FROM regions r \
        WHERE r.region = f.region), f.feed_seq + 1) \
    AND NOT EXISTS (SELECT 1 FROM feed n /*! FORCE INDEX (feed_entity) */ \
        WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq <> f.feed_seq) \
    ORDER BY f.feed_seq LIMIT ?";
const SET_TOMBSTONES: &str =
    "UPDATE regions SET tombstones_to = ? WHERE region = ? AND tombstones_to < ?";
const OUTLIVED: &str = "SELECT feed_seq FROM feed \
    WHERE region = ? AND feed_seq < ? AND kind = ? AND at < ? ORDER BY feed_seq LIMIT ?";
const DROP_CHANGES: &str = "DELETE FROM feed WHERE region = ? AND feed_seq IN (";

/// Outlasts any reference to a logged token: its lifetime or an hour, by a clock that may be a day
/// off.
const TOKEN_LIVES_MS: i64 = 4 * 24 * 60 * 60 * 1000;

pub(crate) const BATCH: usize = 500;

/// The number of old ops in a batch, and the last seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OldOpsBatch {
    pub ops: usize,
    pub last: u64,
}

row! {
    /// Reads and deletes stay in this epoch even if another begins meanwhile.
    struct Log {
        epoch: i64,
        outcome_cursor: i64,
        /// When the edge last reported that the hub has its whole log.
        whole_at: Option<i64>,
    }
}

impl Store {
    pub(crate) async fn list_enrolled_edges(&self) -> Result<Vec<EdgeId>> {
        Ok(self.sql.fetch_all(ENROLLED, vals![]).await?)
    }

    /// Drops decided ops after `after` that arrived before `before`. Keeps a token while an op may
    /// refer to it: a later undecided op, or one that the edge has logged but not sent.
    pub(crate) async fn drop_old_ops(
        &self,
        edge: &EdgeId,
        after: u64,
        before: UnixMillis,
    ) -> Result<OldOpsBatch> {
        let nothing = OldOpsBatch {
            ops: 0,
            last: after,
        };
        let Some(Log {
            epoch, whole_at, ..
        }) = self.read_edge_log(edge).await?
        else {
            return Ok(nothing);
        };
        let values = vals![edge, epoch, after, before, BATCH];
        let old: Vec<(u64, i64, Vec<u8>)> = self.sql.fetch_all(OLD_OPS, values).await?;
        let undecided: Option<Option<u64>> = self
            .sql
            .fetch_optional(NEWEST_UNDECIDED, vals![edge, epoch])
            .await?;
        let undecided = undecided.flatten();
        let ops = old.len();
        let last = old.last().map_or(after, |(seq, ..)| *seq);
        let mut dropped = Vec::with_capacity(ops);
        for (seq, received_at, bytes) in old {
            let outlived = whole_at.is_some_and(|at| at > received_at + TOKEN_LIVES_MS);
            let is_referred_to = undecided.is_some_and(|newest| seq < newest) || !outlived;
            if !is_referred_to || !self.is_token_op(edge, epoch.unsigned_abs(), seq, bytes)? {
                dropped.push(seq);
            }
        }
        self.drop_numbers(DROP_OPS, vals![edge, epoch], &dropped)
            .await?;
        Ok(OldOpsBatch { ops, last })
    }

    fn is_token_op(&self, edge: &EdgeId, epoch: u64, seq: u64, stored: Vec<u8>) -> Result<bool> {
        let read = read_op(self.sql.data_keys(), edge.as_str(), epoch, seq, stored)?;
        Ok(matches!(read, ReceivedOp::Token { .. }))
    }

    /// Drops outcomes older than `before` that the edge has stored.
    pub(crate) async fn drop_old_outcomes(
        &self,
        edge: &EdgeId,
        before: UnixMillis,
    ) -> Result<usize> {
        let Some(Log {
            epoch,
            outcome_cursor,
            ..
        }) = self.read_edge_log(edge).await?
        else {
            return Ok(0);
        };
        let values = vals![edge, epoch, outcome_cursor, before, BATCH];
        let old: Vec<u64> = self.sql.fetch_all(OLD_OUTCOMES, values).await?;
        self.drop_numbers(DROP_OUTCOMES, vals![edge, epoch], &old)
            .await
    }

    async fn read_edge_log(&self, edge: &EdgeId) -> Result<Option<Log>> {
        Ok(self.sql.fetch_optional(LOG, vals![edge]).await?)
    }

    /// Returns the feed number that every edge in contact since `live_since` has passed, or the
    /// feed's end without such an edge.
    pub(crate) async fn find_compaction_limit(
        &self,
        region: Region,
        feed_seq: u64,
        live_since: UnixMillis,
    ) -> Result<u64> {
        let values = vals![region, live_since, live_since];
        let slowest: Option<Option<u64>> = self.sql.fetch_optional(SLOWEST, values).await?;
        Ok(slowest.flatten().unwrap_or(feed_seq).min(feed_seq))
    }

    /// Drops versions up to `to` that newer ones up to `to` replace: a reader from the start still
    /// gets the same orders there. A version before the current grant is not replaced by a later
    /// one, because the holder compares the changes before the grant with its digest.
    pub(crate) async fn compact_feed(&self, region: Region, to: u64) -> Result<usize> {
        let old: Vec<u64> = self
            .sql
            .fetch_all(SUPERSEDED, vals![region, to, to, BATCH])
            .await?;
        if !old.is_empty() {
            self.sql.exec(SET_COMPACTED, vals![to, region, to]).await?;
        }
        self.drop_numbers(DROP_CHANGES, vals![region], &old).await
    }

    /// Drops tombstones that every edge has passed. An edge that was away too long takes a
    /// snapshot.
    pub(crate) async fn drop_tombstones(&self, region: Region, to: u64) -> Result<usize> {
        let values = vals![region, ORDER, to, BATCH];
        let old: Vec<u64> = self.sql.fetch_all(TOMBSTONES, values).await?;
        if let Some(last) = old.last() {
            // Runs first: a reader in between takes a needless snapshot but misses no change.
            self.sql
                .exec(SET_TOMBSTONES, vals![*last, region, *last])
                .await?;
        }
        self.drop_numbers(DROP_CHANGES, vals![region], &old).await
    }

    /// Drops revocations of expired tokens, but never the newest change, which marks the feed's
    /// end.
    pub(crate) async fn drop_revocations(
        &self,
        region: Region,
        to: u64,
        before: UnixMillis,
    ) -> Result<usize> {
        let values = vals![region, to, REVOKED, before, BATCH];
        let old: Vec<u64> = self.sql.fetch_all(OUTLIVED, values).await?;
        self.drop_numbers(DROP_CHANGES, vals![region], &old).await
    }

    async fn drop_numbers(
        &self,
        text: &'static str,
        scope: Vec<Val>,
        numbers: &[u64],
    ) -> Result<usize> {
        if !numbers.is_empty() {
            let mut values = scope;
            values.extend(numbers.iter().map(Val::from));
            self.sql
                .exec(in_list(text, numbers.len(), ")"), values)
                .await?;
        }
        Ok(numbers.len())
    }
}
