//! Movements of money at the adapter: one attempt at a payment, refund or payout, each under one id
//! that is committed before the first call and reused for every later one [INTENT_FIRST, ONE_ID].
//! Workers call the adapter from the stored [`PendingCall`] alone, so a crash between any two calls
//! is harmless.
//!
//! The adapter states its movements in answers and in the lines of its statement.

use std::collections::BTreeSet;

use uuid::Uuid;
use wire::{UnixMillis, UserId, words, words_from_text};

use crate::{MoneyRule, is_disabled};

/// For a payment, its `transaction_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MovementId(pub Uuid);

/// The adapter's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargebackId(pub Uuid);

words! { PaymentState { Pending "pending", Completed "completed", Failed "failed" } }

words! { RefundState { Pending "pending", Completed "completed", Rejected "rejected" } }

words! {
    PayoutState {
        Pending "pending",
        Completed "completed",
        Failed "failed",
        /// Sent, then sent back by the provider's bank.
        Returned "returned",
    }
}

words! {
    /// The money a refund draws on, and returns to if it fails.
    Source { Held "held", Suspense "suspense", Loss "loss" }
}

words! { Ask { Call "call", Query "query", Close "close" } }

words_from_text!(PaymentState, RefundState, PayoutState, Source, Ask);

/// One attempt to pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: MovementId,
    pub amount_minor: i64,
    /// At the time of the payment.
    pub provider_id: Option<UserId>,
    pub state: PaymentState,
    /// The payment is unwanted: it ends once the adapter has closed it.
    pub closing: bool,
    pub created_at: UnixMillis,
    pub call: PendingCall,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: MovementId,
    pub payment: MovementId,
    pub amount_minor: i64,
    pub source: Source,
    pub state: RefundState,
    pub created_at: UnixMillis,
    pub call: PendingCall,
}

/// The pending adapter call for a movement: the next operation, and when to retry with backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingCall {
    pub ask: Ask,
    pub tries: u32,
    pub at: UnixMillis,
}

/// The adapter's answer about one id. `Paid`, `Closed`, `Done` and `Failed` are final for that id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterAnswer {
    /// No answer arrived, or it was unreadable.
    Unknown,
    NotFound,
    Pending,
    /// A charge failed this time. It becomes final only once closed.
    Declined,
    Closed,
    Paid {
        amount_minor: i64,
    },
    Done,
    Failed,
    /// The money of a completed payout came back.
    Returned,
}

/// The adapter's answer, with the chargebacks it has recorded for the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterReply {
    pub answer: AdapterAnswer,
    pub chargebacks: Vec<Chargeback>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chargeback {
    pub id: ChargebackId,
    pub payment: MovementId,
    pub amount_minor: i64,
    /// The customer's bank withdrew the chargeback.
    pub is_reversed: bool,
}

const FIRST_PAUSE_MS: i64 = 2_000;
const LONGEST_PAUSE_MS: i64 = 5 * 60_000;
/// After this long a person is alerted, and the adapter is queried only once an hour.
const PATIENCE_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;

impl PendingCall {
    pub fn first_call(now: UnixMillis) -> Self {
        Self {
            ask: Ask::Call,
            tries: 0,
            at: now,
        }
    }

    pub fn close(now: UnixMillis) -> Self {
        Self {
            ask: Ask::Close,
            tries: 0,
            at: now,
        }
    }

    /// The next call after an answer that settled nothing. Only `not_found` repeats the call, under
    /// the same id [NOT_FOUND_IS_OPEN]; after any other inconclusive answer we query.
    pub(crate) fn next_after_answer(
        self,
        answer: AdapterAnswer,
        closing: bool,
        begun_at: UnixMillis,
        now: UnixMillis,
    ) -> Self {
        let ask = match answer {
            AdapterAnswer::Unknown => Ask::Query,
            _ if closing => Ask::Close,
            AdapterAnswer::NotFound => Ask::Call,
            _ => Ask::Query,
        };
        let pause = (FIRST_PAUSE_MS << self.tries.min(10)).min(LONGEST_PAUSE_MS);
        let pause = if is_overdue(begun_at, now) {
            HOUR_MS
        } else {
            pause
        };
        Self {
            ask,
            tries: self.tries.saturating_add(1),
            at: now.plus_ms(pause),
        }
    }

    /// A callback is not an answer: it only triggers an immediate query [ASK_DONT_BELIEVE].
    pub fn reschedule_now(self, now: UnixMillis) -> Self {
        Self {
            at: self.at.min(now),
            ..self
        }
    }
}

pub(crate) fn is_overdue(begun_at: UnixMillis, now: UnixMillis) -> bool {
    now.ms_since(begun_at) >= PATIENCE_MS
}

/// Interprets the answer. A call unknown to the adapter may still be in transit
/// [NOT_FOUND_IS_OPEN].
pub(crate) fn interpret_answer(answer: AdapterAnswer) -> AdapterAnswer {
    match answer {
        AdapterAnswer::NotFound if is_disabled(MoneyRule::NotFoundIsOpen) => AdapterAnswer::Failed,
        answer => answer,
    }
}

/// An amount moved by the adapter, from its statement or our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementLine {
    /// The movement to query.
    pub movement: MovementId,
    pub kind: LineKind,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    Charge,
    Refund,
    /// Carries the adapter's id, since a payment may have several.
    Chargeback(Uuid),
    Reversal(Uuid),
    Payout,
    PayoutReturned,
    /// The adapter's fee for the movement, with the line's id.
    Fee(Uuid),
}

/// Movements that only one side has, or that differ in amount.
pub fn find_differing_movements(
    ours: &BTreeSet<StatementLine>,
    adapters: &BTreeSet<StatementLine>,
) -> BTreeSet<MovementId> {
    ours.symmetric_difference(adapters)
        .map(|line| line.movement)
        .collect()
}
