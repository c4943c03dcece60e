//! Invariants that hold for any sequence of steps.

use custody::{
    AdapterAnswer, Chargeback, LedgerAccount, MoneyStep, MoneyWrites, MovementId, OrderMoney,
    PaymentState, RefundState,
};
use proptest::prelude::*;
use wire::OrderStatus;

use crate::stage::{HOUR, PRICE, Stage, chargeback, order, user, wish};

#[derive(Debug, Clone)]
enum Act {
    Becomes(OrderStatus, u64),
    Cancelled(i64),
    Pay,
    /// With a chargeback of the first payment, reversed or not.
    Hears(usize, AdapterAnswer, Option<bool>),
    Ask(i64),
    Decide(Option<i64>),
    Goodwill(i64),
    Anew,
    ByHand(usize),
    Later(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let status = prop::sample::select(OrderStatus::ALL.as_slice());
    let amount = prop_oneof![3 => Just(PRICE), 1 => 1..PRICE * 2];
    let answer = prop_oneof![
        4 => amount.clone().prop_map(|amount_minor| AdapterAnswer::Paid { amount_minor }),
        4 => Just(AdapterAnswer::Done),
        2 => Just(AdapterAnswer::Failed),
        2 => Just(AdapterAnswer::Closed),
        1 => Just(AdapterAnswer::Declined),
        1 => Just(AdapterAnswer::NotFound),
        1 => Just(AdapterAnswer::Pending),
        1 => Just(AdapterAnswer::Unknown),
    ];
    prop_oneof![
        3 => (status, 0..3u64).prop_map(|(status, ahead)| Act::Becomes(status, ahead)),
        1 => (0..3_000i64).prop_map(Act::Cancelled),
        3 => Just(Act::Pay),
        8 => (0..6usize, answer, prop::option::weighted(0.2, any::<bool>())).prop_map(|(n, answer, back)| Act::Hears(n, answer, back)),
        2 => amount.clone().prop_map(Act::Ask),
        2 => prop::option::of(amount.clone()).prop_map(Act::Decide),
        1 => amount.prop_map(Act::Goodwill),
        1 => Just(Act::Anew),
        1 => (0..4usize).prop_map(Act::ByHand),
        2 => (1..100i64).prop_map(|hours| Act::Later(hours * HOUR)),
    ]
}

fn movement(money: &OrderMoney, n: usize) -> Option<MovementId> {
    let payments = money.payments.iter().map(|payment| payment.id);
    let all: Vec<_> = payments
        .chain(money.refunds.iter().map(|refund| refund.id))
        .collect();
    all.get(n).copied()
}

fn play(stage: &mut Stage, act: Act) -> Option<MoneyWrites> {
    let step = match act {
        Act::Becomes(status, ahead) => {
            let version = stage.money.due.order.version + ahead;
            MoneyStep::OrderHeard(order(version, status))
        }
        Act::Cancelled(fee) => return Some(stage.cancelled(fee)),
        Act::Pay => MoneyStep::Pay(wish()),
        Act::Hears(n, answer, charged_back) => {
            let movement = movement(&stage.money, n)?;
            let payment = stage.money.payments.first();
            let taken = payment
                .zip(charged_back)
                .map(|(payment, is_reversed)| Chargeback {
                    is_reversed,
                    ..chargeback(payment.id, PRICE / 2)
                });
            let chargebacks = taken.into_iter().collect();
            let reply = custody::AdapterReply {
                answer,
                chargebacks,
            };
            MoneyStep::Answered { movement, reply }
        }
        Act::Ask(amount_minor) => MoneyStep::RequestRefund {
            by: user(1),
            amount_minor,
        },
        Act::Decide(granted_minor) => {
            let request = stage.money.open_request()?.id;
            MoneyStep::DecideRefund {
                request,
                granted_minor,
            }
        }
        Act::Goodwill(amount_minor) => MoneyStep::Goodwill { amount_minor },
        Act::Anew => MoneyStep::SendAnew,
        Act::ByHand(n) => MoneyStep::PaidOtherwise {
            refund: stage.money.refunds.get(n)?.id,
        },
        Act::Later(ms) => return Some(stage.later(ms)),
    };
    stage.step(&step).ok()
}

fn check(
    before: &OrderMoney,
    money: &OrderMoney,
    writes: &MoneyWrites,
) -> Result<(), TestCaseError> {
    for journal in &money.journals {
        let sum: i64 = journal.postings.iter().map(|posting| posting.minor).sum();
        prop_assert_eq!(sum, 0, "{:?}", journal);
        for posting in &journal.postings {
            let balance = money.account_balance(posting.account);
            prop_assert!(
                !posting.account.is_credit() || balance <= 0,
                "{:?}",
                posting.account
            );
        }
    }
    let mut keys: Vec<_> = money.journals.iter().map(|journal| journal.key).collect();
    keys.sort();
    keys.dedup();
    prop_assert_eq!(keys.len(), money.journals.len(), "each fact is booked once");
    let open = |payment: &&custody::Payment| payment.state == PaymentState::Pending;
    prop_assert!(money.payments.iter().filter(open).count() <= 1);
    let open = |refund: &&custody::Refund| refund.state == RefundState::Pending;
    prop_assert!(money.refunds.iter().filter(open).count() <= 1);
    prop_assert!(money.held_minor() <= PRICE);
    let told = writes.events.len() as u64;
    prop_assert_eq!(money.due.money_version, before.due.money_version + told);
    let last = writes
        .events
        .last()
        .map_or(before.due.payment_status, |event| event.status);
    prop_assert_eq!(
        money.due.payment_status,
        last,
        "every change of the status is told"
    );
    prop_assert!(-money.account_balance(LedgerAccount::Refunding(money.order_id())) >= 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_stay_right_whatever_comes(acts in prop::collection::vec(act(), 1..40)) {
        let mut stage = Stage::accepted();
        for act in acts {
            let before = stage.money.clone();
            if let Some(writes) = play(&mut stage, act) {
                check(&before, &stage.money, &writes)?;
            }
        }
    }
}
