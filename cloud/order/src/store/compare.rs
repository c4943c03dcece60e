//! A region's orders by id, for the hub to compare with its feeds.

use platform::{outbox, sql::Columns, vals};
use uuid::Uuid;
use wire::{
    Order, OrderFingerprint, OrderId, OrderRangeDigest, OrderRangeQuery, OrdersByIdReply,
    range_digest,
};

use super::{Store, StoreError, rows::OrderRow};

/// Maximum orders per answer.
pub const ORDERS_MAX: usize = 1_000;

impl Store {
    pub async fn digest_range(
        &self,
        asked: &OrderRangeQuery,
    ) -> Result<OrderRangeDigest, StoreError> {
        const RANGE: &str = "WHERE location = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?";
        let limit = usize::try_from(asked.orders_max)
            .unwrap_or(ORDERS_MAX)
            .min(ORDERS_MAX);
        let after = asked.after.map_or(Uuid::nil(), |id| id.0);
        let until = asked.until.map_or(Uuid::max(), |id| id.0);
        let values = vals![asked.region, after, until, limit];
        let rows = self
            .sql
            .fetch_all::<OrderRow>(OrderRow::select(RANGE), values)
            .await?;
        let whole = rows.len() < limit;
        let marks: Vec<OrderFingerprint> = rows
            .into_iter()
            .map(|row| OrderFingerprint::from_order(&row.into()))
            .collect();
        let until = if whole {
            asked.until
        } else {
            marks.last().map(|mark| mark.id)
        };
        let digest = range_digest(&marks);
        Ok(OrderRangeDigest {
            until,
            digest,
            marks: if asked.marks { marks } else { Vec::new() },
        })
    }

    /// The orders that exist, and how long outbox events have been unsent.
    pub async fn orders_by_id(&self, ids: &[OrderId]) -> Result<OrdersByIdReply, StoreError> {
        let mut orders: Vec<Order> = Vec::with_capacity(ids.len());
        if !ids.is_empty() {
            let text = OrderRow::select("WHERE id IN (")
                .append_marks(ids.len())
                .append_text(")");
            let rows: Vec<OrderRow> = self
                .sql
                .fetch_all(text, ids.iter().map(Into::into).collect())
                .await?;
            orders = rows.into_iter().map(Order::from).collect();
        }
        let unsent_since = outbox::store::unsent_since(&self.sql).await?;
        Ok(OrdersByIdReply {
            orders,
            unsent_since,
        })
    }
}
