//! The price of a cancel is decided with it, stored, and included in all later events of the order.

use order::events::PaymentEventConsumer;
use platform::consume::EventHandler;
use rstest::rstest;
use wire::{
    Amount, CancelCharge, Code, CommandBody, EventType, OrderEvent, OrderId, OrderStatus,
    PaymentStatus,
};

use super::word;
use crate::stage::*;

fn cancel(order_id: OrderId, fee: Option<i64>) -> CommandBody {
    let fee = fee.map(|minor| Amount::from_minor(minor).unwrap());
    CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee,
    }
}

fn charge() -> CancelCharge {
    let fee = Amount::from_minor(2_000).unwrap();
    CancelCharge {
        fee,
        provider_id: Some(provider(1).user_id),
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_late_cancel_costs_what_was_shown_or_is_not_done(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending_at_an_hour().await;
    stage.decide(provider(1), accept(id)).await;
    let money = PaymentEventConsumer {
        store: stage.store.clone(),
    };
    let held = word(
        &stage,
        id,
        EventType::PaymentCompleted,
        1,
        PaymentStatus::Held,
    );
    money.handle(&held).await.unwrap();
    let events = stage.events().await.len();
    let key = stage.command_id();
    for shown in [None, Some(0), Some(1_999), Some(2_001)] {
        let refused = stage.decide_as(key, customer(1), cancel(id, shown)).await;
        assert_eq!(refused.code, Some(Code::TermsChanged), "{shown:?}");
    }
    assert_eq!(stage.events().await.len(), events);
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM orders WHERE status = 'cancelled'")
            .await,
        0
    );
    // The refusal decided nothing, so the key is still free.
    let cancelled = stage
        .decide_as(key, customer(1), cancel(id, Some(2_000)))
        .await;
    assert!(cancelled.has_succeeded(), "{cancelled:?}");
    let told = stage.events().await.pop().unwrap();
    assert_eq!(told.kind, EventType::OrderCancelled);
    let told: OrderEvent = serde_json::from_value(told.body).unwrap();
    assert_eq!(
        (told.order.status, told.terms),
        (OrderStatus::Cancelled, Some(charge()))
    );
    let terms = stage
        .store
        .order_and_terms(id)
        .await
        .unwrap()
        .unwrap()
        .terms;
    assert_eq!(terms, Some(charge()));

    let refunded = word(
        &stage,
        id,
        EventType::RefundProcessed,
        2,
        PaymentStatus::Refunded,
    );
    money.handle(&refunded).await.unwrap();
    let later = stage.events().await.pop().unwrap();
    assert_eq!(later.kind, EventType::OrderStatusChanged);
    let later: OrderEvent = serde_json::from_value(later.body).unwrap();
    assert_eq!(
        later.terms,
        Some(charge()),
        "it may be the first one that is heard"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_price_is_that_of_the_orders_creation(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending_at_an_hour().await;
    stage.decide(provider(1), accept(id)).await;
    let held = word(
        &stage,
        id,
        EventType::PaymentCompleted,
        1,
        PaymentStatus::Held,
    );
    PaymentEventConsumer {
        store: stage.store.clone(),
    }
    .handle(&held)
    .await
    .unwrap();
    let newer =
        "INSERT INTO cancel_policies (in_force_from, fee_bp, notice_ms) VALUES (?, 9000, 86400000)";
    stage
        .sql
        .exec(newer, platform::vals![NOW.0 + 1])
        .await
        .unwrap();
    stage.clock.advance(10);
    assert!(
        stage
            .decide(customer(1), cancel(id, Some(2_000)))
            .await
            .has_succeeded()
    );
}
