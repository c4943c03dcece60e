//! Owns what money does at the adapter: one try of a payment, a refund or a payout, each under one
//! id that is committed before the first call and used for every later one [INTENT_FIRST, ONE_ID].
//! A worker calls from the stored `Errand` alone, so a crash between any two calls loses nothing.

use uuid::Uuid;
use wire::{UnixMillis, UserId, words, words_from_text};

use crate::MoneyLapse;

/// Of a payment this is its `transaction_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MovementId(pub Uuid);

/// The adapter's id of a chargeback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargebackId(pub Uuid);

words! { PaymentState { Pending "pending", Completed "completed", Failed "failed" } }
words! { RefundState { Pending "pending", Completed "completed", Rejected "rejected" } }
words! {
    PayoutState {
        Pending "pending",
        Completed "completed",
        Failed "failed",
        /// Sent, and sent back by the provider's bank.
        Returned "returned",
    }
}
words! {
    /// The money that a refund takes from, and goes back to where it fails.
    Source { Held "held", Suspense "suspense", Loss "loss" }
}
words! { Ask { Call "call", Query "query", Close "close" } }
words_from_text!(PaymentState, RefundState, PayoutState, Source, Ask);

/// One try to pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: MovementId,
    pub amount_minor: i64,
    /// Who had the order then.
    pub provider_id: Option<UserId>,
    pub state: PaymentState,
    /// Nobody wants it any more: it is over as soon as the adapter has closed it.
    pub closing: bool,
    pub created_at: UnixMillis,
    pub errand: Errand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: MovementId,
    pub payment: MovementId,
    pub amount_minor: i64,
    pub source: Source,
    pub state: RefundState,
    pub created_at: UnixMillis,
    pub errand: Errand,
}

/// What to ask of the adapter next about a movement, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    pub ask: Ask,
    pub tries: u32,
    pub at: UnixMillis,
}

/// The adapter's word about one id. `Paid`, `Closed`, `Done` and `Failed` are final for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterAnswer {
    /// No answer came, or none that could be read.
    Unknown,
    NotFound,
    Pending,
    /// Of a charge: not this time. It is not final before it is closed.
    Declined,
    Closed,
    Paid {
        amount_minor: i64,
    },
    Done,
    Failed,
    /// Of a payout that was done: the money came back.
    Returned,
}

/// The answer to a call or query, with the chargebacks that the adapter has on record for that
/// payment.
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
    /// The customer's bank took it back.
    pub is_reversed: bool,
}

const FIRST_PAUSE_MS: i64 = 2_000;
const LONGEST_PAUSE_MS: i64 = 5 * 60_000;
/// From here on a person knows of it, and the adapter is asked every hour.
const PATIENCE_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;

impl Errand {
    pub fn first(now: UnixMillis) -> Self {
        Self { ask: Ask::Call, tries: 0, at: now }
    }

    pub fn close(now: UnixMillis) -> Self {
        Self { ask: Ask::Close, tries: 0, at: now }
    }

    /// The errand after an answer that settled nothing. Only `not_found` repeats the call, under
    /// the same id [NOT_FOUND_IS_OPEN]: every other silence is asked about.
    pub(crate) fn after(
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
        let pause = if is_overdue(begun_at, now) { HOUR_MS } else { pause };
        Self { ask, tries: self.tries.saturating_add(1), at: now.plus_ms(pause) }
    }

    /// A callback is no answer: it only makes us ask at once [ASK_DONT_BELIEVE].
    pub fn hurried(self, now: UnixMillis) -> Self {
        Self { at: self.at.min(now), ..self }
    }
}

pub(crate) fn is_overdue(begun_at: UnixMillis, now: UnixMillis) -> bool {
    now.since(begun_at) >= PATIENCE_MS
}

/// The answer as it is judged. A call that the adapter does not know may be on its way
/// [NOT_FOUND_IS_OPEN].
pub(crate) fn judged(answer: AdapterAnswer, lapse: Option<MoneyLapse>) -> AdapterAnswer {
    match answer {
        AdapterAnswer::NotFound if lapse == Some(MoneyLapse::NotFoundIsOpen) => {
            AdapterAnswer::Failed
        }
        answer => answer,
    }
}
