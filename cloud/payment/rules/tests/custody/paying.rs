//! The states of a payment.

use custody::{AdapterAnswer, Ask, MoneyEventKind, MoneyStep, PaymentState, PaymentWish, Refusal};
use wire::{Currency, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, user, wish};

const PAID: AdapterAnswer = AdapterAnswer::Paid { amount_minor: PRICE };

#[test]
fn the_price_is_held_once() {
    let (mut stage, payment) = Stage::held();
    assert_eq!(stage.rows.due.payment_status, PaymentStatus::Held);
    assert_eq!(stage.rows.due.money_version, 1);
    assert_eq!(stage.hears(payment, PAID), []);
    assert_eq!(stage.rows.held_minor(), PRICE);
    assert_eq!(stage.step(&MoneyStep::Pay(wish())), Err(Refusal::AlreadyPaid));
}

#[test]
fn a_second_wish_finds_the_open_payment() {
    let mut stage = Stage::accepted();
    let first = stage.pay();
    assert_eq!(stage.pay(), first);
    assert_eq!(stage.rows.payments.len(), 1);
}

#[test]
fn only_the_customer_pays_and_only_the_price_of_a_taken_order() {
    let refused = |wish: PaymentWish, status| {
        let mut stage = Stage::accepted();
        stage.becomes(status);
        stage.step(&MoneyStep::Pay(wish)).unwrap_err()
    };
    let strangers = PaymentWish { by: user(2), ..wish() };
    let less = PaymentWish { amount_minor: PRICE - 1, ..wish() };
    let dollars = PaymentWish { currency: Currency::Usd, ..wish() };
    assert_eq!(refused(strangers, OrderStatus::Accepted), Refusal::NotYours);
    assert_eq!(refused(less, OrderStatus::Accepted), Refusal::AmountMismatch);
    assert_eq!(refused(dollars, OrderStatus::Accepted), Refusal::AmountMismatch);
    for status in [OrderStatus::Pending, OrderStatus::Cancelled, OrderStatus::Rejected] {
        assert_eq!(refused(wish(), status), Refusal::OrderNotPayable);
    }
}

#[test]
fn no_answer_but_closed_makes_a_payment_fail() {
    for answer in [
        AdapterAnswer::Unknown,
        AdapterAnswer::NotFound,
        AdapterAnswer::Pending,
        AdapterAnswer::Declined,
    ] {
        let mut stage = Stage::accepted();
        let payment = stage.pay();
        assert_eq!(stage.hears(payment, answer), [], "{answer:?}");
        assert_eq!(stage.rows.payments[0].state, PaymentState::Pending, "{answer:?}");
        assert_eq!(stage.hears(payment, AdapterAnswer::Closed), [MoneyEventKind::PaymentFailed]);
    }
}

#[test]
fn silence_is_asked_about_and_only_not_found_repeats_the_call() {
    let asks = |answer| {
        let mut stage = Stage::accepted();
        let payment = stage.pay();
        stage.hears(payment, answer);
        stage.rows.payments[0].errand.ask
    };
    assert_eq!(asks(AdapterAnswer::Unknown), Ask::Query);
    assert_eq!(asks(AdapterAnswer::Pending), Ask::Query);
    assert_eq!(asks(AdapterAnswer::NotFound), Ask::Call);
    assert_eq!(asks(AdapterAnswer::Declined), Ask::Close);
}

#[test]
fn an_old_payment_is_closed_and_may_still_have_been_paid() {
    let mut stage = Stage::accepted();
    let payment = stage.pay();
    stage.later(HOUR / 2);
    assert_eq!(stage.rows.payments[0].errand.ask, Ask::Close);
    assert_eq!(stage.rows.payments[0].state, PaymentState::Pending);
    assert_eq!(stage.hears(payment, PAID), [MoneyEventKind::PaymentCompleted]);
    assert_eq!(stage.rows.due.payment_status, PaymentStatus::Held);
}

#[test]
fn another_amount_and_a_second_charge_go_back_whole() {
    let mut stage = Stage::accepted();
    let payment = stage.pay();
    stage.hears(payment, AdapterAnswer::Paid { amount_minor: PRICE + 1 });
    assert_eq!((stage.rows.held_minor(), stage.rows.refunds[0].amount_minor), (0, PRICE + 1));
    assert_eq!(stage.rows.due.payment_status, PaymentStatus::Unpaid);
    let mut stage = Stage::accepted();
    let late = stage.pay();
    stage.hears(late, AdapterAnswer::Closed);
    let second = stage.pay();
    stage.hears(second, PAID);
    stage.hears(late, PAID);
    assert_eq!((stage.rows.held_minor(), stage.rows.refunds[0].payment), (PRICE, late));
    assert_eq!(stage.rows.due.payment_status, PaymentStatus::Held);
}

#[test]
fn an_old_answer_leads_out_of_no_final_state() {
    let (mut stage, payment) = Stage::held();
    let before = stage.rows.clone();
    for answer in [
        AdapterAnswer::Pending,
        AdapterAnswer::NotFound,
        AdapterAnswer::Declined,
        AdapterAnswer::Closed,
    ] {
        assert_eq!(stage.hears(payment, answer), []);
    }
    assert_eq!(stage.rows, before);
}

#[test]
fn ten_payments_a_day_are_enough() {
    let mut stage = Stage::accepted();
    for _ in 0..10 {
        let payment = stage.pay();
        stage.hears(payment, AdapterAnswer::Closed);
    }
    assert_eq!(stage.step(&MoneyStep::Pay(wish())), Err(Refusal::TooMany));
    stage.later(24 * HOUR);
    stage.pay();
}
