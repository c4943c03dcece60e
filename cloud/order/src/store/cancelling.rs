//! Reads for the cancellation preview: the order and the versions of the fee.

use custody::FeePolicy;
use platform::{sql::Columns, vals};
use rules::{OfflineRules, OrderState};
use wire::{Order, OrderAndTerms, OrderId, UnixMillis};

use super::{Store, StoreError, read, rows::OrderRow};

/// The input of a cancellation preview.
pub struct CancelBasis {
    pub state: OrderState,
    pub policies: Vec<FeePolicy>,
    /// The rules of the order's region.
    pub rules: OfflineRules,
    pub at: UnixMillis,
}

impl Store {
    pub async fn to_cancel(&self, id: OrderId) -> Result<Option<CancelBasis>, StoreError> {
        let row = self
            .sql
            .fetch_optional::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let state = OrderState::from(row);
        let policies =
            read::policies_from_rows(self.sql.fetch_all(read::POLICIES, vals![]).await?)?;
        let rules = self.rules_of(state.order.location).await?;
        Ok(Some(CancelBasis {
            state,
            policies,
            rules,
            at: self.clock.now(),
        }))
    }

    /// An order with its cancellation price and payment mode, for the payment and review services.
    pub async fn order_and_terms(&self, id: OrderId) -> Result<Option<OrderAndTerms>, StoreError> {
        let row = self
            .sql
            .fetch_optional::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let terms = row.cancel_terms();
        let order = Order::from(row);
        let paid_afterwards = self
            .rules_of(order.location)
            .await?
            .is_paid_afterwards(&order);
        Ok(Some(OrderAndTerms {
            order,
            terms,
            paid_afterwards,
        }))
    }
}
