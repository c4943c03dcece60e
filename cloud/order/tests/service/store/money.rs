//! Payment events: the newest counts, and only they change an order's payment status.

use order::events::PaymentEventConsumer;
use platform::consume::EventHandler;
use rstest::rstest;
use uuid::Uuid;
use wire::{
    Amount, CommandBody, Currency, Event, EventId, EventType, OrderEvent, OrderId, OrderStatus,
    PaymentEvent, PaymentStatus,
};

use crate::stage::*;

pub(crate) fn word(
    stage: &Stage,
    order_id: OrderId,
    kind: EventType,
    money_version: u64,
    status: PaymentStatus,
) -> Event {
    let body = PaymentEvent {
        order_id,
        customer_id: customer(1).user_id,
        provider_id: Some(provider(1).user_id),
        movement_id: Uuid::from_u128(1),
        amount: Amount::from_minor(20_000).unwrap(),
        currency: Currency::Cny,
        payment_status: status,
        money_version,
        held: Amount::from_minor(20_000).unwrap(),
        returning: None,
        share: None,
        charged_back: None,
        order_status: None,
        cancel_fee: None,
        case: None,
    };
    Event::new(EventId(stage.clock.new_id()), kind, NOW, "trace", &body).unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_newer_word_about_money_is_shown_told_and_kept(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.decide(provider(1), accept(id)).await;
    let before = stage.store.find_order(id).await.unwrap().unwrap();
    let money = PaymentEventConsumer {
        store: stage.store.clone(),
    };
    let paid = EventType::PaymentCompleted;
    let status = PaymentStatus::Held;
    let held = word(&stage, id, paid, 2, status);
    for _ in 0..2 {
        money.handle(&held).await.unwrap();
    }
    let order = stage.store.find_order(id).await.unwrap().unwrap();
    assert_eq!(
        (order.payment_status, order.version),
        (status, before.version + 1)
    );
    assert_eq!(order.status, OrderStatus::Accepted);
    let line = stage.store.read_timeline(id).await.unwrap().pop().unwrap();
    assert_eq!(
        (line.payment_status, line.version),
        (Some(status), order.version)
    );
    assert_eq!((line.actor, line.from), (customer(1), Some(line.to)));
    let event = stage.events().await.pop().unwrap();
    assert_eq!(event.kind, EventType::OrderStatusChanged);
    let told: OrderEvent = serde_json::from_value(event.body).unwrap();
    assert_eq!(told.order, order);
    assert_eq!(told.money.map(|money| money.money_version), Some(2));

    let events = stage.events().await.len();
    // An older event, a repeated one, ones that move no money, and one of an unknown order.
    let failed = EventType::PaymentFailed;
    let open = PaymentStatus::Unpaid;
    money
        .handle(&word(&stage, id, failed, 1, open))
        .await
        .unwrap();
    money
        .handle(&word(&stage, id, failed, 2, open))
        .await
        .unwrap();
    for moves_nothing in [
        EventType::PaymentInitiated,
        EventType::RefundGranted,
        EventType::RefundRefused,
        EventType::PaymentCaseOpened,
    ] {
        money
            .handle(&word(&stage, id, moves_nothing, 9, open))
            .await
            .unwrap();
    }
    let nobodys = OrderId(Uuid::from_u128(404));
    money
        .handle(&word(&stage, nobodys, paid, 1, status))
        .await
        .unwrap();
    assert_eq!(stage.store.find_order(id).await.unwrap().unwrap(), order);
    assert_eq!(stage.events().await.len(), events);
    assert_eq!(
        stage.count("SELECT MAX(held_minor) FROM orders").await,
        20_000
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn work_starts_once_the_price_is_held(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.decide(provider(1), accept(id)).await;
    let start = CommandBody::StartOrder {
        order_id: id,
        start_code: None,
        photos: Vec::new(),
    };
    let refused = stage.decide(provider(1), start.clone()).await;
    assert_eq!(refused.code, Some(wire::Code::FundsNotHeld));
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
    assert!(stage.decide(provider(1), start).await.has_succeeded());
    // Works in any order status.
    let complete = CommandBody::CompleteOrder {
        order_id: id,
        note: None,
        evidence: None,
    };
    assert!(stage.decide(provider(1), complete).await.has_succeeded());
    let released = word(
        &stage,
        id,
        EventType::PaymentReleased,
        2,
        PaymentStatus::Paid,
    );
    money.handle(&released).await.unwrap();
    let order = stage.store.find_order(id).await.unwrap().unwrap();
    assert_eq!(
        (order.status, order.payment_status),
        (OrderStatus::Completed, PaymentStatus::Paid)
    );
    let line = stage.store.read_timeline(id).await.unwrap().pop().unwrap();
    assert!(line.actor.user_id.0.is_nil());
}

/// A payment event and a command change one row concurrently; neither is lost.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_word_about_money_and_a_command_at_once_both_count(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let ids = futures::future::join_all((0..12).map(|_| stage.pending())).await;
    for id in ids {
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
        let withdraw = CommandBody::WithdrawAcceptance {
            order_id: id,
            reason: None,
        };
        let (told, withdrawn) =
            futures::join!(money.handle(&held), stage.decide(provider(1), withdraw));
        told.unwrap();
        assert!(withdrawn.has_succeeded());
        let order = stage.store.find_order(id).await.unwrap().unwrap();
        let shown = (order.status, order.payment_status, order.version);
        assert_eq!(shown, (OrderStatus::Pending, PaymentStatus::Held, 5));
    }
}
