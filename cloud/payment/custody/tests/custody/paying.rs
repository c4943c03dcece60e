//! The states of a payment.

use custody::{
    AdapterAnswer, AdapterReply, Ask, MoneyDetails, MoneyStep, MovementId, PAYMENT_CLOSING,
    PaymentRequest, PaymentState,
};
use wire::{Code, Currency, EventType, OrderStatus, PaymentStatus};

use crate::stage::{HOUR, PRICE, Stage, chargeback, user, wish};

const PAID: AdapterAnswer = AdapterAnswer::Paid {
    amount_minor: PRICE,
};

#[test]
fn the_price_is_held_once() {
    let (mut stage, payment) = Stage::held();
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
    assert_eq!(stage.money.due.money_version, 1);
    assert_eq!(stage.hears(payment, PAID), []);
    assert_eq!(stage.money.held_minor(), PRICE);
    assert_eq!(stage.step(&MoneyStep::Pay(wish())), Err(Code::AlreadyPaid));
}

#[test]
fn a_second_wish_finds_the_open_payment() {
    let mut stage = Stage::accepted();
    let first = stage.pay();
    assert_eq!(stage.pay(), first);
    assert_eq!(stage.money.payments.len(), 1);
}

#[test]
fn only_the_customer_pays_and_only_the_price_of_a_taken_order() {
    let refused = |wish: PaymentRequest, status| {
        let mut stage = Stage::accepted();
        stage.becomes(status);
        stage.step(&MoneyStep::Pay(wish)).unwrap_err()
    };
    let strangers = PaymentRequest {
        by: user(2),
        ..wish()
    };
    let less = PaymentRequest {
        amount_minor: PRICE - 1,
        ..wish()
    };
    let dollars = PaymentRequest {
        currency: Currency::Usd,
        ..wish()
    };
    assert_eq!(
        refused(strangers, OrderStatus::Accepted),
        Code::OrderNotFound
    );
    assert_eq!(refused(less, OrderStatus::Accepted), Code::AmountMismatch);
    assert_eq!(
        refused(dollars, OrderStatus::Accepted),
        Code::AmountMismatch
    );
    for status in [
        OrderStatus::Pending,
        OrderStatus::Cancelled,
        OrderStatus::Rejected,
    ] {
        assert_eq!(refused(wish(), status), Code::OrderNotPayable);
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
        assert_eq!(
            stage.money.payments[0].state,
            PaymentState::Pending,
            "{answer:?}"
        );
        assert_eq!(
            stage.hears(payment, AdapterAnswer::Closed),
            [EventType::PaymentFailed]
        );
    }
}

#[test]
fn silence_is_asked_about_and_only_not_found_repeats_the_call() {
    let asks = |answer| {
        let mut stage = Stage::accepted();
        let payment = stage.pay();
        stage.hears(payment, answer);
        stage.money.payments[0].call.ask
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
    assert_eq!(stage.money.payments[0].call.ask, Ask::Close);
    assert_eq!(stage.money.payments[0].state, PaymentState::Pending);
    assert_eq!(stage.hears(payment, PAID), [EventType::PaymentCompleted]);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
}

#[test]
fn whatever_happens_after_its_end_closes_an_old_payment() {
    let mut stage = Stage::accepted();
    stage.pay();
    stage.now = stage.now.plus_ms(HOUR / 2);
    stage.becomes(OrderStatus::InProgress);
    assert_eq!(
        stage.money.payments[0].call.ask,
        Ask::Close,
        "an event of the order"
    );
    let mut stage = Stage::accepted();
    stage.pay();
    stage.later(HOUR / 2);
    assert_eq!(stage.money.payments[0].call.ask, Ask::Close, "the job");
}

#[test]
fn a_wish_to_pay_after_an_expiry_waits_for_the_close_and_gets_another_payment() {
    let mut stage = Stage::accepted();
    let expired = stage.pay();
    stage.now = stage.now.plus_ms(HOUR / 2);
    let closing = Err(PAYMENT_CLOSING);
    assert_eq!(
        stage.step(&MoneyStep::Pay(wish())),
        closing,
        "it may have been paid"
    );
    stage.later(0);
    assert_eq!(stage.step(&MoneyStep::Pay(wish())), closing);
    stage.hears(expired, AdapterAnswer::Closed);
    let second = stage.pay();
    assert_ne!(second, expired);
    assert_eq!(stage.hears(second, PAID), [EventType::PaymentCompleted]);

    let mut stage = Stage::accepted();
    let declined = stage.pay();
    stage.hears(declined, AdapterAnswer::Declined);
    assert_eq!(
        stage.step(&MoneyStep::Pay(wish())),
        closing,
        "nor is a declined one an answer"
    );
}

#[test]
fn another_amount_and_a_second_charge_go_back_whole() {
    let mut stage = Stage::accepted();
    let payment = stage.pay();
    stage.hears(
        payment,
        AdapterAnswer::Paid {
            amount_minor: PRICE + 1,
        },
    );
    assert_eq!(
        (
            stage.money.held_minor(),
            stage.money.refunds[0].amount_minor
        ),
        (0, PRICE + 1)
    );
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Unpaid);
    let mut stage = Stage::accepted();
    let late = stage.pay();
    stage.hears(late, AdapterAnswer::Closed);
    let second = stage.pay();
    stage.hears(second, PAID);
    stage.hears(late, PAID);
    assert_eq!(
        (stage.money.held_minor(), stage.money.refunds[0].payment),
        (PRICE, late)
    );
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Held);
}

/// The details of the first event that follows the adapter's answer.
fn told(stage: &mut Stage, payment: MovementId, amount_minor: i64) -> MoneyDetails {
    let chargebacks = Vec::new();
    let reply = AdapterReply {
        answer: AdapterAnswer::Paid { amount_minor },
        chargebacks,
    };
    let writes = stage
        .step(&MoneyStep::Answered {
            movement: payment,
            reply,
        })
        .unwrap();
    assert_eq!(writes.events[0].kind, EventType::PaymentCompleted);
    writes.events[0].details
}

#[test]
fn a_payment_tells_the_share_of_the_provider_or_the_sum_that_goes_back() {
    let returning = |minor| MoneyDetails {
        returning_minor: Some(minor),
        ..MoneyDetails::default()
    };
    let mut stage = Stage::accepted();
    let late = stage.pay();
    stage.hears(late, AdapterAnswer::Closed);
    let payment = stage.pay();
    // The platform takes a tenth of 200.01, rounded down.
    let share = MoneyDetails {
        share_minor: Some(18_001),
        ..MoneyDetails::default()
    };
    assert_eq!(told(&mut stage, payment, PRICE), share);
    assert_eq!(
        told(&mut stage, late, PRICE),
        returning(PRICE),
        "it was paid already"
    );

    let mut stage = Stage::accepted();
    let wrong = stage.pay();
    assert_eq!(
        told(&mut stage, wrong, PRICE + 1),
        returning(PRICE + 1),
        "another amount"
    );

    for (fee, rest) in [(0, PRICE), (2_000, PRICE - 2_000)] {
        let mut stage = Stage::accepted();
        let payment = stage.pay();
        stage.cancelled(fee);
        assert_eq!(
            told(&mut stage, payment, PRICE),
            returning(rest),
            "cancelled meanwhile"
        );
        assert_eq!(stage.money.refunds[0].amount_minor, rest, "as was told");
    }
}

#[test]
fn a_chargeback_tells_its_sum() {
    let (mut stage, payment) = Stage::held();
    let reply = AdapterReply {
        answer: PAID,
        chargebacks: vec![chargeback(payment, PRICE)],
    };
    let writes = stage
        .step(&MoneyStep::Answered {
            movement: payment,
            reply,
        })
        .unwrap();
    let told: Vec<_> = writes
        .events
        .iter()
        .map(|event| event.details.charged_back_minor)
        .collect();
    assert_eq!(told, [Some(PRICE)]);
    assert_eq!(stage.money.due.payment_status, PaymentStatus::Refunded);
    assert_eq!(
        stage.step(&MoneyStep::Pay(wish())),
        Err(Code::AlreadyPaid),
        "nobody pays it now"
    );
}

#[test]
fn an_old_answer_leads_out_of_no_final_state() {
    let (mut stage, payment) = Stage::held();
    let before = stage.money.clone();
    for answer in [
        AdapterAnswer::Pending,
        AdapterAnswer::NotFound,
        AdapterAnswer::Declined,
        AdapterAnswer::Closed,
    ] {
        assert_eq!(stage.hears(payment, answer), []);
    }
    assert_eq!(stage.money, before);
}

#[test]
fn ten_payments_a_day_are_enough() {
    let mut stage = Stage::accepted();
    for _ in 0..10 {
        let payment = stage.pay();
        stage.hears(payment, AdapterAnswer::Closed);
    }
    assert_eq!(stage.step(&MoneyStep::Pay(wish())), Err(Code::RateLimited));
    stage.later(24 * HOUR);
    stage.pay();
}
