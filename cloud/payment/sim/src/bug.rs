//! Bugs planted on purpose: every named rule of money left out, and some more. They are values that nothing
//! outside the simulator can pass. A rule of the pure domain is left out by its `MoneyLapse`, a rule of what stands
//! around it by the model that keeps it here.

use custody::MoneyLapse;

macro_rules! bugs {
    ($($variant:ident $name:literal $lapse:expr, $says:literal;)+) => {
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

            /// The rule of the domain that it leaves out.
            pub fn lapse(self) -> Option<MoneyLapse> {
                match self { $(Self::$variant => $lapse,)+ }
            }
        }
    };
}

bugs! {
    // the rules of `cloud/payment/rules`
    NotFoundIsOpen "NOT_FOUND_IS_OPEN" Some(MoneyLapse::NotFoundIsOpen), "a call that the adapter does not know counts as failed";
    FinalIsFinal "FINAL_IS_FINAL" Some(MoneyLapse::FinalIsFinal), "an old answer leads out of a final state";
    OneOpen "ONE_OPEN" Some(MoneyLapse::OneOpen), "a second payment begins while one is open";
    AmountExact "AMOUNT_EXACT" Some(MoneyLapse::AmountExact), "another amount is held like the price";
    ExtraBack "EXTRA_BACK" Some(MoneyLapse::ExtraBack), "money that comes a second time is held, too";
    CloseBeforeFailed "CLOSE_BEFORE_FAILED" Some(MoneyLapse::CloseBeforeFailed), "a payment fails before the adapter has closed it";
    LateBack "LATE_BACK" Some(MoneyLapse::LateBack), "money that comes for a settled order stays";
    JournalKey "JOURNAL_KEY" Some(MoneyLapse::JournalKey), "a fact is booked twice";
    Subtract "SUBTRACT" Some(MoneyLapse::Subtract), "each side of a fee is rounded by itself";
    FeeByCreation "FEE_BY_CREATION" Some(MoneyLapse::FeeByCreation), "a fee is that of today";
    OneOut "ONE_OUT" Some(MoneyLapse::OneOut), "money leaves while a refund is on its way";
    LossIsOurs "LOSS_IS_OURS" Some(MoneyLapse::LossIsOurs), "a chargeback takes from the provider";
    DisputeFreezes "DISPUTE_FREEZES" Some(MoneyLapse::DisputeFreezes), "money is released while the customer asks for it back";
    PayWhoCompleted "PAY_WHO_COMPLETED" Some(MoneyLapse::PayWhoCompleted), "the provider at the time of the payment is paid";
    StillOwed "STILL_OWED" Some(MoneyLapse::StillOwed), "a refund that failed counts as made";
    HeldIsWhole "HELD_IS_WHOLE" Some(MoneyLapse::HeldIsWhole), "any money in custody shows as held";
    OrderVersion "ORDER_VERSION" Some(MoneyLapse::OrderVersion), "an old version of the order counts";
    PreviewBound "PREVIEW_BOUND" Some(MoneyLapse::PreviewBound), "a cancel costs another fee than was shown";
    TellAfter "TELL_AFTER" Some(MoneyLapse::TellAfter), "a refund is told when it is asked for";
    // the rules of what stands around it
    LockDue "LOCK_DUE" None, "two transactions decide on the same rows";
    IntentFirst "INTENT_FIRST" None, "the adapter is called before the id is committed";
    OneId "ONE_ID" None, "each try of a call has an id of its own";
    AskDontBelieve "ASK_DONT_BELIEVE" None, "a callback is believed";
    Statement "STATEMENT" None, "nobody compares the adapter's statement";
    KeyOnce "KEY_ONCE" None, "the answer to a key is forgotten";
    MoneyVersion "MONEY_VERSION" None, "the order takes any word about its money";
    Pull "PULL" None, "nobody compares versions";
    HeldFirst "HELD_FIRST" None, "work starts without money in custody";
    AskBeforeRefusing "ASK_BEFORE_REFUSING" None, "an edge's start is refused without a question";
    DecideFirst "DECIDE_FIRST" None, "the refund comes before the status";
    VainCase "VAIN_CASE" None, "work done in vain is on no list";
    ProviderHearsOrder "PROVIDER_HEARS_ORDER" None, "the provider hears of custody from the payment";
    // beyond the named rules
    NoExpiry "no_expiry" None, "a payment that nobody pays is never closed";
    ReleaseForgotten "release_forgotten" None, "the job that releases money does not run";
    PayoutTwice "payout_twice" None, "a payout begins while one is open";
    OutboxLost "outbox_lost" None, "a service forgets its outbox when it crashes";
    TermsLost "terms_lost" None, "the event of a cancelled order carries no terms";
}
