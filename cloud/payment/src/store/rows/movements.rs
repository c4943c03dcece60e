//! Movements at the adapter (payments, refunds, payouts), requests for refunds, and chargebacks.

use custody::{
    BilledOrder, Chargeback, ChargebackId, MovementId, Payment, PaymentState, Payout, PendingCall,
    Refund, RefundRequest,
};
use platform::{
    columns, fields, row,
    sealing::SealContext,
    sql::{ReadError, Row, StoredRow},
};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{StoreError, parse_column};

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

columns! {
    /// The reason is the customer's own text, stored sealed.
    pub struct RequestRow in refund_requests {
        pub id: Uuid,
        pub order_id: OrderId,
        pub customer_id: UserId,
        pub amount_minor: i64,
        pub currency: Currency,
        pub status: String,
        pub reason: String,
        pub granted_minor: Option<i64>,
        pub decided_by: Option<UserId>,
        pub decided_at: Option<UnixMillis>,
        pub created_at: UnixMillis,
    }
}

columns! {
    /// An admin's decision on a request.
    pub struct RequestChange in refund_requests {
        pub status: &'static str,
        pub granted_minor: Option<i64>,
        pub decided_by: Option<UserId>,
        pub decided_at: Option<UnixMillis>,
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
    #[derive(Debug, Clone)]
    pub struct PayoutRow in payouts {
        pub id: Uuid,
        pub provider_id: UserId,
        pub amount_minor: i64,
        pub currency: Currency,
        pub status: String,
        ask: String,
        tries: u32,
        ask_at: UnixMillis,
        pub created_at: UnixMillis,
        pub updated_at: UnixMillis,
    }
}

columns! {
    /// The mutable columns of a payout.
    pub struct PayoutChange in payouts {
        status: &'static str,
        ask: &'static str,
        tries: u32,
        ask_at: UnixMillis,
        updated_at: UnixMillis,
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
            state: parse_column(&self.status, "payments.status")?,
            closing: self.closing,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.tries, self.ask_at)?,
        })
    }
}

impl PaymentChange {
    pub fn from_payment(payment: &Payment, now: UnixMillis) -> Self {
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
            source: parse_column(&self.source, "refunds.source")?,
            state: parse_column(&self.status, "refunds.status")?,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.tries, self.ask_at)?,
        })
    }
}

impl RefundChange {
    pub fn from_refund(refund: &Refund, now: UnixMillis) -> Self {
        Self {
            status: refund.state.as_str(),
            ask: refund.call.ask.as_str(),
            tries: refund.call.tries,
            ask_at: refund.call.at,
            updated_at: now,
        }
    }
}

impl RequestRow {
    pub fn reason_place(id: Uuid) -> SealContext {
        SealContext::of_id("refund_requests.reason", id)
    }

    pub fn into_request(self) -> Result<RefundRequest, StoreError> {
        let state = parse_column(&self.status, "refund_requests.status")?;
        Ok(RefundRequest {
            id: MovementId(self.id),
            amount_minor: self.amount_minor,
            state,
        })
    }
}

impl Row for RequestRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let id = row.get("id")?;
        let reason = row.opened_text("reason", &Self::reason_place(id))?;
        Ok(fields!(row => RequestRow {
            order_id, customer_id, amount_minor, currency, status, granted_minor, decided_by, decided_at,
            created_at;
            id,
            reason,
        }))
    }
}

impl ChargebackRow {
    pub fn from_chargeback(chargeback: &Chargeback, order_id: OrderId, now: UnixMillis) -> Self {
        Self {
            id: chargeback.id.0,
            order_id,
            payment_id: chargeback.payment.0,
            amount_minor: chargeback.amount_minor,
            is_reversed: chargeback.is_reversed,
            heard_at: now,
        }
    }

    pub fn into_chargeback(self) -> Chargeback {
        Chargeback {
            id: ChargebackId(self.id),
            payment: MovementId(self.payment_id),
            amount_minor: self.amount_minor,
            is_reversed: self.is_reversed,
        }
    }
}

impl PayoutRow {
    pub fn from_payout(
        payout: &Payout,
        provider_id: UserId,
        currency: Currency,
        now: UnixMillis,
    ) -> Self {
        Self {
            id: payout.id.0,
            provider_id,
            amount_minor: payout.amount_minor,
            currency,
            status: payout.state.as_str().to_owned(),
            ask: payout.call.ask.as_str().to_owned(),
            tries: payout.call.tries,
            ask_at: payout.call.at,
            created_at: payout.created_at,
            updated_at: now,
        }
    }

    pub fn into_payout(self) -> Result<Payout, StoreError> {
        Ok(Payout {
            id: MovementId(self.id),
            amount_minor: self.amount_minor,
            state: parse_column(&self.status, "payouts.status")?,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.tries, self.ask_at)?,
        })
    }
}

impl PayoutChange {
    pub fn from_payout(payout: &Payout, now: UnixMillis) -> Self {
        Self {
            status: payout.state.as_str(),
            ask: payout.call.ask.as_str(),
            tries: payout.call.tries,
            ask_at: payout.call.at,
            updated_at: now,
        }
    }
}

fn parse_pending_call(ask: &str, tries: u32, at: UnixMillis) -> Result<PendingCall, StoreError> {
    Ok(PendingCall {
        ask: parse_column(ask, "ask")?,
        tries,
        at,
    })
}
