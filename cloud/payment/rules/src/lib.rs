//! The payment service's decisions: the state of an order's money, its next destination, and the
//! events to publish. [`decide`] applies one step to the rows of one order and returns every write;
//! [`pay_out`] does the same for a provider's balance.
//!
//! Invariants: this crate does no IO, reads no clock and draws no random numbers. Every journal
//! sums to zero, and each fact is booked once. A customer is charged once for an order. Money
//! leaves only through settlement: to the customer, amounts that were cancelled, granted or paid by
//! mistake; to the provider, the remainder of a completed order. All remaining work can be read
//! from rows, so any step may be the last before a crash.
//!
//! A name in brackets is a rule. [`DisabledMoneyRule`] can disable most of them, and the simulator in
//! `cloud/payment/sim` shows the resulting defects.

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
pub use compensation::{CompensationRequest, provider_share_minor};
pub use decide::{MoneyRefusal, MoneyStep, decide_money_step, open};
pub use desk::{
    DecisionContext, MoneyCase, MoneyCaseKind, MoneyDetails, MoneyEvent, MoneyEventKind,
    MoneyWrites,
};
pub use due::{BilledOrder, Due, OrderCompletion, Saga};
pub use fees::{FEES_TO_COME_MAX, FeePolicy, FeeSplit, WHOLE_BASIS_POINTS};
pub use known::{
    ComparedOrder, ComparedOrders, DueVersions, FundsQuery, FundsReply, MissedEvent,
    OrderVersionsQuery,
};
pub use lapse::DisabledMoneyRule;
pub use limits::CustodyLimits;
pub use movement::{
    AdapterAnswer, AdapterReply, Ask, Chargeback, ChargebackId, MovementId, Payment, PaymentState,
    PayoutState, PendingCall, Refund, RefundState, Source,
};
pub use pay::PaymentRequest;
pub use payouts::{Payout, PayoutStep, PayoutWrites, ProviderMoney, pay_out};
pub use rows::{OrderMoney, RefundRequest, RequestState};
pub use statement::{LineKind, StatementLine, find_differing_movements};
pub use terms::{CancelPreview, CancelPricing, CancelTerms, TermsChanged};
