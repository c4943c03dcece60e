//! Release, disputes and chargebacks.

use custody::{AdapterAnswer, BilledOrder, Chargeback, LedgerAccount, MoneyCase, MoneyStep};
use wire::{MoneyCaseKind, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, chargeback, order, user, wish};

#[test]
fn money_is_released_after_72_hours_to_who_completed() {
    let (mut stage, _) = Stage::held();
    let done = BilledOrder {
        provider_id: Some(user(8)),
        ..order(9, OrderStatus::Completed)
    };
    stage.step(&MoneyStep::OrderHeard(done)).unwrap();
    stage.later(72 * HOUR - 1);
    assert_eq!(stage.money.held_minor(), PRICE);
    stage.later(1);
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(8))),
        -18_001
    );
    assert_eq!(stage.money.account_balance(LedgerAccount::Fees), -2_000);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Paid);
}

#[test]
fn what_is_paid_after_the_72_hours_is_released_at_once() {
    let mut stage = Stage::accepted();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    let payment = stage.pay();
    stage.hears(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE,
        },
    );
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Paid);
}

#[test]
fn finished_work_that_is_unpaid_for_14_days_is_one_case() {
    let unpaid = |cases: &[MoneyCase]| {
        let is = |case: &&MoneyCase| case.kind == MoneyCaseKind::CompletedUnpaid;
        cases
            .iter()
            .filter(is)
            .map(|case| case.movement)
            .collect::<Vec<_>>()
    };
    let mut stage = Stage::accepted();
    stage.becomes(OrderStatus::Completed);
    assert_eq!(unpaid(&stage.later(14 * 24 * HOUR - 1).cases), []);
    let listed = unpaid(&stage.later(1).cases);
    assert_eq!(listed.len(), 1);
    let tried = stage.step(&MoneyStep::Pay(wish())).unwrap();
    assert_eq!(
        unpaid(&tried.cases),
        listed,
        "an attempt to pay opens no other"
    );
    stage.hears(
        tried.movement.unwrap(),
        AdapterAnswer::Paid {
            amount_minor: PRICE,
        },
    );
    assert_eq!(unpaid(&stage.later(HOUR).cases), []);
    let (mut paid, _) = Stage::held();
    paid.becomes(OrderStatus::Completed);
    assert_eq!(unpaid(&paid.later(14 * 24 * HOUR).cases), []);
}

#[test]
fn an_open_request_freezes_the_release() {
    let (mut stage, _) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    let ask = MoneyStep::RequestRefund {
        by: user(1),
        amount_minor: 1,
    };
    let request = stage.step(&ask).unwrap().movement.unwrap();
    stage.later(72 * HOUR);
    assert_eq!(stage.money.held_minor(), PRICE);
    stage
        .step(&MoneyStep::DecideRefund {
            request,
            granted_minor: None,
        })
        .unwrap();
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Paid);
}

#[test]
fn a_chargeback_takes_custody_first_and_is_the_platforms_loss_after() {
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    let (mut stage, payment) = Stage::held();
    stage.hears_also(payment, paid, vec![chargeback(payment, 1)]);
    assert_eq!(stage.money.held_minor(), PRICE - 1);
    assert_eq!(
        stage.money.due.payment_status,
        PaymentStatus::PartiallyRefunded,
        "not whole"
    );
    let (mut stage, payment) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    let taken = chargeback(payment, PRICE);
    for _ in 0..2 {
        stage.hears_also(payment, paid, vec![taken]);
    }
    assert_eq!(stage.money.account_balance(LedgerAccount::Loss), PRICE);
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(7))),
        -18_001,
        "his stays his"
    );
    stage.hears_also(
        payment,
        paid,
        vec![Chargeback {
            is_reversed: true,
            ..taken
        }],
    );
    assert_eq!(stage.money.account_balance(LedgerAccount::Loss), 0);
}
