//! The price of a cancel before it is sent: the order as it stands, and the versions of the price.

use custody::FeePolicy;
use platform::{sql::Columns, vals};
use rules::OrderState;
use wire::{CancelCharge, Order, OrderId, UnixMillis};

use super::{Store, StoreError, read, rows::OrderRow};

impl Store {
    /// All that a preview depends on, and the time of it.
    pub async fn to_cancel(
        &self,
        id: OrderId,
    ) -> Result<Option<(OrderState, Vec<FeePolicy>, UnixMillis)>, StoreError> {
        let row = self.sql.one::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id]).await?;
        let policies = read::policies(self.sql.all(read::POLICIES, vals![]).await?)?;
        Ok(row.map(|row| (OrderState::from(row), policies, self.clock.now())))
    }

    /// An order with the price of its cancel, for the payment service.
    pub async fn order_and_terms(
        &self,
        id: OrderId,
    ) -> Result<Option<(Order, Option<CancelCharge>)>, StoreError> {
        let row = self.sql.one::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id]).await?;
        Ok(row.map(|row| {
            let terms = row.terms();
            (row.into(), terms)
        }))
    }
}
