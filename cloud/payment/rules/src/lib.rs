//! Owns the payment service's decisions: what an order's money is, where it goes next, and what is
//! told of it. `decide` takes one step on the rows of one order and returns all that is to be
//! written; `pay_out` does the same for a provider's balance.
//!
//! Invariants: nothing here does IO, reads a clock or draws a random number. Every journal sums to
//! zero, and each fact is booked once. A customer is charged once for an order. Money leaves by
//! `settle` alone: to the customer what was cancelled, granted or came by mistake, to the provider
//! what a completed order has left. All that is left to do is read from rows, so that any step may
//! be the last before a crash.
//!
//! A name in brackets is a rule. Most can be left out by `MoneyLapse`, and the simulator in
//! `cloud/payment/sim` shows what breaks then.

mod books;
mod compensation;
mod decide;
mod desk;
mod due;
mod fees;
mod known;
mod lapse;
mod limits;
mod movement;
mod pay;
mod payouts;
mod refunds;
mod rows;
mod settle;
mod statement;
mod terms;

pub use books::{Action, JournalKey, LedgerAccount, MoneyJournal, Posting, adapter_fee};
pub use compensation::{CompensationWish, provider_share_minor};
pub use decide::{MoneyStep, Refusal, decide, open};
pub use desk::{
    Basis, MoneyCase, MoneyCaseKind, MoneyDetails, MoneyEvent, MoneyEventKind, MoneyWrites,
};
pub use due::{Completion, Due, HeardOrder, Saga};
pub use fees::{FEES_TO_COME_MAX, FeePolicy, FeeSplit, WHOLE_BASIS_POINTS};
pub use known::{
    DueVersions, FundsAnswer, FundsQuestion, KnownOrder, KnownOrders, KnownQuestion, Missed,
};
pub use lapse::MoneyLapse;
pub use limits::CustodyLimits;
pub use movement::{
    AdapterAnswer, AdapterReply, Ask, Chargeback, ChargebackId, Errand, MovementId, Payment,
    PaymentState, PayoutState, Refund, RefundState, Source,
};
pub use pay::PaymentWish;
pub use payouts::{Payout, PayoutStep, PayoutWrites, ProviderMoney, pay_out};
pub use rows::{OrderMoney, RefundRequest, RequestState};
pub use statement::{LineKind, StatementLine, differing};
pub use terms::{CancelPreview, CancelQuestion, CancelTerms, TermsChanged};
