//! The changes of orders for those who watch.

use platform::vals;
use wire::{Change, Region};

use super::{Result, Store, StoreError, count, feed::ORDER};

const CHANGES: &str = "SELECT feed_seq, bytes FROM feed WHERE region = ? AND feed_seq > ? \
    AND feed_seq <= ? AND kind = ? ORDER BY feed_seq LIMIT ?";

impl Store {
    /// The changes of orders after `after`, up to `to` and at most `limit`; and the number that they reach.
    pub async fn order_changes(
        &self,
        region: Region,
        after: u64,
        to: u64,
        limit: u32,
    ) -> Result<(u64, Vec<(u64, Change)>)> {
        if after >= to {
            return Ok((to, Vec::new()));
        }
        let values = vals![region, after, to, ORDER, limit];
        let rows: Vec<(i64, Vec<u8>)> = self.sql.all(CHANGES, values).await?;
        let is_part = u32::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
        let reached = rows.last().filter(|_| is_part).map_or(to, |(last, _)| count(*last));
        let change = |(feed_seq, bytes): (i64, Vec<u8>)| {
            let change = minicbor::decode(&bytes);
            let change = change.map_err(|_| StoreError::Unreadable("a change of the feed"))?;
            Ok((count(feed_seq), change))
        };
        Ok((reached, rows.into_iter().map(change).collect::<Result<_>>()?))
    }
}
