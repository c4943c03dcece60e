//! Reversed chargebacks: the money returns to its source.

use custody::{AdapterAnswer, Chargeback, LedgerAccount, MoneyStep, MovementId, Saga};
use wire::{EventType, MoneyCaseKind, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, chargeback, user};

const PAID: AdapterAnswer = AdapterAnswer::Paid {
    amount_minor: PRICE,
};

fn charge_back(stage: &mut Stage, payment: MovementId, amount_minor: i64) -> Vec<EventType> {
    stage.hears_also(payment, PAID, vec![chargeback(payment, amount_minor)])
}

fn reverse(stage: &mut Stage, payment: MovementId, amount_minor: i64) -> Vec<EventType> {
    let taken = Chargeback {
        is_reversed: true,
        ..chargeback(payment, amount_minor)
    };
    stage.hears_also(payment, PAID, vec![taken])
}

fn earned(stage: &Stage) -> i64 {
    -stage
        .money
        .account_balance(LedgerAccount::Provider(user(7)))
}

#[test]
fn custody_gets_back_what_a_reversed_chargeback_took_and_the_work_goes_on() {
    let (mut stage, payment) = Stage::held();
    charge_back(&mut stage, payment, PRICE);
    let told = reverse(&mut stage, payment, PRICE);
    assert_eq!(
        told,
        [EventType::PaymentStatusChanged],
        "the order waits no more"
    );
    assert_eq!(stage.money.held_minor(), PRICE);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
    assert_eq!(reverse(&mut stage, payment, PRICE), [], "it is booked once");
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    assert_eq!(
        (
            earned(&stage),
            stage.money.account_balance(LedgerAccount::Loss)
        ),
        (18_001, 0)
    );
}

#[test]
fn a_reversal_is_a_case_for_a_person() {
    let (mut stage, payment) = Stage::held();
    charge_back(&mut stage, payment, PRICE);
    let taken = Chargeback {
        is_reversed: true,
        ..chargeback(payment, PRICE)
    };
    let reply = custody::AdapterReply {
        answer: PAID,
        chargebacks: vec![taken],
    };
    let writes = stage
        .step(&MoneyStep::Answered {
            movement: payment,
            reply,
        })
        .unwrap();
    let kinds: Vec<_> = writes.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [MoneyCaseKind::ChargebackReversed]);
}

#[test]
fn a_completed_order_whose_price_came_back_late_is_released_at_once() {
    let (mut stage, payment) = Stage::held();
    charge_back(&mut stage, payment, PRICE);
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    assert_eq!(earned(&stage), 0);
    reverse(&mut stage, payment, PRICE);
    assert_eq!(earned(&stage), 18_001);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Paid);
    assert_eq!(stage.money.due.saga, Saga::Done);
}

#[test]
fn a_second_release_brings_the_provider_what_one_release_of_the_whole_brings() {
    let (mut stage, payment) = Stage::held();
    // Rounding the fee of each part separately loses a cent: 999 and 1,000 of 2,000.
    charge_back(&mut stage, payment, 10_009);
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    assert_eq!(
        (
            earned(&stage),
            stage.money.account_balance(LedgerAccount::Fees)
        ),
        (8_993, -999)
    );
    let told = reverse(&mut stage, payment, 10_009);
    let changed = EventType::PaymentStatusChanged;
    let released = EventType::PaymentReleased;
    assert_eq!(told, [changed, released]);
    assert_eq!(
        (
            earned(&stage),
            stage.money.account_balance(LedgerAccount::Fees)
        ),
        (18_001, -2_000)
    );
    assert_eq!(
        (stage.money.held_minor(), stage.money.due.saga),
        (0, Saga::Done)
    );
}

#[test]
fn a_cancelled_order_gives_fee_and_rest_out_of_what_a_reversal_returned() {
    let (mut stage, payment) = Stage::held();
    charge_back(&mut stage, payment, PRICE - 500);
    stage.cancelled(2_000);
    assert_eq!(
        (earned(&stage), stage.money.refunds.len()),
        (500, 0),
        "no more was held"
    );
    reverse(&mut stage, payment, PRICE - 500);
    assert_eq!(earned(&stage), 2_000);
    let refund = stage.open_refund();
    assert_eq!(stage.money.refunds[0].amount_minor, PRICE - 2_000);
    stage.hears(refund, AdapterAnswer::Done);
    assert_eq!(stage.money.due.saga, Saga::Done);
}

#[test]
fn suspense_gets_back_what_a_reversed_chargeback_took_and_is_refunded() {
    let mut stage = Stage::accepted();
    let payment = stage.pay();
    stage.hears(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE + 1,
        },
    );
    let refund = stage.open_refund();
    stage.hears(refund, AdapterAnswer::Failed);
    charge_back(&mut stage, payment, PRICE + 1);
    assert_eq!(stage.money.suspense_minor(payment), 0);
    stage.step(&MoneyStep::SendAnew).unwrap();
    reverse(&mut stage, payment, PRICE + 1);
    let amounts: Vec<_> = stage
        .money
        .refunds
        .iter()
        .map(|refund| refund.amount_minor)
        .collect();
    assert_eq!(
        amounts,
        [PRICE + 1, PRICE + 1],
        "it was never the platform's"
    );
}
