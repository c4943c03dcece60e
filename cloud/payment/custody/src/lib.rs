//! The payment service's decisions: the state of an order's money, its next destination, and the
//! events to publish. [`decide_money_step`] applies one step to the rows of one order and returns
//! every write;
//! [`decide_payout`] does the same for a provider's balance.
//!
//! Invariants: this crate does no IO, reads no clock and draws no random numbers. Every journal
//! sums to zero, and each fact is booked once. A customer is charged once for an order. Money
//! leaves only through settlement: to the customer, amounts that were cancelled, granted or paid by
//! mistake; to the provider, the remainder of a completed order. All remaining work can be read
//! from rows, so any step may be the last before a crash.
//!
//! A name in brackets is a rule. Most of them are a [`MoneyRule`], which the simulator in
//! `cloud/payment/sim` disables to show the resulting defect.

mod books;
mod decide;
mod disabled_rule;
mod fees;
mod movement;
mod order_money;
mod payments;
mod payouts;
mod refunds;
mod transaction;

pub use books::{Action, JournalKey, LedgerAccount, MoneyJournal, Posting, adapter_fee};
pub use decide::{MoneyStep, decide_money_step, open_order_money};
pub use disabled_rule::MoneyRule;
pub use fees::{
    CancelPreview, CancelPricing, CancelTerms, FEES_TO_COME_MAX, FeePolicy, FeeSplit, TermsChanged,
    WHOLE_BASIS_POINTS,
};
pub use movement::{
    AdapterAnswer, AdapterReply, Ask, Chargeback, ChargebackId, LineKind, MovementId, Payment,
    PaymentState, PayoutState, PendingCall, Refund, RefundState, Source, StatementLine,
    find_differing_movements,
};
pub use order_money::{
    BilledOrder, ComparedOrder, ComparedOrders, Due, DueVersions, FundsQuery, FundsReply,
    MissedEvent, OrderCompletion, OrderMoney, OrderVersionsQuery, RefundRequest, RequestState,
    Saga,
};
pub use payments::PaymentRequest;
pub use payouts::{Payout, PayoutStep, PayoutWrites, ProviderMoney, decide_payout};
pub use refunds::{CompensationRequest, provider_share_minor};
pub use transaction::{
    CustodyLimits, DecisionContext, MoneyCase, MoneyDetails, MoneyEvent, MoneyWrites,
    PAYMENT_CLOSING,
};
