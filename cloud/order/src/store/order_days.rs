//! When orders were published and completed, for the overview's trend.
//!
//! Invariant: each read is bounded and follows an index.

use platform::vals;
use wire::{Action, OrderStatus, UnixMillis};

use super::{Store, StoreError};

const PUBLISHED: &str =
    "SELECT created_at FROM orders WHERE created_at >= ? ORDER BY created_at DESC LIMIT ?";

/// A completed order has changed since, at the latest by its completion. `CROSS JOIN` makes SQLite
/// begin with the orders.
const COMPLETED: &str = "SELECT order_timeline.cloud_at FROM orders CROSS JOIN order_timeline \
    ON order_timeline.order_id = orders.id \
    WHERE orders.updated_at >= ? AND orders.status IN (?, ?) \
    AND order_timeline.action = ? AND order_timeline.to_status = ? \
    AND order_timeline.code IS NULL AND order_timeline.cloud_at IS NOT NULL \
    ORDER BY orders.updated_at DESC LIMIT ?";

/// Orders in one answer: the newest.
const TIMES_MAX: usize = 20_000;

/// The times since a moment, newest first.
#[derive(Debug, PartialEq, Eq)]
pub struct OrderTimes {
    pub published: Vec<UnixMillis>,
    pub completed: Vec<UnixMillis>,
    /// False if there were more, older ones.
    pub is_whole: bool,
}

impl Store {
    pub async fn list_order_times(&self, since: UnixMillis) -> Result<OrderTimes, StoreError> {
        let published: Vec<UnixMillis> = self
            .sql
            .fetch_all(PUBLISHED, vals![since, TIMES_MAX])
            .await?;
        let values = vals![
            since,
            OrderStatus::Completed,
            OrderStatus::Reviewed,
            Action::Complete,
            OrderStatus::Completed,
            TIMES_MAX
        ];
        let completed: Vec<UnixMillis> = self.sql.fetch_all(COMPLETED, values).await?;
        let is_whole = published.len().max(completed.len()) < TIMES_MAX;
        Ok(OrderTimes {
            published,
            completed,
            is_whole,
        })
    }
}
