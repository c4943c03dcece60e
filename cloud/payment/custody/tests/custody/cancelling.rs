//! Money of a cancelled order.

use custody::{AdapterAnswer, Ask, LedgerAccount, MoneyCase, MoneyStep, MovementId, Saga};
use wire::{EventType, MoneyCaseKind, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, chargeback, user};

const FEE: i64 = 2_000;

/// An admin has granted the amount, and its refund is on its way.
fn granted_before_the_cancel(amount_minor: i64) -> Stage {
    let (mut stage, _) = Stage::held();
    stage.becomes(OrderStatus::InProgress);
    stage.grant_refund(amount_minor);
    stage
}

/// Plays the answer to the open refund, and returns the cases that follow.
fn end_refund(stage: &mut Stage, answer: AdapterAnswer) -> Vec<MoneyCase> {
    let movement = stage.open_refund();
    let reply = custody::AdapterReply {
        answer,
        chargebacks: Vec::new(),
    };
    stage
        .step(&MoneyStep::Answered { movement, reply })
        .unwrap()
        .cases
}

fn shortfall(stage: &Stage) -> MoneyCase {
    MoneyCase {
        kind: MoneyCaseKind::FeeShortfall,
        movement: MovementId(stage.money.order_id().0),
    }
}

fn earned(stage: &Stage) -> i64 {
    -stage
        .money
        .account_balance(LedgerAccount::Provider(user(7)))
}

#[test]
fn fee_and_refund_leave_in_one_transaction() {
    let (mut stage, _) = Stage::held();
    let writes = stage.cancelled(FEE);
    assert_eq!((writes.journals.len(), writes.refunds.len()), (2, 1));
    assert_eq!(earned(&stage), FEE);
    assert_eq!(end_refund(&mut stage, AdapterAnswer::Done), []);
    assert_eq!(stage.money.returned_minor(), PRICE - FEE);
    assert_eq!(
        stage.money.due.payment_status,
        PaymentStatus::PartiallyRefunded
    );
    assert_eq!(stage.money.due.saga, Saga::Done);
}

#[test]
fn the_provider_is_told_of_the_fee_that_was_booked() {
    let (mut stage, _) = Stage::held();
    let writes = stage.cancelled(FEE);
    let [told] = writes.events.as_slice() else {
        panic!("one event tells of the fee: {:?}", writes.events);
    };
    assert_eq!(told.kind, EventType::PaymentStatusChanged);
    assert_eq!((told.amount_minor, told.held_minor), (FEE, 0));
    assert_eq!(told.details.cancel_fee_minor, Some(FEE));
    assert_eq!(told.provider_id, Some(user(7)));
    let mut unpaid = granted_before_the_cancel(PRICE);
    end_refund(&mut unpaid, AdapterAnswer::Done);
    assert_eq!(unpaid.cancelled(FEE).events, [], "none was booked");
}

#[test]
fn a_fee_that_custody_cannot_pay_is_one_case() {
    let mut stage = granted_before_the_cancel(PRICE);
    assert_eq!(
        stage.cancelled(FEE).cases,
        [],
        "the refund may still return to custody"
    );
    let case = shortfall(&stage);
    assert_eq!(end_refund(&mut stage, AdapterAnswer::Done), [case]);
    assert_eq!((earned(&stage), stage.money.due.saga), (0, Saga::Done));
    assert_eq!(stage.later(HOUR).cases, [case], "the store keeps it once");
    let mut heard_later = granted_before_the_cancel(PRICE - 500);
    end_refund(&mut heard_later, AdapterAnswer::Done);
    assert_eq!(heard_later.cancelled(FEE).cases, [case]);
    assert_eq!(earned(&heard_later), 500, "the provider gets what is left");
}

#[test]
fn a_fee_paid_from_a_refund_that_failed_is_no_case() {
    let mut stage = granted_before_the_cancel(PRICE);
    stage.cancelled(FEE);
    let cases = end_refund(&mut stage, AdapterAnswer::Failed);
    assert!(!cases.contains(&shortfall(&stage)), "{cases:?}");
    stage.step(&MoneyStep::SendAnew).unwrap();
    assert_eq!(earned(&stage), FEE);
    assert_eq!(end_refund(&mut stage, AdapterAnswer::Done), []);
}

#[test]
fn a_fee_that_a_bank_took_is_a_case_until_the_bank_returns_it() {
    let (mut stage, payment) = Stage::held();
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    stage.hears_also(payment, paid, vec![chargeback(payment, PRICE)]);
    let case = shortfall(&stage);
    assert_eq!(stage.cancelled(FEE).cases, [case]);
    let returned = custody::Chargeback {
        is_reversed: true,
        ..chargeback(payment, PRICE)
    };
    stage.hears_also(payment, paid, vec![returned]);
    assert_eq!(earned(&stage), FEE);
    assert_eq!(end_refund(&mut stage, AdapterAnswer::Done), []);
}

#[test]
fn an_open_payment_is_closed_and_late_money_goes_back() {
    let mut stage = Stage::accepted();
    let payment = stage.pay();
    stage.cancelled(0);
    assert_eq!(stage.money.payments[0].call.ask, Ask::Close);
    stage.hears(payment, AdapterAnswer::Closed);
    assert_eq!(stage.money.due.saga, Saga::Done);
    stage.hears(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE,
        },
    );
    let refund = stage.open_refund();
    assert_eq!(stage.money.due.saga, Saga::Settling);
    stage.hears(refund, AdapterAnswer::Done);
    assert_eq!(
        (stage.money.due.saga, stage.money.held_minor()),
        (Saga::Done, 0)
    );
}

#[test]
fn an_older_version_of_the_order_changes_nothing() {
    let (mut stage, _) = Stage::held();
    stage.cancelled(0);
    let before = stage.money.clone();
    let late = MoneyStep::OrderHeard(crate::stage::order(3, OrderStatus::Accepted));
    stage.step(&late).unwrap();
    assert_eq!(stage.money, before);
}
