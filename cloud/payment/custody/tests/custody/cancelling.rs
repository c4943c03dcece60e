//! Money of a cancelled order.

use custody::{AdapterAnswer, Ask, LedgerAccount, Saga};
use wire::{OrderStatus, PaymentStatus};

use crate::stage::{PRICE, Stage, user};

#[test]
fn fee_and_refund_leave_in_one_transaction() {
    let (mut stage, _) = Stage::held();
    let writes = stage.cancelled(2_000);
    assert_eq!((writes.journals.len(), writes.refunds.len()), (2, 1));
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(7))),
        -2_000
    );
    let refund = stage.open_refund();
    stage.hears(refund, AdapterAnswer::Done);
    assert_eq!(stage.money.returned_minor(), PRICE - 2_000);
    assert_eq!(
        stage.money.due.payment_status,
        PaymentStatus::PartiallyRefunded
    );
    assert_eq!(stage.money.due.saga, Saga::Done);
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
    let late = custody::MoneyStep::OrderHeard(crate::stage::order(3, OrderStatus::Accepted));
    stage.step(&late).unwrap();
    assert_eq!(stage.money, before);
}
