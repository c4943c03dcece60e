//! Finds orders by code and receipt secret.
//!
//! Invariant: the secret is not stored. It is derived from the order id with the service's hash
//! key, which never changes, and compared in constant time.

use platform::{row, sql::Columns, vals};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Hash, Order, OrderCode, OrderId, OrderStatus, UnixMillis};

use super::{Store, StoreError, rows::OrderRow};

const SECRET: &str = "orders.tracking";
const STEPS: &str = "SELECT to_status, cloud_at FROM order_timeline WHERE order_id = ? \
    AND (from_status IS NULL OR from_status <> to_status) ORDER BY id DESC LIMIT ?";

/// Orders tried per code. A region has a billion codes, so more matches mean abuse.
const NAMESAKES_MAX: usize = 100;
/// The newest steps of an order shown.
const STEPS_MAX: usize = 50;

/// A state the order reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrackedStep {
    pub status: OrderStatus,
    #[schema(required)]
    pub at: Option<UnixMillis>,
}

row! {
    struct StepRow {
        to_status: OrderStatus,
        cloud_at: Option<UnixMillis>,
    }
}

impl Store {
    pub fn tracking_secret(&self, id: OrderId) -> Hash {
        Hash(self.data_keys().hash(SECRET, &id.to_string()))
    }

    pub async fn find_tracked(
        &self,
        code: &OrderCode,
        secret: &Hash,
    ) -> Result<Option<Order>, StoreError> {
        let text = OrderRow::select("WHERE code = ? LIMIT ?");
        let rows: Vec<OrderRow> = self
            .sql
            .fetch_all(text, vals![code.as_str(), NAMESAKES_MAX])
            .await?;
        let keys = self.data_keys();
        Ok(rows
            .into_iter()
            .find(|row| keys.is_hash(&secret.0, SECRET, &row.id.to_string()))
            .map(Order::from))
    }

    /// The states the order reached, oldest first.
    pub async fn tracked_steps(&self, id: OrderId) -> Result<Vec<TrackedStep>, StoreError> {
        let rows: Vec<StepRow> = self.sql.fetch_all(STEPS, vals![id, STEPS_MAX]).await?;
        let oldest_first = rows.into_iter().rev();
        Ok(oldest_first
            .map(|row| TrackedStep {
                status: row.to_status,
                at: row.cloud_at,
            })
            .collect())
    }
}
