//! The payment service's decisions: the state of an order's money, its next destination, and the
//! events to publish. [`decide_money_step`] applies one step to the rows of one order and returns
//! every write; [`decide_payout`] does the same for a provider's balance.
//!
//! Invariants: this crate does no IO, reads no clock and draws no random numbers. Every journal
//! sums to zero, and each fact is booked once. A customer is charged once for an order. Money
//! leaves only through settlement: to the customer, amounts that were cancelled, granted or paid by
//! mistake; to the provider, the remainder of a completed order. All remaining work can be read
//! from rows, so any step may be the last before a crash.
//!
//! A name in brackets is a rule, on the line that enforces it. Most of them are a [`MoneyRule`],
//! which the simulator in `cloud/payment/sim` disables to show the resulting defect.

mod books;
mod decide;
mod fees;
mod movement;
mod order_money;
mod payments;
mod payouts;
mod refunds;
mod transaction;

pub use books::{Action, JournalKey, LedgerAccount, MoneyJournal, Posting, adapter_fee};
pub use decide::{MoneyStep, decide_money_step, open_order_money};
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

/// Returns true only in a simulator that has disabled the rule.
#[inline]
pub(crate) fn is_disabled(rule: MoneyRule) -> bool {
    planted::is_planted(rule)
}

/// A rule of money. Each variant states the defect that follows when the rule is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoneyRule {
    /// A call unknown to the adapter counts as failed.
    NotFoundIsOpen,
    /// An old answer leads out of a final state.
    FinalIsFinal,
    /// A second payment begins while one is open.
    OneOpen,
    /// An amount other than the price is held like the price.
    AmountExact,
    /// A second charge is held, too.
    ExtraBack,
    /// A payment counts as failed before the adapter has closed it.
    CloseBeforeFailed,
    /// Money that arrives for a settled order stays put.
    LateBack,
    /// A journal is written again under the same key.
    JournalKey,
    /// Each side of a fee is rounded separately.
    Subtract,
    /// Today's fee applies.
    FeeByCreation,
    /// Money leaves an order while one of its refunds is in transit.
    OneOut,
    /// A chargeback takes released money back from the provider.
    LossIsOurs,
    /// Money is released while the customer disputes it.
    DisputeFreezes,
    /// The provider at the time of the payment is paid.
    PayWhoCompleted,
    /// A failed refund counts as made.
    StillOwed,
    /// A refund is paid by hand though a later one has covered it.
    OwedByHand,
    /// Goodwill ignores charged-back amounts.
    GoodwillBound,
    /// Goodwill is sent as granted, ignoring later chargebacks.
    GoodwillAgain,
    /// Any provider can be paid for work in vain, even without a case.
    CompensationCase,
    /// Work in vain pays more than the provider's share of the price.
    CompensationWorth,
    /// A reversed chargeback is always the platform's gain.
    ReversalBack,
    /// Money that a reversal returns after the release stays in custody.
    ReleaseRest,
    /// Only the job closes an expired payment.
    ExpireAlways,
    /// A wish to pay finds an earlier payment that can no longer be paid.
    NeverDead,
    /// Any money in custody shows as `held`.
    HeldIsWhole,
    /// The order's newest event wins, even with an old version.
    OrderVersion,
    /// A cancel fee that custody could not pay in full opens no case.
    FeeCase,
    /// A cancel ignores the previewed fee.
    PreviewBound,
    /// A refund is announced when it is requested.
    TellAfter,
}
