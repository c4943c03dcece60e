//! Rules that the simulator can disable to show the purpose of each. A comment with the rule's name
//! in brackets marks the line that enforces it.

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
    /// A cancel ignores the previewed fee.
    PreviewBound,
    /// A refund is announced when it is requested.
    TellAfter,
}
