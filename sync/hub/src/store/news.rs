//! Order changes and lost acceptances, for live subscribers.

use platform::vals;
use wire::{FeedChange, Region};

use super::{Result, Store, feed::ORDER, sealed::read_change};

const CHANGES: &str = "SELECT feed_seq, bytes FROM feed WHERE region = ? AND feed_seq > ? \
    AND feed_seq <= ? AND kind = ? ORDER BY feed_seq LIMIT ?";
const LOST: &str = "SELECT l.number, f.feed_seq, f.bytes FROM lost_acceptances l \
    LEFT JOIN feed f ON f.region = l.region AND f.feed_seq = (SELECT n.feed_seq FROM feed n \
        WHERE n.region = l.region AND n.kind = ? AND n.entity = l.order_id \
        ORDER BY n.feed_seq DESC LIMIT 1) \
    WHERE l.region = ? AND l.number > ? AND l.number <= ? \
    ORDER BY l.number LIMIT ?";

impl Store {
    /// Returns up to `limit` order changes after `after` and up to `to`, and the number they reach.
    pub async fn order_changes(
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

    /// Returns up to `limit` lost acceptances after `after` and up to `to`, each with its order's
    /// newest change. The oldest may already be dropped.
    pub async fn lost_acceptances(
        &self,
        region: Region,
        after: u64,
        to: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Option<FeedChange>)>> {
        if after >= to {
            return Ok(Vec::new());
        }
        let values = vals![ORDER, region, after, to, limit];
        let rows: Vec<(u64, Option<u64>, Option<Vec<u8>>)> =
            self.sql.fetch_all(LOST, values).await?;
        let keys = self.sql.data_keys();
        let mut lost = Vec::with_capacity(rows.len());
        for (number, feed_seq, bytes) in rows {
            let newest = match feed_seq.zip(bytes) {
                Some((feed_seq, bytes)) => Some(read_change(keys, region, feed_seq, bytes)?),
                None => None,
            };
            lost.push((number, newest));
        }
        Ok(lost)
    }
}
