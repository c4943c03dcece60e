//! Bugs planted on purpose: each named money rule left out, and a few more. Some disable a
//! `MoneyRule` or an `OrderRule`. The models of this crate ask `planted::is_planted` for the
//! others.

use custody::MoneyRule;
use rules::OrderRule;

use Place::{Beside, InMoney, InOrders};

#[derive(Debug, Clone, Copy)]
enum Place {
    /// In a rule of `cloud/payment/custody`.
    InMoney(MoneyRule),
    /// In a rule of `cloud/order/rules`.
    InOrders(OrderRule),
    /// In a model of this crate.
    Beside,
}

macro_rules! bugs {
    ($($variant:ident $name:literal $place:expr, $says:literal;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum MoneyBug { $(#[doc = $says] $variant,)+ }

        impl MoneyBug {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }

            fn place(self) -> Place {
                match self { $(Self::$variant => $place,)+ }
            }
        }
    };
}

/// Runs with this bug planted in the current thread.
pub(crate) fn run_with_bug<T>(bug: Option<MoneyBug>, run: impl FnOnce() -> T) -> T {
    let Some(bug) = bug else {
        return run();
    };
    planted::run_with(bug, || match bug.place() {
        InMoney(rule) => planted::run_with(rule, run),
        InOrders(rule) => planted::run_with(rule, run),
        Beside => run(),
    })
}

bugs! {
    // rules of `cloud/payment/custody`
    NotFoundIsOpen "NOT_FOUND_IS_OPEN" InMoney(MoneyRule::NotFoundIsOpen), "a call that the adapter does not know counts as failed";
    FinalIsFinal "FINAL_IS_FINAL" InMoney(MoneyRule::FinalIsFinal), "a late answer changes a final state";
    OneOpen "ONE_OPEN" InMoney(MoneyRule::OneOpen), "a second payment begins while one is open";
    AmountExact "AMOUNT_EXACT" InMoney(MoneyRule::AmountExact), "a different amount is held as if it were the price";
    ExtraBack "EXTRA_BACK" InMoney(MoneyRule::ExtraBack), "money that arrives a second time is held as well";
    CloseBeforeFailed "CLOSE_BEFORE_FAILED" InMoney(MoneyRule::CloseBeforeFailed), "a payment fails before the adapter has closed it";
    LateBack "LATE_BACK" InMoney(MoneyRule::LateBack), "money that comes for a settled order stays";
    JournalKey "JOURNAL_KEY" InMoney(MoneyRule::JournalKey), "a fact is booked twice";
    Subtract "SUBTRACT" InMoney(MoneyRule::Subtract), "each side of a fee is rounded separately";
    FeeByCreation "FEE_BY_CREATION" InMoney(MoneyRule::FeeByCreation), "the current fee applies, not the one at the order's creation";
    OneOut "ONE_OUT" InMoney(MoneyRule::OneOut), "money leaves while a refund is on its way";
    LossIsOurs "LOSS_IS_OURS" InMoney(MoneyRule::LossIsOurs), "a chargeback takes from the provider";
    DisputeFreezes "DISPUTE_FREEZES" InMoney(MoneyRule::DisputeFreezes), "money is released while a refund request is open";
    PayWhoCompleted "PAY_WHO_COMPLETED" InMoney(MoneyRule::PayWhoCompleted), "the provider at the time of the payment is paid";
    StillOwed "STILL_OWED" InMoney(MoneyRule::StillOwed), "a refund that failed counts as made";
    HeldIsWhole "HELD_IS_WHOLE" InMoney(MoneyRule::HeldIsWhole), "any money in custody shows as held";
    OwedByHand "OWED_BY_HAND" InMoney(MoneyRule::OwedByHand), "a refund is paid by hand though a later one has met it";
    GoodwillBound "GOODWILL_BOUND" InMoney(MoneyRule::GoodwillBound), "goodwill does not count what was charged back";
    GoodwillAgain "GOODWILL_AGAIN" InMoney(MoneyRule::GoodwillAgain), "goodwill is sent as granted after a chargeback";
    CompensationCase "COMPENSATION_CASE" InMoney(MoneyRule::CompensationCase), "work in vain is compensated without a case";
    CompensationWorth "COMPENSATION_WORTH" InMoney(MoneyRule::CompensationWorth), "work in vain is paid with more than a share of the price";
    ReversalBack "REVERSAL_BACK" InMoney(MoneyRule::ReversalBack), "a reversed chargeback is the platform's gain, whatever it was taken from";
    ReleaseRest "RELEASE_REST" InMoney(MoneyRule::ReleaseRest), "what a reversal returns after the release stays in custody";
    ExpireAlways "EXPIRE_ALWAYS" InMoney(MoneyRule::ExpireAlways), "only the job closes a payment that is too old";
    NeverDead "NEVER_DEAD" InMoney(MoneyRule::NeverDead), "a customer who wants to pay gets an earlier payment that can no longer be paid";
    OrderVersion "ORDER_VERSION" InMoney(MoneyRule::OrderVersion), "an old version of the order counts";
    FeeCase "FEE_CASE" InMoney(MoneyRule::FeeCase), "a cancel fee that custody could not pay opens no case";
    TellAfter "TELL_AFTER" InMoney(MoneyRule::TellAfter), "a refund is announced when it is requested";
    // rules of `cloud/order/rules`
    PreviewBound "PREVIEW_BOUND" InMoney(MoneyRule::PreviewBound), "a cancellation costs a different fee than was shown";
    HeldFirst "HELD_FIRST" InOrders(OrderRule::HeldFirst), "work starts without money in custody";
    VainCase "VAIN_CASE" InOrders(OrderRule::VainCase), "work done in vain opens no case";
    CancelStages "CANCEL_STAGES" InOrders(OrderRule::CancelStages), "work that has begun can be cancelled";
    AnswersKept "ANSWERS_KEPT" InOrders(OrderRule::AnswersKept), "a repeated command is decided again";
    // rules of the surrounding services
    LockDue "LOCK_DUE" Beside, "two transactions decide on the same rows";
    IntentFirst "INTENT_FIRST" Beside, "the adapter is called before the id is committed";
    OneId "ONE_ID" Beside, "each attempt of a call has a new id";
    AskDontBelieve "ASK_DONT_BELIEVE" Beside, "a callback is trusted without a query";
    Statement "STATEMENT" Beside, "the adapter's statement is never compared";
    KeyOnce "KEY_ONCE" Beside, "the answer to a key is forgotten";
    MoneyVersion "MONEY_VERSION" Beside, "the order applies payment events of any version";
    Pull "PULL" Beside, "versions are never compared";
    AskBeforeRefusing "ASK_BEFORE_REFUSING" Beside, "an edge's start is refused without asking the payment service";
    DecideFirst "DECIDE_FIRST" Beside, "the refund comes before the status";
    ProviderHearsOrder "PROVIDER_HEARS_ORDER" Beside, "the provider learns of custody from the payment service";
    // bugs without a named rule
    NoExpiry "no_expiry" Beside, "an unpaid payment is never closed";
    ReleaseForgotten "release_forgotten" Beside, "the job that releases money does not run";
    PayoutTwice "payout_twice" Beside, "a payout begins while one is open";
    FeeAgain "fee_again" Beside, "the adapter's fee is booked at each statement";
    OutboxLost "outbox_lost" Beside, "a service forgets its outbox when it crashes";
    TermsLost "terms_lost" Beside, "the event of a cancelled order carries no terms";
}
