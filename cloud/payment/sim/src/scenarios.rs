//! Schedules written by hand for cases that chance rarely reaches. Each names its point and the
//! bugs it catches. They run next to the seeds and do not change with the plan generator.

use crate::{Act, Act::*, CallFate::*, Fraction, MoneyBug, MoneyPlan, SyncFate, plan::UnpaidWork};

pub type MoneyScenario = sim::harness::DirectedScenario<MoneyPlan, MoneyBug>;

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

/// An edge records work on an order that its customer meanwhile cancelled.
const WORKED_IN_VAIN: [Act; 5] = [
    EdgeSync(SyncFate::Answered),
    EdgeStart(0),
    EdgeComplete(0),
    Cancel(0),
    EdgeSync(SyncFate::Answered),
];

/// A schedule of one order, which provider 0 accepts at the start.
struct MoneySchedule {
    name: &'static str,
    says: &'static str,
    catches: &'static [MoneyBug],
    acts: &'static [&'static [Act]],
}

const SCHEDULES: [MoneySchedule; 17] = [
    MoneySchedule {
        name: "a_key_after_its_payment_failed",
        says: "a request repeated under its key after the payment failed begins no other",
        catches: &[MoneyBug::KeyOnce],
        acts: &[
            &ORDER_HEARD,
            &[
                Pay(0, 0, false),
                Minutes(31),
                Tick(0),
                Work(0, Answered),
                Pay(0, 0, false),
            ],
        ],
    },
    // The customer comes back after the payment expired, and again after the adapter closed it.
    MoneySchedule {
        name: "a_wish_to_pay_after_the_expiry",
        says: "a customer who pays after an expiry gets a payment that can be paid",
        catches: &[MoneyBug::NeverDead],
        acts: &[
            &ORDER_HEARD,
            &[
                Pay(0, 0, false),
                Work(0, Answered),
                Minutes(31),
                Tick(0),
                Pay(0, 1, false),
            ],
            &[
                Work(0, Answered),
                Pay(0, 2, false),
                Work(0, Answered),
                AdapterPays(0, 0),
            ],
        ],
    },
    // Half of the price is granted, and the adapter fails to send it.
    MoneySchedule {
        name: "a_refund_that_fails",
        says: "a granted refund that failed is still owed, and reaches the customer in the end",
        catches: &[MoneyBug::StillOwed],
        acts: &[&ORDER_HEARD, &HELD, &REFUND_FAILED],
    },
    // The failed refund is resent and arrives. Then another fails, and an admin picks the first to
    // pay by hand.
    MoneySchedule {
        name: "a_refund_that_fails_and_is_met",
        says: "a debt that a later refund has met is not paid by hand as well",
        catches: &[MoneyBug::OwedByHand],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &REFUND_FAILED,
            &[
                SendAnew(0),
                Work(0, Answered),
                AdapterDone(0),
                Work(0, Answered),
            ],
            &[
                AskBack(0, 1, Fraction::Half),
                Grant(0, Fraction::Half),
                Work(0, Answered),
                AdapterFails(0),
                Work(0, Answered),
                PayByHand(0),
            ],
        ],
    },
    // The bank returned the price, and an admin gives goodwill for the same order.
    MoneySchedule {
        name: "goodwill_after_a_chargeback",
        says: "goodwill and a chargeback give no more than the price together",
        catches: &[MoneyBug::GoodwillBound],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &RELEASED,
            &[Chargeback(0, Fraction::All), Statement, Goodwill(0)],
        ],
    },
    // Goodwill fails to arrive, the bank returns the price, and an admin resends the goodwill.
    MoneySchedule {
        name: "goodwill_that_fails_before_a_chargeback",
        says: "goodwill that was granted is judged again before it is sent",
        catches: &[MoneyBug::GoodwillAgain],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &RELEASED,
            &[
                Goodwill(0),
                Work(0, Answered),
                AdapterFails(0),
                Work(0, Answered),
                Chargeback(0, Fraction::All),
                Statement,
                SendAnew(0),
            ],
        ],
    },
    MoneySchedule {
        name: "a_compensation_without_a_case",
        says: "a provider who did no work in vain is paid for none",
        catches: &[MoneyBug::CompensationCase],
        acts: &[&ORDER_HEARD, &[Compensate(4)]],
    },
    MoneySchedule {
        name: "a_compensation_above_its_worth",
        says: "work in vain is worth the share of the price that it would have brought",
        catches: &[MoneyBug::CompensationWorth],
        acts: &[&ORDER_HEARD, &WORKED_IN_VAIN, &[Compensate(5)]],
    },
    MoneySchedule {
        name: "a_compensation_asked_for_twice",
        says: "work in vain is paid for once",
        catches: &[MoneyBug::JournalKey],
        acts: &[
            &ORDER_HEARD,
            &WORKED_IN_VAIN,
            &[Compensate(1), Compensate(1)],
        ],
    },
    // The payout hour strikes twice before the adapter sends the first payout.
    MoneySchedule {
        name: "two_payouts_in_an_hour",
        says: "a balance is paid out once",
        catches: &[MoneyBug::PayoutTwice],
        acts: &[&ORDER_HEARD, &HELD, &RELEASED, &[Payout, Payout]],
    },
    // The order is cancelled and settled; then the adapter reports that the closed payment was
    // paid.
    MoneySchedule {
        name: "money_after_the_cancel",
        says: "money that comes for a settled order goes back",
        catches: &[MoneyBug::LateBack],
        acts: &[
            &ORDER_HEARD,
            &[
                Pay(0, 0, false),
                Work(0, Answered),
                Cancel(0),
                Pull,
                Work(0, Answered),
                PaidThoughClosed(0),
                Statement,
            ],
        ],
    },
    MoneySchedule {
        name: "a_chargeback_after_the_release",
        says: "a bank that takes back what was released takes it from the platform",
        catches: &[MoneyBug::LossIsOurs],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &RELEASED,
            &[Chargeback(0, Fraction::All), Statement],
        ],
    },
    // The bank takes half back during the work, and returns it after the other half was released.
    MoneySchedule {
        name: "a_reversal_after_the_release",
        says: "what a bank returns goes to the provider who worked for it",
        catches: &[MoneyBug::ReversalBack, MoneyBug::ReleaseRest],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &[
                Start(0),
                Complete(0),
                Pull,
                Chargeback(0, Fraction::Half),
                Statement,
                Minutes(4_400),
                Tick(0),
                Reversal(0),
                Statement,
            ],
        ],
    },
    // The customer cancels at a fee while the bank takes the price back; the bank returns it later.
    MoneySchedule {
        name: "a_reversal_after_the_cancel",
        says: "what a bank returns for a cancelled order is the fee, and the rest goes to the \
               customer",
        catches: &[MoneyBug::ReversalBack],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &[
                Minutes(600),
                Preview(0),
                Chargeback(0, Fraction::All),
                Cancel(0),
                Statement,
                Pull,
                Reversal(0),
                Statement,
            ],
        ],
    },
    // An admin grants the whole price back and ends the work. The next provider's customer cancels
    // late, before the grant reaches the order.
    MoneySchedule {
        name: "a_late_cancel_after_the_price_was_granted",
        says: "a fee that custody cannot pay any more is a case for the money desk",
        catches: &[MoneyBug::FeeCase],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &[
                Start(0),
                Pull,
                AskBack(0, 0, Fraction::All),
                Grant(0, Fraction::All),
                WithdrawByAdmin(0),
                Accept(0, 1),
                Minutes(600),
                Preview(0),
                Cancel(0),
            ],
        ],
    },
    // The same, but the adapter fails to send the grant, so custody can pay the fee.
    MoneySchedule {
        name: "a_late_cancel_after_a_grant_that_fails",
        says: "a fee that custody can pay in the end is paid, and is no case",
        catches: &[MoneyBug::StillOwed],
        acts: &[
            &ORDER_HEARD,
            &HELD,
            &[
                Start(0),
                Pull,
                AskBack(0, 0, Fraction::All),
                Grant(0, Fraction::All),
                Work(0, Answered),
                WithdrawByAdmin(0),
                Accept(0, 1),
                Minutes(600),
                Preview(0),
                Cancel(0),
                Pull,
                AdapterFails(0),
                Work(0, Answered),
            ],
        ],
    },
    // The acceptance event is redelivered after the cancel event.
    MoneySchedule {
        name: "an_old_version_after_a_cancel",
        says: "a late event does not change what a newer one set",
        catches: &[MoneyBug::OrderVersion],
        acts: &[&[
            Relay(0, false),
            Cancel(0),
            Relay(0, false),
            Relay(0, false),
            Deliver(0, 1, false),
            Deliver(0, 0, false),
        ]],
    },
];

pub fn all() -> Vec<MoneyScenario> {
    SCHEDULES.iter().map(MoneySchedule::to_scenario).collect()
}

impl MoneySchedule {
    fn to_scenario(&self) -> MoneyScenario {
        let mut acts = vec![Accept(0, 0)];
        acts.extend(self.acts.concat());
        MoneyScenario {
            name: self.name,
            says: self.says,
            catches: self.catches,
            plan: MoneyPlan {
                seed: 0,
                orders: 1,
                unpaid: UnpaidWork::No,
                acts,
            },
        }
    }
}
