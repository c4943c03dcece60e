//! Reads for people and jobs.

use platform::{row, sql::Columns, vals};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{OrderId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    rows::{DueRow, PaymentRow, RefundRow, RequestRow},
};

pub use super::rows::RequestRow as RequestRecord;

const OF_ORDER: &str = "WHERE order_id = ? ORDER BY created_at DESC, id DESC LIMIT ?";
const OPEN_REQUESTS: &str = "WHERE status = 'open' AND created_at <= ? \
    AND (created_at < ? OR id < ?) ORDER BY created_at DESC, id DESC LIMIT ?";
const CASES: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, \
    (SELECT provider_id FROM payouts WHERE payouts.id = movement_id) AS provider_id FROM money_cases \
    WHERE closed_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?";
const DUE_BY: &str = "SELECT order_id FROM dues WHERE next_at <= ? AND (looked_at < next_at OR looked_at <= ?) \
    ORDER BY next_at LIMIT ?";
const LOOK_LATER: &str = "UPDATE dues SET looked_at = ? WHERE order_id = ?";

/// Fits all movements of one order; the custody limits bound their number.
const ROWS_MAX: usize = 500;
/// Dues per job run.
const DUES_MAX: usize = 200;
/// How soon the job retries a due that waits for a person.
const LOOK_AGAIN_MS: i64 = 3_600_000;

/// The customer and provider of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    pub customer: UserId,
    pub provider: Option<UserId>,
}

row! {
    #[derive(Debug, Clone)]
    pub struct MoneyCaseRow {
        pub id: u64,
        /// The nil id for a payout case.
        pub order_id: OrderId,
        pub kind: String,
        pub movement_id: Uuid,
        pub opened_at: UnixMillis,
        pub closed_at: Option<UnixMillis>,
        /// Set on payout cases.
        pub provider_id: Option<UserId>,
    }
}

impl Store {
    pub async fn find_parties(&self, order: OrderId) -> Result<Option<Parties>, StoreError> {
        let row: Option<DueRow> = self
            .sql
            .fetch_optional(DueRow::select("WHERE order_id = ?"), vals![order])
            .await?;
        Ok(row.map(|row| Parties {
            customer: row.customer_id,
            provider: row.provider_id,
        }))
    }

    pub async fn find_payment(&self, id: Uuid) -> Result<Option<PaymentRow>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(PaymentRow::select("WHERE id = ?"), vals![id])
            .await?)
    }

    /// Newest first.
    pub async fn payments_of(&self, order: OrderId) -> Result<Vec<PaymentRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(PaymentRow::select(OF_ORDER), vals![order, ROWS_MAX])
            .await?)
    }

    pub async fn refunds_of(&self, order: OrderId) -> Result<Vec<RefundRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(RefundRow::select(OF_ORDER), vals![order, ROWS_MAX])
            .await?)
    }

    pub async fn find_request(&self, id: Uuid) -> Result<Option<RequestRecord>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(RequestRow::select("WHERE id = ?"), vals![id])
            .await?)
    }

    pub async fn requests_of(&self, order: OrderId) -> Result<Vec<RequestRecord>, StoreError> {
        Ok(self
            .sql
            .fetch_all(RequestRow::select(OF_ORDER), vals![order, ROWS_MAX])
            .await?)
    }

    /// Requests waiting for an admin, newest first.
    pub async fn open_requests(
        &self,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        Ok(self
            .sql
            .fetch_all(RequestRow::select(OPEN_REQUESTS), vals![at, at, id, limit])
            .await?)
    }

    /// Open cases for review, newest first.
    pub async fn list_open_cases(
        &self,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<MoneyCaseRow>, StoreError> {
        let before = before.unwrap_or(i64::MAX.unsigned_abs());
        Ok(self.sql.fetch_all(CASES, vals![before, limit]).await?)
    }

    /// Orders with an expiry or release due now.
    pub async fn dues_by_now(&self) -> Result<Vec<OrderId>, StoreError> {
        let now = self.clock.now();
        let values = vals![now, now.plus_ms(-LOOK_AGAIN_MS), DUES_MAX];
        Ok(self.sql.fetch_all(DUE_BY, values).await?)
    }

    /// Postpones a due that cannot be processed now.
    pub async fn look_later(&self, order: OrderId) -> Result<(), StoreError> {
        self.sql
            .exec(LOOK_LATER, vals![self.clock.now(), order])
            .await?;
        Ok(())
    }
}
