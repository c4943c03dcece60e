//! Review events: only they make an order reviewed, once, and only a completed one.

use order::events::{PaymentEventConsumer, ReviewEventConsumer};
use platform::consume::EventHandler;
use rstest::rstest;
use uuid::Uuid;
use wire::{
    Action, CommandBody, CommandId, Event, EventId, EventType, Order, OrderEvent, OrderStatus,
    PaymentStatus, ReviewEvent, ReviewId, Source,
};

use super::money;
use crate::stage::*;

pub(super) fn word(stage: &Stage, order: &Order) -> Event {
    let body = ReviewEvent {
        review_id: ReviewId(Uuid::from_u128(1)),
        version: 1,
        order_id: order.id,
        order_code: order.code.clone(),
        title: order.title.clone(),
        customer_id: order.customer_id,
        provider_id: provider(1).user_id,
        rating: 5,
        command_id: CommandId(Uuid::from_u128(77)),
        source: Source::Edge(wire::EdgeId::new("north-1").unwrap()),
        reason: None,
    };
    Event::new(
        EventId(stage.clock.new_id()),
        EventType::ReviewCreated,
        NOW,
        "trace",
        &body,
    )
    .unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_review_makes_a_completed_order_reviewed_once(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    let reviews = ReviewEventConsumer {
        store: stage.store.clone(),
    };
    let order = async || stage.store.find_order(id).await.unwrap().unwrap();
    stage.decide(provider(1), accept(id)).await;
    let early = order().await;
    reviews.handle(&word(&stage, &early)).await.unwrap();
    assert_eq!(
        order().await,
        early,
        "work that is not complete is not reviewed"
    );

    let paid = money::word(
        &stage,
        id,
        EventType::PaymentCompleted,
        2,
        PaymentStatus::Held,
    );
    PaymentEventConsumer {
        store: stage.store.clone(),
    }
    .handle(&paid)
    .await
    .unwrap();
    stage
        .decide(
            provider(1),
            CommandBody::StartOrder {
                order_id: id,
                start_code: None,
                photos: Vec::new(),
            },
        )
        .await;
    stage
        .decide(
            provider(1),
            CommandBody::CompleteOrder {
                order_id: id,
                note: None,
                evidence: None,
            },
        )
        .await;
    let before = order().await;
    let word = word(&stage, &before);
    for _ in 0..2 {
        reviews.handle(&word).await.unwrap();
    }
    let after = order().await;
    assert_eq!(
        (after.status, after.version),
        (OrderStatus::Reviewed, before.version + 1)
    );
    let line = stage.store.read_timeline(id).await.unwrap().pop().unwrap();
    assert_eq!(
        (line.action, line.actor),
        (Some(Action::Review), customer(1))
    );
    assert_eq!(
        (line.from, line.to),
        (Some(OrderStatus::Completed), OrderStatus::Reviewed)
    );
    assert_eq!(
        line.edge.map(|edge| edge.to_string()).as_deref(),
        Some("north-1")
    );
    let event = stage.events().await.pop().unwrap();
    let told: OrderEvent = serde_json::from_value(event.body).unwrap();
    assert_eq!(
        (event.kind, told.order),
        (EventType::OrderStatusChanged, after)
    );
}
