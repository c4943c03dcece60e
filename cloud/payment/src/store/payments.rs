//! Payments, their refunds and chargebacks, and the payment methods that customers have saved: the
//! adapter's tokens, never card data.
//!
//! Invariant: a customer saves a bounded number of methods, with at most one default.

use custody::{BilledOrder, Chargeback, ChargebackId, MovementId, Payment, PaymentState, Refund};
use platform::{columns, row, sql::Columns, transact, vals};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{Store, StoreError, for_update, parse_column, parse_pending_call};

pub(super) const MOVEMENTS_OF_ORDER: &str =
    "WHERE order_id = ? ORDER BY created_at DESC, id DESC LIMIT ?";
/// Fits all movements of one order; the custody limits bound their number.
pub(super) const MOVEMENTS_MAX: usize = 500;
const METHODS_OF_CUSTOMER: &str = "WHERE customer_id = ? ORDER BY kept_at, method";
const LAST_USED: &str = "SELECT payment_method FROM payments WHERE customer_id = ? AND status = 'completed' \
    ORDER BY created_at DESC, id DESC LIMIT 1";
const SET_DEFAULT: &str = "UPDATE kept_methods SET is_default = (method = ?) WHERE customer_id = ?";
const UNSET_DEFAULT: &str =
    "UPDATE kept_methods SET is_default = 0 WHERE method = ? AND customer_id = ?";
const REMOVE_METHOD: &str = "DELETE FROM kept_methods WHERE method = ? AND customer_id = ?";
const FORGET_METHODS: &str = "DELETE FROM kept_methods WHERE customer_id = ? AND kept_at <= ?";
/// Maximum saved methods per customer.
pub const KEPT_METHODS_MAX: usize = 10;

row! {
    #[derive(Debug, Clone)]
    pub struct PaymentRow in payments {
        pub id: Uuid,
        pub order_id: OrderId,
        pub customer_id: UserId,
        pub provider_id: Option<UserId>,
        pub amount_minor: i64,
        pub currency: Currency,
        pub payment_method: String,
        pub status: String,
        transaction_id: Uuid,
        closing: bool,
        ask: String,
        tries: u32,
        ask_at: UnixMillis,
        pub created_at: UnixMillis,
        pub updated_at: UnixMillis,
    }
}

columns! {
    /// The mutable columns of a payment.
    pub struct PaymentChange in payments {
        status: &'static str,
        closing: bool,
        ask: &'static str,
        tries: u32,
        ask_at: UnixMillis,
        updated_at: UnixMillis,
    }
}

row! {
    #[derive(Debug, Clone)]
    pub struct RefundRow in refunds {
        pub id: Uuid,
        pub payment_id: Uuid,
        pub order_id: OrderId,
        customer_id: UserId,
        pub amount_minor: i64,
        pub currency: Currency,
        pub source: String,
        pub status: String,
        ask: String,
        tries: u32,
        ask_at: UnixMillis,
        pub created_at: UnixMillis,
        pub updated_at: UnixMillis,
    }
}

columns! {
    /// The mutable columns of a refund.
    pub struct RefundChange in refunds {
        status: &'static str,
        ask: &'static str,
        tries: u32,
        ask_at: UnixMillis,
        updated_at: UnixMillis,
    }
}

row! {
    #[derive(Debug, Clone)]
    pub struct ChargebackRow in chargebacks {
        id: Uuid,
        order_id: OrderId,
        payment_id: Uuid,
        amount_minor: i64,
        is_reversed: bool,
        heard_at: UnixMillis,
    }
}

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
            .fetch_all(
                PaymentRow::select(MOVEMENTS_OF_ORDER),
                vals![order, MOVEMENTS_MAX],
            )
            .await?)
    }

    pub async fn refunds_of(&self, order: OrderId) -> Result<Vec<RefundRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(
                RefundRow::select(MOVEMENTS_OF_ORDER),
                vals![order, MOVEMENTS_MAX],
            )
            .await?)
    }

    /// Oldest first.
    pub async fn kept_methods(&self, customer: UserId) -> Result<Vec<KeptMethodRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(KeptMethodRow::select(METHODS_OF_CUSTOMER), vals![customer])
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
            let text = for_update(tx, KeptMethodRow::select(METHODS_OF_CUSTOMER));
            let kept: Vec<KeptMethodRow> = tx.fetch_all(text, vals![customer_id]).await?;
            if is_new && kept.len() > KEPT_METHODS_MAX {
                tx.exec(REMOVE_METHOD, vals![method, customer_id]).await?;
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
        Ok(self
            .sql
            .exec(REMOVE_METHOD, vals![method, customer])
            .await?
            == 1)
    }

    /// Removes all methods saved up to `until`.
    pub async fn forget_methods(
        &self,
        customer: UserId,
        until: UnixMillis,
    ) -> Result<u64, StoreError> {
        Ok(self
            .sql
            .exec(FORGET_METHODS, vals![customer, until])
            .await?)
    }
}

impl PaymentRow {
    /// True if the customer may still pay it.
    pub fn is_wanted(&self) -> bool {
        self.status == PaymentState::Pending.as_str() && !self.closing
    }

    pub fn from_payment(
        payment: &Payment,
        order: &BilledOrder,
        method: &str,
        now: UnixMillis,
    ) -> Self {
        Self {
            id: payment.id.0,
            order_id: order.id,
            customer_id: order.customer_id,
            provider_id: payment.provider_id,
            amount_minor: payment.amount_minor,
            currency: order.currency,
            payment_method: method.to_owned(),
            status: payment.state.as_str().to_owned(),
            transaction_id: payment.id.0,
            closing: payment.closing,
            ask: payment.call.ask.as_str().to_owned(),
            tries: payment.call.tries,
            ask_at: payment.call.at,
            created_at: payment.created_at,
            updated_at: now,
        }
    }

    pub fn into_payment(self) -> Result<Payment, StoreError> {
        Ok(Payment {
            id: MovementId(self.id),
            amount_minor: self.amount_minor,
            provider_id: self.provider_id,
            state: parse_column(&self.status, "payments.status", self.id)?,
            closing: self.closing,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.id, self.tries, self.ask_at)?,
        })
    }
}

impl PaymentChange {
    pub(super) fn from_payment(payment: &Payment, now: UnixMillis) -> Self {
        Self {
            status: payment.state.as_str(),
            closing: payment.closing,
            ask: payment.call.ask.as_str(),
            tries: payment.call.tries,
            ask_at: payment.call.at,
            updated_at: now,
        }
    }
}

impl RefundRow {
    pub fn from_refund(refund: &Refund, order: &BilledOrder, now: UnixMillis) -> Self {
        Self {
            id: refund.id.0,
            payment_id: refund.payment.0,
            order_id: order.id,
            customer_id: order.customer_id,
            amount_minor: refund.amount_minor,
            currency: order.currency,
            source: refund.source.as_str().to_owned(),
            status: refund.state.as_str().to_owned(),
            ask: refund.call.ask.as_str().to_owned(),
            tries: refund.call.tries,
            ask_at: refund.call.at,
            created_at: refund.created_at,
            updated_at: now,
        }
    }

    pub fn into_refund(self) -> Result<Refund, StoreError> {
        Ok(Refund {
            id: MovementId(self.id),
            payment: MovementId(self.payment_id),
            amount_minor: self.amount_minor,
            source: parse_column(&self.source, "refunds.source", self.id)?,
            state: parse_column(&self.status, "refunds.status", self.id)?,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.id, self.tries, self.ask_at)?,
        })
    }
}

impl RefundChange {
    pub(super) fn from_refund(refund: &Refund, now: UnixMillis) -> Self {
        Self {
            status: refund.state.as_str(),
            ask: refund.call.ask.as_str(),
            tries: refund.call.tries,
            ask_at: refund.call.at,
            updated_at: now,
        }
    }
}

impl ChargebackRow {
    pub(super) fn from_chargeback(
        chargeback: &Chargeback,
        order_id: OrderId,
        now: UnixMillis,
    ) -> Self {
        Self {
            id: chargeback.id.0,
            order_id,
            payment_id: chargeback.payment.0,
            amount_minor: chargeback.amount_minor,
            is_reversed: chargeback.is_reversed,
            heard_at: now,
        }
    }

    pub(super) fn into_chargeback(self) -> Chargeback {
        Chargeback {
            id: ChargebackId(self.id),
            payment: MovementId(self.payment_id),
            amount_minor: self.amount_minor,
            is_reversed: self.is_reversed,
        }
    }
}
