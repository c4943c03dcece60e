//! Requests, grants, and failed refunds.

use custody::{AdapterAnswer, Chargeback, LedgerAccount, MoneyStep, Saga};
use wire::{Code, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, chargeback, user};

fn in_progress() -> Stage {
    let (mut stage, _) = Stage::held();
    stage.becomes(OrderStatus::InProgress);
    stage
}

#[test]
fn a_partial_grant_leaves_the_rest_whole() {
    let mut stage = in_progress();
    stage.grant_refund(5_000);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
    let refund = stage.open_refund();
    stage.hears(refund, AdapterAnswer::Done);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    let share = PRICE - 5_000 - (PRICE - 5_000) / 10;
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(7))),
        -share
    );
    assert_eq!(
        stage.money.due.payment_status,
        PaymentStatus::PartiallyRefunded
    );
}

#[test]
fn nobody_gets_more_than_is_held() {
    let mut stage = in_progress();
    let ask = |amount_minor| MoneyStep::RequestRefund {
        by: user(1),
        amount_minor,
    };
    assert_eq!(stage.step(&ask(PRICE + 1)), Err(Code::AmountMismatch));
    assert_eq!(stage.step(&ask(0)), Err(Code::AmountMismatch));
    let request = stage.step(&ask(PRICE)).unwrap().movement.unwrap();
    assert_eq!(stage.step(&ask(1)).unwrap().movement, Some(request));
    let grant = |granted_minor| MoneyStep::DecideRefund {
        request,
        granted_minor,
    };
    assert_eq!(
        stage.step(&grant(Some(PRICE + 1))),
        Err(Code::AmountMismatch)
    );
    stage.step(&grant(Some(PRICE))).unwrap();
    assert_eq!(stage.step(&grant(None)), Err(Code::RefundDecided));
    assert_eq!(stage.step(&ask(1)), Err(Code::AmountMismatch));
}

#[test]
fn a_failed_refund_is_owed_until_it_is_sent_anew() {
    let mut stage = in_progress();
    stage.grant_refund(5_000);
    let first = stage.open_refund();
    stage.hears(first, AdapterAnswer::Failed);
    assert_eq!(
        (stage.money.due.saga, stage.money.held_minor()),
        (Saga::NeedsPerson, PRICE)
    );
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    assert_eq!(
        stage.money.held_minor(),
        5_000,
        "what is owed is not released"
    );
    stage.step(&MoneyStep::SendAnew).unwrap();
    let second = stage.open_refund();
    assert_ne!(first, second);
    stage.hears(second, AdapterAnswer::Done);
    assert_eq!(
        (stage.money.held_minor(), stage.money.returned_minor()),
        (0, 5_000)
    );
}

#[test]
fn a_failed_refund_may_be_paid_by_hand_once() {
    let (mut stage, _) = Stage::held();
    stage.cancelled(0);
    let refund = stage.open_refund();
    stage.hears(refund, AdapterAnswer::Failed);
    stage.step(&MoneyStep::PaidOtherwise { refund }).unwrap();
    assert_eq!(stage.money.account_balance(LedgerAccount::Bank), -PRICE);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Refunded);
    assert_eq!(stage.money.due.saga, Saga::Done);
    let again = stage.step(&MoneyStep::PaidOtherwise { refund });
    assert_eq!(again, Err(Code::NothingFailed));
}

#[test]
fn goodwill_comes_from_the_platform_and_only_after_the_release() {
    let mut stage = in_progress();
    let goodwill = MoneyStep::Goodwill { amount_minor: 300 };
    assert_eq!(stage.step(&goodwill), Err(Code::NotRefundable));
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    stage.step(&goodwill).unwrap();
    let refund = stage.open_refund();
    stage.hears(refund, AdapterAnswer::Done);
    assert_eq!(stage.money.account_balance(LedgerAccount::Loss), 300);
    assert_eq!(
        stage.money.due.payment_status,
        PaymentStatus::PartiallyRefunded
    );
}

#[test]
fn a_refund_that_a_later_one_met_is_not_paid_by_hand_too() {
    let mut stage = in_progress();
    stage.grant_refund(1_700);
    let first = stage.open_refund();
    stage.hears(first, AdapterAnswer::Failed);
    stage.step(&MoneyStep::SendAnew).unwrap();
    let second = stage.open_refund();
    stage.hears(second, AdapterAnswer::Done);
    stage.grant_refund(600);
    let third = stage.open_refund();
    stage.hears(third, AdapterAnswer::Failed);

    let met_already = stage.step(&MoneyStep::PaidOtherwise { refund: first });
    assert_eq!(met_already, Err(Code::NothingFailed));
    stage
        .step(&MoneyStep::PaidOtherwise { refund: third })
        .unwrap();
    assert_eq!(stage.money.returned_minor(), stage.money.due.granted_minor);
}

#[test]
fn goodwill_counts_what_was_charged_back() {
    let (mut stage, payment) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    let charged_back = vec![chargeback(payment, PRICE - 100)];
    stage.hears_also(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE,
        },
        charged_back,
    );

    let too_much = stage.step(&MoneyStep::Goodwill { amount_minor: 101 });
    assert_eq!(too_much, Err(Code::AmountMismatch));
    stage
        .step(&MoneyStep::Goodwill { amount_minor: 100 })
        .unwrap();
}

#[test]
fn goodwill_is_judged_again_before_it_is_sent() {
    let (mut stage, payment) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    for amount_minor in [300, 500] {
        stage.step(&MoneyStep::Goodwill { amount_minor }).unwrap();
    }
    let first = stage.open_refund();
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    stage.hears_also(payment, paid, vec![chargeback(payment, PRICE)]);
    stage.hears(first, AdapterAnswer::Failed);
    let by_hand = stage.step(&MoneyStep::PaidOtherwise { refund: first });
    assert_eq!(by_hand, Err(Code::NothingFailed), "the bank has brought it");
    stage.step(&MoneyStep::SendAnew).unwrap();
    assert_eq!(stage.money.open_refund(), None);
    assert_eq!(
        (stage.money.due.saga, stage.money.returned_minor()),
        (Saga::Done, 0)
    );

    let reversed = Chargeback {
        is_reversed: true,
        ..chargeback(payment, PRICE)
    };
    stage.hears_also(payment, paid, vec![reversed]);
    assert_eq!(stage.money.open_refund().unwrap().amount_minor, 800);
}

#[test]
fn a_reversed_chargeback_leaves_room_for_goodwill_again() {
    let (mut stage, payment) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    let reversed = Chargeback {
        is_reversed: true,
        ..chargeback(payment, PRICE)
    };
    stage.hears_also(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE,
        },
        vec![reversed],
    );
    stage
        .step(&MoneyStep::Goodwill {
            amount_minor: PRICE,
        })
        .unwrap();
}
