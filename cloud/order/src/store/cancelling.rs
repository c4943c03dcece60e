//! The price of a cancel before it is sent: the order as it stands, and the versions of the price.

use custody::FeePolicy;
use platform::{sql::Columns, vals};
use rules::{OfflineRules, OrderState};
use wire::{Order, OrderAndTerms, OrderId, UnixMillis};

use super::{Store, StoreError, read, rows::OrderRow};

/// All that the preview of a cancel depends on.
pub struct CancelBasis {
    pub state: OrderState,
    pub policies: Vec<FeePolicy>,
    /// Of the order's region.
    pub rules: OfflineRules,
    pub at: UnixMillis,
}

impl Store {
    pub async fn to_cancel(&self, id: OrderId) -> Result<Option<CancelBasis>, StoreError> {
        let row = self.sql.one::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let state = OrderState::from(row);
        let policies = read::policies(self.sql.all(read::POLICIES, vals![]).await?)?;
        let rules = self.rules_of(state.order.location).await?;
        Ok(Some(CancelBasis { state, policies, rules, at: self.clock.now() }))
    }

    /// An order with the price of its cancel and the way of its payment, for the services for
    /// payments and reviews.
    pub async fn order_and_terms(&self, id: OrderId) -> Result<Option<OrderAndTerms>, StoreError> {
        let row = self.sql.one::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let terms = row.terms();
        let order = Order::from(row);
        let paid_afterwards = self.rules_of(order.location).await?.is_paid_afterwards(&order);
        Ok(Some(OrderAndTerms { order, terms, paid_afterwards }))
    }
}
