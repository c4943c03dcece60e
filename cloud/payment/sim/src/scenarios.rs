//! Schedules written by hand for cases that chance rarely reaches. Each names its point and the
//! bugs it catches. They run next to the seeds and do not change with the plan generator.

use crate::{Act, Act::*, CallFate::*, Fraction, MoneyBug, MoneyPlan, SyncFate, plan::UnpaidWork};

pub type MoneyScenario = sim::harness::Scenario<MoneyPlan, MoneyBug>;

/// The payment service receives the order's event.
const ORDER_HEARD: [Act; 2] = [Relay(0, false), Deliver(0, 0, false)];
/// The price is paid and held, and the order has the event.
const HELD: [Act; 6] = [
    Pay(0, 0, false),
    Work(0, Answered),
    AdapterPays(0, 0),
    Work(0, Answered),
    Relay(1, false),
    Deliver(1, 0, false),
];

/// The work is done, and the provider gets the money.
const RELEASED: [Act; 5] = [Start(0), Complete(0), Pull, Minutes(4_400), Tick(0)];

/// An admin grants half of the price, and the adapter fails to send it.
const REFUND_FAILED: [Act; 7] = [
    Start(0),
    Pull,
    AskBack(0, 0, Fraction::Half),
    Grant(0, Fraction::All),
    Work(0, Answered),
    AdapterFails(0),
    Work(0, Answered),
];

pub fn all() -> Vec<MoneyScenario> {
    vec![
        a_key_after_its_payment_failed(),
        a_wish_to_pay_after_the_expiry(),
        a_refund_that_fails(),
        a_refund_that_fails_and_is_met(),
        goodwill_after_a_chargeback(),
        goodwill_that_fails_before_a_chargeback(),
        a_compensation_without_a_case(),
        a_compensation_above_its_worth(),
        a_compensation_asked_for_twice(),
        two_payouts_in_an_hour(),
        money_after_the_cancel(),
        a_chargeback_after_the_release(),
        a_reversal_after_the_release(),
        a_reversal_after_the_cancel(),
        an_old_version_after_a_cancel(),
    ]
}

fn a_key_after_its_payment_failed() -> MoneyScenario {
    let acts = [
        Pay(0, 0, false),
        Minutes(31),
        Tick(0),
        Work(0, Answered),
        Pay(0, 0, false),
    ];
    scenario(
        "a_key_after_its_payment_failed",
        "a request repeated under its key after the payment failed begins no other",
        &[MoneyBug::KeyOnce],
        &[&ORDER_HEARD, &acts],
    )
}

/// The customer comes back after the payment expired, and again after the adapter closed it.
fn a_wish_to_pay_after_the_expiry() -> MoneyScenario {
    let comes_back = [
        Pay(0, 0, false),
        Work(0, Answered),
        Minutes(31),
        Tick(0),
        Pay(0, 1, false),
    ];
    let pays = [
        Work(0, Answered),
        Pay(0, 2, false),
        Work(0, Answered),
        AdapterPays(0, 0),
    ];
    scenario(
        "a_wish_to_pay_after_the_expiry",
        "a customer who pays after an expiry gets a payment that can be paid",
        &[MoneyBug::NeverDead],
        &[&ORDER_HEARD, &comes_back, &pays],
    )
}

/// Half of the price is granted, and the adapter fails to send it.
fn a_refund_that_fails() -> MoneyScenario {
    scenario(
        "a_refund_that_fails",
        "a granted refund that failed is still owed, and reaches the customer in the end",
        &[MoneyBug::StillOwed],
        &[&ORDER_HEARD, &HELD, &REFUND_FAILED],
    )
}

/// The failed refund is resent and arrives. Then another fails, and an admin picks the first to pay
/// by hand.
fn a_refund_that_fails_and_is_met() -> MoneyScenario {
    let is_met = [
        SendAnew(0),
        Work(0, Answered),
        AdapterDone(0),
        Work(0, Answered),
    ];
    let fails_again = [
        AskBack(0, 1, Fraction::Half),
        Grant(0, Fraction::Half),
        Work(0, Answered),
        AdapterFails(0),
        Work(0, Answered),
        PayByHand(0),
    ];
    scenario(
        "a_refund_that_fails_and_is_met",
        "a debt that a later refund has met is not paid by hand as well",
        &[MoneyBug::OwedByHand],
        &[&ORDER_HEARD, &HELD, &REFUND_FAILED, &is_met, &fails_again],
    )
}

/// The bank returned the price, and an admin gives goodwill for the same order.
fn goodwill_after_a_chargeback() -> MoneyScenario {
    let acts = [Chargeback(0, Fraction::All), Statement, Goodwill(0)];
    scenario(
        "goodwill_after_a_chargeback",
        "goodwill and a chargeback give no more than the price together",
        &[MoneyBug::GoodwillBound],
        &[&ORDER_HEARD, &HELD, &RELEASED, &acts],
    )
}

/// Goodwill fails to arrive, the bank returns the price, and an admin resends the goodwill.
fn goodwill_that_fails_before_a_chargeback() -> MoneyScenario {
    let acts = [
        Goodwill(0),
        Work(0, Answered),
        AdapterFails(0),
        Work(0, Answered),
        Chargeback(0, Fraction::All),
        Statement,
        SendAnew(0),
    ];
    scenario(
        "goodwill_that_fails_before_a_chargeback",
        "goodwill that was granted is judged again before it is sent",
        &[MoneyBug::GoodwillAgain],
        &[&ORDER_HEARD, &HELD, &RELEASED, &acts],
    )
}

/// An edge records work on an order that its customer meanwhile cancelled.
const WORKED_IN_VAIN: [Act; 5] = [
    EdgeSync(SyncFate::Answered),
    EdgeStart(0),
    EdgeComplete(0),
    Cancel(0),
    EdgeSync(SyncFate::Answered),
];

fn a_compensation_without_a_case() -> MoneyScenario {
    scenario(
        "a_compensation_without_a_case",
        "a provider who did no work in vain is paid for none",
        &[MoneyBug::CompensationCase],
        &[&ORDER_HEARD, &[Compensate(4)]],
    )
}

fn a_compensation_above_its_worth() -> MoneyScenario {
    scenario(
        "a_compensation_above_its_worth",
        "work in vain is worth the share of the price that it would have brought",
        &[MoneyBug::CompensationWorth],
        &[&ORDER_HEARD, &WORKED_IN_VAIN, &[Compensate(5)]],
    )
}

fn a_compensation_asked_for_twice() -> MoneyScenario {
    scenario(
        "a_compensation_asked_for_twice",
        "work in vain is paid for once",
        &[MoneyBug::JournalKey],
        &[
            &ORDER_HEARD,
            &WORKED_IN_VAIN,
            &[Compensate(1), Compensate(1)],
        ],
    )
}

/// The payout hour strikes twice before the adapter sends the first payout.
fn two_payouts_in_an_hour() -> MoneyScenario {
    scenario(
        "two_payouts_in_an_hour",
        "a balance is paid out once",
        &[MoneyBug::PayoutTwice],
        &[&ORDER_HEARD, &HELD, &RELEASED, &[Payout, Payout]],
    )
}

/// The order is cancelled and settled; then the adapter reports that the closed payment was paid.
fn money_after_the_cancel() -> MoneyScenario {
    let acts = [
        Pay(0, 0, false),
        Work(0, Answered),
        Cancel(0),
        Pull,
        Work(0, Answered),
        PaidThoughClosed(0),
        Statement,
    ];
    scenario(
        "money_after_the_cancel",
        "money that comes for a settled order goes back",
        &[MoneyBug::LateBack],
        &[&ORDER_HEARD, &acts],
    )
}

fn a_chargeback_after_the_release() -> MoneyScenario {
    let acts = [Chargeback(0, Fraction::All), Statement];
    scenario(
        "a_chargeback_after_the_release",
        "a bank that takes back what was released takes it from the platform",
        &[MoneyBug::LossIsOurs],
        &[&ORDER_HEARD, &HELD, &RELEASED, &acts],
    )
}

/// The bank takes half back during the work, and returns it after the other half was released.
fn a_reversal_after_the_release() -> MoneyScenario {
    let acts = [
        Start(0),
        Complete(0),
        Pull,
        Chargeback(0, Fraction::Half),
        Statement,
        Minutes(4_400),
        Tick(0),
        Reversal(0),
        Statement,
    ];
    scenario(
        "a_reversal_after_the_release",
        "what a bank returns goes to the provider who worked for it",
        &[MoneyBug::ReversalBack, MoneyBug::ReleaseRest],
        &[&ORDER_HEARD, &HELD, &acts],
    )
}

/// The customer cancels at a fee while the bank takes the price back; the bank returns it later.
fn a_reversal_after_the_cancel() -> MoneyScenario {
    let acts = [
        Minutes(600),
        Preview(0),
        Chargeback(0, Fraction::All),
        Cancel(0),
        Statement,
        Pull,
        Reversal(0),
        Statement,
    ];
    scenario(
        "a_reversal_after_the_cancel",
        "what a bank returns for a cancelled order is the fee, and the rest goes to the customer",
        &[MoneyBug::ReversalBack],
        &[&ORDER_HEARD, &HELD, &acts],
    )
}

/// The acceptance event is redelivered after the cancel event.
fn an_old_version_after_a_cancel() -> MoneyScenario {
    let acts = [
        Relay(0, false),
        Cancel(0),
        Relay(0, false),
        Relay(0, false),
        Deliver(0, 1, false),
        Deliver(0, 0, false),
    ];
    scenario(
        "an_old_version_after_a_cancel",
        "a late event does not change what a newer one set",
        &[MoneyBug::OrderVersion],
        &[&acts],
    )
}

/// One order, which provider 0 accepts at the start.
fn scenario(
    name: &'static str,
    says: &'static str,
    catches: &'static [MoneyBug],
    parts: &[&[Act]],
) -> MoneyScenario {
    let begin = std::iter::once(Accept(0, 0));
    let acts = begin
        .chain(parts.iter().copied().flatten().copied())
        .collect();
    let plan = MoneyPlan {
        seed: 0,
        orders: 1,
        unpaid: UnpaidWork::No,
        acts,
    };
    MoneyScenario {
        name,
        says,
        catches,
        plan,
    }
}
