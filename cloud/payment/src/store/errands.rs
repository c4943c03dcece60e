//! The movements that are under way at the adapter, and what to ask about each next. A worker calls from here
//! alone, so that a crash between any two calls loses nothing.

use custody::{Ask, Errand, MovementId};
use platform::{sql::Columns, vals};
use wire::{Currency, OrderId, UserId};

use super::{
    Store, StoreError,
    rows::{PaymentRow, PayoutRow, RefundRow},
};

const DUE: &str = "WHERE status = 'pending' AND ask_at <= ? ORDER BY ask_at LIMIT ?";
const OF_ORDER: &str = "WHERE order_id = ? AND status = 'pending' ORDER BY created_at, id";
const ONE: &str = "WHERE id = ?";

const PAYMENT_LATER: &str = "UPDATE payments SET ask_at = ? WHERE id = ? AND status = 'pending'";
const REFUND_LATER: &str = "UPDATE refunds SET ask_at = ? WHERE id = ? AND status = 'pending'";
const PAYOUT_LATER: &str = "UPDATE payouts SET ask_at = ? WHERE id = ? AND status = 'pending'";

/// How long a movement that cannot be worked on makes room for the others.
const ASK_LATER_MS: i64 = 300_000;
/// Calls of one run of the worker.
const CALLS_MAX: usize = 200;

/// One call of the adapter, with all that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterCall {
    pub id: MovementId,
    pub kind: CallKind,
    pub amount_minor: i64,
    pub currency: Currency,
    pub errand: Errand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallKind {
    Charge { order: OrderId, method: String },
    Refund { order: OrderId, payment: MovementId },
    Payout { provider: UserId },
}

impl Store {
    /// What is to be asked by now, the longest waiting first.
    pub async fn calls_due(&self) -> Result<Vec<AdapterCall>, StoreError> {
        let now = self.clock.now();
        let values = || vals![now, CALLS_MAX];
        let payments: Vec<PaymentRow> = self.sql.all(PaymentRow::select(DUE), values()).await?;
        let refunds: Vec<RefundRow> = self.sql.all(RefundRow::select(DUE), values()).await?;
        let payouts: Vec<PayoutRow> = self.sql.all(PayoutRow::select(DUE), values()).await?;
        let mut calls = Vec::new();
        for row in payments {
            calls.push(AdapterCall::charge(row)?);
        }
        for row in refunds {
            calls.push(AdapterCall::refund(row)?);
        }
        for row in payouts {
            calls.push(AdapterCall::payout(row)?);
        }
        calls.sort_by_key(|call| call.errand.at);
        calls.truncate(CALLS_MAX);
        Ok(calls)
    }

    /// What is to be asked about one order by now.
    pub async fn calls_of(&self, order: OrderId) -> Result<Vec<AdapterCall>, StoreError> {
        let now = self.clock.now();
        let payments: Vec<PaymentRow> =
            self.sql.all(PaymentRow::select(OF_ORDER), vals![order]).await?;
        let refunds: Vec<RefundRow> =
            self.sql.all(RefundRow::select(OF_ORDER), vals![order]).await?;
        let charges = payments.into_iter().map(AdapterCall::charge);
        let calls = charges.chain(refunds.into_iter().map(AdapterCall::refund));
        let calls = calls.collect::<Result<Vec<AdapterCall>, _>>()?;
        Ok(calls.into_iter().filter(|call| call.errand.at <= now).collect())
    }

    /// A movement that cannot be worked on now makes room for the others.
    pub async fn ask_later(&self, call: &AdapterCall) -> Result<(), StoreError> {
        let later = self.clock.now().plus_ms(ASK_LATER_MS);
        let text = match call.kind {
            CallKind::Charge { .. } => PAYMENT_LATER,
            CallKind::Refund { .. } => REFUND_LATER,
            CallKind::Payout { .. } => PAYOUT_LATER,
        };
        self.sql.exec(text, vals![later, call.id.0]).await?;
        Ok(())
    }

    /// A question about any movement of this id, settled or not.
    pub async fn question(&self, id: MovementId) -> Result<Option<AdapterCall>, StoreError> {
        let sql = &self.sql;
        let call = if let Some(row) = sql.one(PaymentRow::select(ONE), vals![id.0]).await? {
            AdapterCall::charge(row)?
        } else if let Some(row) = sql.one(RefundRow::select(ONE), vals![id.0]).await? {
            AdapterCall::refund(row)?
        } else if let Some(row) = sql.one(PayoutRow::select(ONE), vals![id.0]).await? {
            AdapterCall::payout(row)?
        } else {
            return Ok(None);
        };
        let errand = Errand { ask: Ask::Query, ..call.errand };
        Ok(Some(AdapterCall { errand, ..call }))
    }
}

impl AdapterCall {
    fn charge(row: PaymentRow) -> Result<Self, StoreError> {
        let (order, currency, method) = (row.order_id, row.currency, row.payment_method.clone());
        let payment = row.payment()?;
        Ok(Self {
            id: payment.id,
            kind: CallKind::Charge { order, method },
            amount_minor: payment.amount_minor,
            currency,
            errand: payment.errand,
        })
    }

    fn refund(row: RefundRow) -> Result<Self, StoreError> {
        let (order, currency) = (row.order_id, row.currency);
        let refund = row.refund()?;
        Ok(Self {
            id: refund.id,
            kind: CallKind::Refund { order, payment: refund.payment },
            amount_minor: refund.amount_minor,
            currency,
            errand: refund.errand,
        })
    }

    fn payout(row: PayoutRow) -> Result<Self, StoreError> {
        let (provider, currency) = (row.provider_id, row.currency);
        let payout = row.payout()?;
        Ok(Self {
            id: payout.id,
            kind: CallKind::Payout { provider },
            amount_minor: payout.amount_minor,
            currency,
            errand: payout.errand,
        })
    }
}
