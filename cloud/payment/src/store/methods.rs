//! Customers' saved payment methods: the adapter's tokens, never card data.
//!
//! Invariant: a customer saves a bounded number of methods, with at most one default.

use platform::{row, sql::Columns, transact, vals};
use wire::{UnixMillis, UserId};

use super::{Store, StoreError, load::for_update};

const OF_CUSTOMER: &str = "WHERE customer_id = ? ORDER BY kept_at, method";
const LAST_USED: &str = "SELECT payment_method FROM payments WHERE customer_id = ? AND status = 'completed' \
    ORDER BY created_at DESC, id DESC LIMIT 1";
const SET_DEFAULT: &str = "UPDATE kept_methods SET is_default = (method = ?) WHERE customer_id = ?";
const UNSET_DEFAULT: &str =
    "UPDATE kept_methods SET is_default = 0 WHERE method = ? AND customer_id = ?";
const REMOVE: &str = "DELETE FROM kept_methods WHERE method = ? AND customer_id = ?";
const FORGET: &str = "DELETE FROM kept_methods WHERE customer_id = ? AND kept_at <= ?";

/// Maximum saved methods per customer.
pub const KEPT_METHODS_MAX: usize = 10;

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct KeptMethodRow in kept_methods {
        customer_id: UserId,
        pub method: String,
        pub is_default: bool,
        pub kept_at: UnixMillis,
    }
}

impl Store {
    /// Oldest first.
    pub async fn kept_methods(&self, customer: UserId) -> Result<Vec<KeptMethodRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(KeptMethodRow::select(OF_CUSTOMER), vals![customer])
            .await?)
    }

    /// The method of the customer's last completed payment.
    pub async fn last_used_method(&self, customer: UserId) -> Result<Option<String>, StoreError> {
        Ok(self.sql.fetch_optional(LAST_USED, vals![customer]).await?)
    }

    /// Saves the method, as the default or not; idempotent. Returns false if the customer has
    /// reached the maximum.
    pub async fn keep_method(
        &self,
        customer_id: UserId,
        method: &str,
        is_default: bool,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let (kept_at, method) = (self.clock.now(), method.to_owned());
            let row = KeptMethodRow { customer_id, method: method.clone(), is_default, kept_at };
            let is_new = tx.insert_new(row).await?;
            // Lock after inserting our own row, so that concurrent saves of one customer wait for
            // each other.
            let text = for_update(tx, KeptMethodRow::select(OF_CUSTOMER));
            let kept: Vec<KeptMethodRow> = tx.fetch_all(text, vals![customer_id]).await?;
            if is_new && kept.len() > KEPT_METHODS_MAX {
                tx.exec(REMOVE, vals![method, customer_id]).await?;
                return Ok(false);
            }
            let change = if is_default { SET_DEFAULT } else { UNSET_DEFAULT };
            tx.exec(change, vals![method, customer_id]).await?;
            Ok::<_, StoreError>(true)
        })
    }

    /// Returns true if the method was saved.
    pub async fn remove_method(
        &self,
        customer: UserId,
        method: String,
    ) -> Result<bool, StoreError> {
        Ok(self.sql.exec(REMOVE, vals![method, customer]).await? == 1)
    }

    /// Removes all methods saved up to `until`.
    pub async fn forget_methods(
        &self,
        customer: UserId,
        until: UnixMillis,
    ) -> Result<u64, StoreError> {
        Ok(self.sql.exec(FORGET, vals![customer, until]).await?)
    }
}
