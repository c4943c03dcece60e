//! What may be forgotten: ops and outcomes older than any backup of an edge, and versions of the feed
//! that every edge has passed. Each call does a bounded part and says how much it did.

use platform::{
    sql::{Val, in_list},
    vals,
};
use wire::{EdgeId, Region, UnixMillis};

use super::{
    Store, StoreError, count, edge,
    feed::{ORDER, REVOKED},
};
use crate::domain::intake::{self, Read};

const ENROLLED: &str = "SELECT edge FROM edges WHERE public_key IS NOT NULL ORDER BY edge";
const OLD_OPS: &str = "SELECT o.seq, o.bytes FROM ops o JOIN edges e ON e.edge = o.edge \
    AND e.epoch = o.epoch WHERE o.edge = ? AND o.seq > ? AND o.received_at < ? \
    AND NOT EXISTS (SELECT 1 FROM undecided u \
        WHERE u.edge = o.edge AND u.epoch = o.epoch AND u.seq = o.seq) \
    ORDER BY o.seq LIMIT ?";
const NEWEST_UNDECIDED: &str = "SELECT MAX(u.seq) FROM undecided u JOIN edges e \
    ON e.edge = u.edge AND e.epoch = u.epoch WHERE u.edge = ?";
const DROP_OPS: &str = "DELETE FROM ops WHERE edge = ? \
    AND epoch = (SELECT e.epoch FROM edges e WHERE e.edge = ops.edge) AND seq IN (";
const OLD_OUTCOMES: &str = "SELECT o.number FROM outcomes o JOIN edges e ON e.edge = o.edge \
    AND e.epoch = o.epoch WHERE o.edge = ? AND o.number <= e.outcome_cursor AND o.at < ? \
    ORDER BY o.number LIMIT ?";
const DROP_OUTCOMES: &str = "DELETE FROM outcomes WHERE edge = ? \
    AND epoch = (SELECT e.epoch FROM edges e WHERE e.edge = outcomes.edge) AND number IN (";
const SLOWEST: &str = "SELECT MIN(feed_cursor) FROM edges \
    WHERE region = ? AND public_key IS NOT NULL AND (enrolled_at > ? OR last_contact_at > ?)";
const SET_COMPACTED: &str =
    "UPDATE regions SET compacted_to = ? WHERE region = ? AND compacted_to < ?";
const SUPERSEDED: &str = "SELECT f.feed_seq FROM feed f WHERE f.region = ? AND f.feed_seq < ? \
    AND f.feed_seq <> COALESCE((SELECT r.granted_seq FROM regions r \
        WHERE r.region = f.region), 0) \
    AND EXISTS (SELECT 1 FROM feed n WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq > f.feed_seq AND n.feed_seq <= ? \
        AND NOT EXISTS (SELECT 1 FROM regions r WHERE r.region = f.region \
            AND r.granted_seq > f.feed_seq AND r.granted_seq < n.feed_seq)) \
    ORDER BY f.feed_seq LIMIT ?";
/// What has left the region, with no older version of it any more: behind a grant, for as long as that
/// stands, it is kept.
const TOMBSTONES: &str = "SELECT f.feed_seq FROM feed f WHERE f.region = ? AND f.kind = ? \
    AND f.digest IS NULL AND f.feed_seq <= ? \
    AND f.feed_seq < (SELECT r.feed_seq FROM regions r WHERE r.region = f.region) \
    AND f.feed_seq < COALESCE((SELECT r.granted_seq FROM regions r \
        WHERE r.region = f.region), f.feed_seq + 1) \
    AND NOT EXISTS (SELECT 1 FROM feed n WHERE n.region = f.region AND n.kind = f.kind \
        AND n.entity = f.entity AND n.feed_seq <> f.feed_seq) \
    ORDER BY f.feed_seq LIMIT ?";
const SET_TOMBSTONES: &str =
    "UPDATE regions SET tombstones_to = ? WHERE region = ? AND tombstones_to < ?";
const OUTLIVED: &str = "SELECT feed_seq FROM feed \
    WHERE region = ? AND feed_seq < ? AND kind = ? AND at < ? ORDER BY feed_seq LIMIT ?";
const DROP_CHANGES: &str = "DELETE FROM feed WHERE region = ? AND feed_seq IN (";

/// Rows taken out by one statement.
pub const BATCH: usize = 500;

/// How many old ops there were in a part, and where it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt {
    pub ops: usize,
    pub last: u64,
}

impl Store {
    pub async fn enrolled_edges(&self) -> Result<Vec<EdgeId>, StoreError> {
        let rows: Vec<(String,)> = self.sql.all(ENROLLED, vals![]).await?;
        rows.into_iter().map(|(name,)| edge(name)).collect()
    }

    /// Decided ops beyond `after` that were received before `before`. A token stays for as long as
    /// anything behind it is undecided, for that may refer to it.
    pub async fn drop_old_ops(
        &self,
        edge: &EdgeId,
        after: u64,
        before: UnixMillis,
    ) -> Result<LookedAt, StoreError> {
        let values = vals![edge, after, before, BATCH];
        let old: Vec<(i64, Vec<u8>)> = self.sql.all(OLD_OPS, values).await?;
        let undecided: Option<(Option<i64>,)> = self.sql.one(NEWEST_UNDECIDED, vals![edge]).await?;
        let undecided = undecided.and_then(|(newest,)| newest);
        let is_needed = |seq: i64, bytes: &[u8]| {
            let token = matches!(intake::read(bytes), Read::Token { .. });
            token && undecided.is_some_and(|newest| seq < newest)
        };
        let dropped = old.iter().filter(|(seq, bytes)| !is_needed(*seq, bytes));
        let dropped: Vec<(i64,)> = dropped.map(|(seq, _)| (*seq,)).collect();
        self.drop_numbers(DROP_OPS, edge.into(), &dropped).await?;
        Ok(LookedAt { ops: old.len(), last: old.last().map_or(after, |(seq, _)| count(*seq)) })
    }

    /// Outcomes that the edge has stored and that were given before `before`.
    pub async fn drop_old_outcomes(
        &self,
        edge: &EdgeId,
        before: UnixMillis,
    ) -> Result<usize, StoreError> {
        let old: Vec<(i64,)> = self.sql.all(OLD_OUTCOMES, vals![edge, before, BATCH]).await?;
        self.drop_numbers(DROP_OUTCOMES, edge.into(), &old).await
    }

    /// How far every edge of the region has read that was heard of since `live_since`; the end of
    /// the feed where there is none.
    pub async fn passed_by_all(
        &self,
        region: Region,
        feed_seq: u64,
        live_since: UnixMillis,
    ) -> Result<u64, StoreError> {
        let values = vals![region, live_since, live_since];
        let row: Option<(Option<i64>,)> = self.sql.one(SLOWEST, values).await?;
        let slowest = row.and_then(|(slowest,)| slowest).map(count);
        Ok(slowest.unwrap_or(feed_seq).min(feed_seq))
    }

    /// Takes out versions up to `to` that newer ones up to `to` stand for: who reads from the start
    /// still arrives at the same orders there. Nothing before the grant that stands is taken out for
    /// something after it: its holder compares what came before it with the grant's digest.
    pub async fn compact(&self, region: Region, to: u64) -> Result<usize, StoreError> {
        let old: Vec<(i64,)> = self.sql.all(SUPERSEDED, vals![region, to, to, BATCH]).await?;
        if !old.is_empty() {
            self.sql.exec(SET_COMPACTED, vals![to, region, to]).await?;
        }
        self.drop_numbers(DROP_CHANGES, region.into(), &old).await
    }

    /// Takes out what tells that an order has left the region, once every edge has passed it. An edge
    /// that stands behind it, because it was away for too long, takes an image.
    pub async fn drop_tombstones(&self, region: Region, to: u64) -> Result<usize, StoreError> {
        let values = vals![region, ORDER, to, BATCH];
        let old: Vec<(i64,)> = self.sql.all(TOMBSTONES, values).await?;
        if let Some((last,)) = old.last() {
            // First: whoever reads between the two takes an image in vain, and misses nothing.
            self.sql.exec(SET_TOMBSTONES, vals![*last, region, *last]).await?;
        }
        self.drop_numbers(DROP_CHANGES, region.into(), &old).await
    }

    /// Takes out revocations of tokens that have expired since; never the newest change, which says
    /// where the feed ends.
    pub async fn drop_revocations(
        &self,
        region: Region,
        to: u64,
        before: UnixMillis,
    ) -> Result<usize, StoreError> {
        let values = vals![region, to, REVOKED, before, BATCH];
        let old: Vec<(i64,)> = self.sql.all(OUTLIVED, values).await?;
        self.drop_numbers(DROP_CHANGES, region.into(), &old).await
    }

    async fn drop_numbers(
        &self,
        text: &'static str,
        of: Val,
        numbers: &[(i64,)],
    ) -> Result<usize, StoreError> {
        if !numbers.is_empty() {
            let mut values = vec![of];
            values.extend(numbers.iter().map(|(number,)| Val::Int(*number)));
            self.sql.exec(in_list(text, numbers.len(), ")"), values).await?;
        }
        Ok(numbers.len())
    }
}
