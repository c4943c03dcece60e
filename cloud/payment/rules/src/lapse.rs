//! Rules that can be left out, so that the simulator can show the purpose of each. A comment with
//! the rule's name in brackets stands beside the line that keeps it.

/// A rule of money that is left out. Nobody but the simulator ever names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoneyLapse {
    /// A call of which the adapter knows nothing counts as failed.
    NotFoundIsOpen,
    /// An old answer leads out of a final state.
    FinalIsFinal,
    /// A second payment begins while one is open.
    OneOpen,
    /// Another amount than the price is held like the price.
    AmountExact,
    /// Money that comes a second time is held, too.
    ExtraBack,
    /// A payment counts as failed before the adapter has closed it.
    CloseBeforeFailed,
    /// Money that comes for a settled order stays where it is.
    LateBack,
    /// A journal is written again under the same key.
    JournalKey,
    /// Each side of a fee is rounded by itself.
    Subtract,
    /// A fee is that of today.
    FeeByCreation,
    /// Money leaves an order while a refund of it is on its way.
    OneOut,
    /// A chargeback takes from the provider what was released to him.
    LossIsOurs,
    /// Money is released while the customer asks for it back.
    DisputeFreezes,
    /// The provider at the time of the payment is paid.
    PayWhoCompleted,
    /// A refund that failed counts as made.
    StillOwed,
    /// A refund is paid by hand though a later one has met it.
    OwedByHand,
    /// Goodwill does not count what was charged back.
    GoodwillBound,
    /// Goodwill is sent as it was granted, whatever was charged back since.
    GoodwillAgain,
    /// Anyone is paid for work in vain, with a case of it or not.
    CompensationCase,
    /// Work in vain is paid with more than the provider's share of the price.
    CompensationWorth,
    /// A reversed chargeback is the platform's gain, whatever it was taken from.
    ReversalBack,
    /// What a reversal returns after the release stays in custody.
    ReleaseRest,
    /// Only the job closes a payment that is too old.
    ExpireAlways,
    /// A wish to pay finds an earlier payment that can no longer be paid.
    NeverDead,
    /// Any money in custody shows as `held`.
    HeldIsWhole,
    /// The order's newest event counts, old version or not.
    OrderVersion,
    /// A cancel is bound by no preview.
    PreviewBound,
    /// A refund is told when it is asked for.
    TellAfter,
}
