//! The open movements at the adapter, with the pending call for each. Workers call only from these
//! rows, so a crash between any two calls loses nothing.
//!
//! Every message from the adapter is recorded here too. It moves no money: a valid signature and
//! one of our ids only trigger an immediate query [ASK_DONT_BELIEVE]. So late, repeated and
//! reordered messages do no harm.

use custody::{Ask, MovementId, PendingCall};
use platform::{
    row,
    sql::{Columns, Row, Val},
    vals,
};
use process::problem::{TimeCursor, format_error_chain};
use ring::digest::{SHA256, digest};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId, words, words_from_text};

use super::{
    Store, StoreError,
    payments::{PaymentRow, RefundRow},
    payouts::PayoutRow,
};

const DUE_PAYMENTS: &str =
    "SELECT id FROM payments WHERE status = 'pending' AND ask_at <= ? ORDER BY ask_at LIMIT ?";
const DUE_REFUNDS: &str =
    "SELECT id FROM refunds WHERE status = 'pending' AND ask_at <= ? ORDER BY ask_at LIMIT ?";
const DUE_PAYOUTS: &str =
    "SELECT id FROM payouts WHERE status = 'pending' AND ask_at <= ? ORDER BY ask_at LIMIT ?";
const OF_ORDER: &str = "WHERE order_id = ? AND status = 'pending' ORDER BY created_at, id";
const CLOSING_OF_ORDER: &str =
    "WHERE order_id = ? AND status = 'pending' AND closing <> 0 ORDER BY created_at, id LIMIT 1";
const NEXT_CALL_OF_ORDER: &str = "SELECT ask_at FROM payments \
    WHERE order_id = ? AND status = 'pending' ORDER BY created_at, id LIMIT 1";
const ONE: &str = "WHERE id = ?";
const PAYMENT_LATER: &str = "UPDATE payments SET ask_at = ? WHERE id = ? AND status = 'pending'";
const REFUND_LATER: &str = "UPDATE refunds SET ask_at = ? WHERE id = ? AND status = 'pending'";
const PAYOUT_LATER: &str = "UPDATE payouts SET ask_at = ? WHERE id = ? AND status = 'pending'";
/// How long to postpone a movement that cannot be processed.
const ASK_LATER_MS: i64 = 300_000;
/// Calls per worker run.
const CALLS_MAX: usize = 200;

/// One adapter call, with all its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterCall {
    pub id: MovementId,
    pub kind: AdapterCallKind,
    pub amount_minor: i64,
    pub currency: Currency,
    pub begun_at: UnixMillis,
    pub call: PendingCall,
}

/// A charge carries the provider at its start: a simulated adapter scripts payouts by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterCallKind {
    Charge {
        order: OrderId,
        provider: Option<UserId>,
        method: String,
    },
    Refund {
        order: OrderId,
        payment: MovementId,
    },
    Payout {
        provider: UserId,
    },
}

impl Store {
    /// The calls due now, longest waiting first.
    pub async fn list_due_calls(&self) -> Result<Vec<AdapterCall>, StoreError> {
        let mut calls = self
            .list_table_calls(DUE_PAYMENTS, PAYMENT_LATER, AdapterCall::from_payment)
            .await?;
        calls.extend(
            self.list_table_calls(DUE_REFUNDS, REFUND_LATER, AdapterCall::from_refund)
                .await?,
        );
        calls.extend(
            self.list_table_calls(DUE_PAYOUTS, PAYOUT_LATER, AdapterCall::from_payout)
                .await?,
        );
        calls.sort_by_key(|call| call.call.at);
        calls.truncate(CALLS_MAX);
        Ok(calls)
    }

    /// The due calls of one table. Logs and postpones an unreadable row.
    async fn list_table_calls<R: Row + Columns>(
        &self,
        due: &'static str,
        later: &'static str,
        call: fn(R) -> Result<AdapterCall, StoreError>,
    ) -> Result<Vec<AdapterCall>, StoreError> {
        let now = self.clock.now();
        let ids: Vec<Uuid> = self.sql.fetch_all(due, vals![now, CALLS_MAX]).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = R::select("WHERE id IN (")
            .append_marks(ids.len())
            .append_text(")");
        let whole = self
            .sql
            .fetch_all::<R>(text, ids.iter().map(Val::from).collect())
            .await;
        let whole = whole.map_err(StoreError::from);
        let read = whole.and_then(|rows| rows.into_iter().map(call).collect::<Result<_, _>>());
        match read {
            Err(error) if !error.is_unavailable() => {}
            calls => return calls,
        }
        let mut calls = Vec::new();
        for id in ids {
            let row = self
                .sql
                .fetch_optional::<R>(R::select(ONE), vals![id])
                .await
                .map_err(StoreError::from);
            match row.and_then(|row| row.map(call).transpose()) {
                Ok(read) => calls.extend(read),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        movement.id = %id, cause = format_error_chain(&error),
                        "Could not read a movement; it is postponed"
                    );
                    self.sql
                        .exec(later, vals![now.plus_ms(ASK_LATER_MS), id])
                        .await?;
                }
            }
        }
        Ok(calls)
    }

    /// The calls due now for one order.
    pub async fn list_order_calls(&self, order: OrderId) -> Result<Vec<AdapterCall>, StoreError> {
        let now = self.clock.now();
        let payments: Vec<PaymentRow> = self
            .sql
            .fetch_all(PaymentRow::select(OF_ORDER), vals![order])
            .await?;
        let refunds: Vec<RefundRow> = self
            .sql
            .fetch_all(RefundRow::select(OF_ORDER), vals![order])
            .await?;
        let charges = payments.into_iter().map(AdapterCall::from_payment);
        let calls = charges.chain(refunds.into_iter().map(AdapterCall::from_refund));
        let calls = calls.collect::<Result<Vec<AdapterCall>, _>>()?;
        Ok(calls
            .into_iter()
            .filter(|call| call.call.at <= now)
            .collect())
    }

    /// The call that closes the order's closing payment, if any.
    pub async fn find_closing_call(
        &self,
        order: OrderId,
    ) -> Result<Option<AdapterCall>, StoreError> {
        let row: Option<PaymentRow> = self
            .sql
            .fetch_optional(PaymentRow::select(CLOSING_OF_ORDER), vals![order])
            .await?;
        let Some(call) = row.map(AdapterCall::from_payment).transpose()? else {
            return Ok(None);
        };
        let next_call = PendingCall {
            ask: Ask::Close,
            ..call.call
        };
        Ok(Some(AdapterCall {
            call: next_call,
            ..call
        }))
    }

    /// Seconds until the next adapter call about the order's open payment.
    pub async fn seconds_until_next_call(&self, order: OrderId) -> Result<u32, StoreError> {
        let at: Option<UnixMillis> = self
            .sql
            .fetch_optional(NEXT_CALL_OF_ORDER, vals![order])
            .await?;
        let wait_ms = at.map_or(0, |at| at.ms_since(self.clock.now()));
        let seconds = u32::try_from((wait_ms + 999) / 1_000).unwrap_or(u32::MAX);
        Ok(seconds.max(1))
    }

    /// Postpones a movement that cannot be processed now.
    pub async fn postpone_call(&self, call: &AdapterCall) -> Result<(), StoreError> {
        let later = self.clock.now().plus_ms(ASK_LATER_MS);
        let text = match call.kind {
            AdapterCallKind::Charge { .. } => PAYMENT_LATER,
            AdapterCallKind::Refund { .. } => REFUND_LATER,
            AdapterCallKind::Payout { .. } => PAYOUT_LATER,
        };
        self.sql.exec(text, vals![later, call.id.0]).await?;
        Ok(())
    }

    /// A query about the movement with this id, settled or not.
    pub async fn build_query_call(
        &self,
        id: MovementId,
    ) -> Result<Option<AdapterCall>, StoreError> {
        let sql = &self.sql;
        let call = if let Some(row) = sql
            .fetch_optional(PaymentRow::select(ONE), vals![id.0])
            .await?
        {
            AdapterCall::from_payment(row)?
        } else if let Some(row) = sql
            .fetch_optional(RefundRow::select(ONE), vals![id.0])
            .await?
        {
            AdapterCall::from_refund(row)?
        } else if let Some(row) = sql
            .fetch_optional(PayoutRow::select(ONE), vals![id.0])
            .await?
        {
            AdapterCall::from_payout(row)?
        } else {
            return Ok(None);
        };
        let next_call = PendingCall {
            ask: Ask::Query,
            ..call.call
        };
        Ok(Some(AdapterCall {
            call: next_call,
            ..call
        }))
    }
}

impl AdapterCallKind {
    /// `None` for a payout.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Charge { order, .. } | Self::Refund { order, .. } => Some(*order),
            Self::Payout { .. } => None,
        }
    }
}

impl AdapterCall {
    fn from_payment(row: PaymentRow) -> Result<Self, StoreError> {
        let order = row.order_id;
        let currency = row.currency;
        let method = row.payment_method.clone();
        let provider = row.provider_id;
        let payment = row.into_payment()?;
        Ok(Self {
            id: payment.id,
            kind: AdapterCallKind::Charge {
                order,
                provider,
                method,
            },
            amount_minor: payment.amount_minor,
            currency,
            begun_at: payment.created_at,
            call: payment.call,
        })
    }

    fn from_refund(row: RefundRow) -> Result<Self, StoreError> {
        let order = row.order_id;
        let currency = row.currency;
        let refund = row.into_refund()?;
        Ok(Self {
            id: refund.id,
            kind: AdapterCallKind::Refund {
                order,
                payment: refund.payment,
            },
            amount_minor: refund.amount_minor,
            currency,
            begun_at: refund.created_at,
            call: refund.call,
        })
    }

    fn from_payout(row: PayoutRow) -> Result<Self, StoreError> {
        let provider = row.provider_id;
        let currency = row.currency;
        let payout = row.into_payout()?;
        Ok(Self {
            id: payout.id,
            kind: AdapterCallKind::Payout { provider },
            amount_minor: payout.amount_minor,
            currency,
            begun_at: payout.created_at,
            call: payout.call,
        })
    }
}

/// A message's content, as far as it is readable. Never act on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallbackClaim {
    pub movement: Option<Uuid>,
    pub claim: Option<String>,
    pub amount_minor: Option<i64>,
}

/// A message, signed by the adapter or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackMessage {
    pub is_signed: bool,
    pub claim: CallbackClaim,
    pub body_hash: [u8; 32],
}

impl CallbackMessage {
    /// A message without a valid signature. Its content is not read.
    pub fn from_forged(body: &[u8]) -> Self {
        Self {
            is_signed: false,
            claim: CallbackClaim::default(),
            body_hash: hash_body(body),
        }
    }

    pub fn from_signed(body: &[u8], claim: CallbackClaim) -> Self {
        Self {
            is_signed: true,
            claim,
            body_hash: hash_body(body),
        }
    }
}

fn hash_body(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}

const NEWEST_CALLBACKS: &str =
    "WHERE at <= ? AND (at < ? OR id < ?) ORDER BY at DESC, id DESC LIMIT ?";

words! {
    CallbackVerdict {
        /// Triggered a query to the adapter.
        Asked "asked",
        /// The signature is wrong.
        Forged "forged",
        /// The movement is missing or not ours.
        Unknown "unknown",
    }
}

words_from_text!(CallbackVerdict);

row! {
    #[derive(Debug, Clone)]
    pub struct CallbackRow in callbacks {
        pub id: Uuid,
        adapter: String,
        pub verdict: String,
        pub movement_id: Option<Uuid>,
        pub claim: Option<String>,
        pub amount_minor: Option<i64>,
        body_hash: Vec<u8>,
        pub at: UnixMillis,
    }
}

impl Store {
    pub async fn keep_callback(
        &self,
        adapter: &str,
        callback: &CallbackMessage,
        verdict: CallbackVerdict,
    ) -> Result<(), StoreError> {
        let CallbackClaim {
            movement,
            claim,
            amount_minor,
        } = callback.claim.clone();
        self.sql
            .insert(CallbackRow {
                id: self.clock.new_id(),
                adapter: adapter.to_owned(),
                verdict: verdict.as_str().to_owned(),
                movement_id: movement,
                claim,
                amount_minor,
                body_hash: callback.body_hash.to_vec(),
                at: self.clock.now(),
            })
            .await?;
        Ok(())
    }

    /// Newest first.
    pub async fn list_callbacks(
        &self,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<CallbackRow>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        Ok(self
            .sql
            .fetch_all(
                CallbackRow::select(NEWEST_CALLBACKS),
                vals![at, at, id, limit],
            )
            .await?)
    }
}
