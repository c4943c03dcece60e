//! The promises of `Bus`, the same for embedded and RabbitMQ.

mod dead_letters;

use std::time::Duration;

use contract::{
    BusArm, LIMIT, event, event_of, ids, messages_on_rabbit, on_every_bus, rabbit,
    without_rights_to_queues,
};
use platform::bus::{
    Binding, Bus, BusError, DeadLetterBox, Deliveries, Delivery, QueueSpec, dead_letter_queue,
};
use serde_json::json;
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventType, Exchange};

on_every_bus! {
    every_bound_queue_gets_a_copy_and_others_none,
    messages_wait_for_a_consumer_and_come_in_order,
    a_requeued_message_comes_again_marked_and_first,
    what_a_consumer_held_comes_again_when_it_goes,
    an_acknowledged_message_never_comes_again,
    a_consumer_holds_no_more_than_its_prefetch,
    consumers_of_one_queue_share_its_messages,
    a_message_in_hand_does_not_expire,
    binding_again_changes_nothing,
    waiting_counts_what_nobody_holds,
}

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

async fn next(deliveries: &mut Deliveries) -> Delivery {
    timeout(LIMIT, deliveries.next()).await.expect("a message")
}

/// Checks that nothing else is queued: any other delivery would precede the marker event.
async fn assert_only_the_marker_is_left(bus: &Bus, deliveries: &mut Deliveries) {
    let marker = event(EventType::OrderCompleted);
    bus.publish(&marker).await.unwrap();
    let delivery = next(deliveries).await;
    assert_eq!(delivery.event().id, marker.id);
    delivery.ack().await.unwrap();
}

async fn every_bound_queue_gets_a_copy_and_others_none(arm: BusArm) {
    const ACCEPTED: &[Binding] = &[
        (Exchange::Order, "order.accepted"),
        (Exchange::Review, "review.*"),
    ];
    const PAYMENTS: &[Binding] = &[
        (Exchange::Payment, "payment.*"),
        (Exchange::Payment, "refund.#"),
    ];
    for (name, bindings) in [("accepted", ACCEPTED), ("payments", PAYMENTS)] {
        arm.bus
            .bind_queue(&QueueSpec::new(name, bindings))
            .await
            .unwrap();
    }
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let sent = [
        event(EventType::OrderAccepted),
        event(EventType::OrderCreated),
        event(EventType::RefundProcessed),
        event(EventType::ReviewCreated),
    ];
    for event in &sent {
        arm.bus.publish(event).await.unwrap();
    }
    for (queue, expected) in [
        ("orders", vec![0, 1]),
        ("accepted", vec![0, 3]),
        ("payments", vec![2]),
    ] {
        let mut deliveries = arm.bus.subscribe(queue, 10).await.unwrap();
        for index in expected {
            let delivery = next(&mut deliveries).await;
            assert_eq!(*delivery.event(), sent[index], "{queue}");
            assert!(!delivery.is_redelivered());
            delivery.ack().await.unwrap();
        }
        assert_eq!(arm.bus.count_waiting(queue).await.unwrap(), 0, "{queue}");
    }
}

async fn messages_wait_for_a_consumer_and_come_in_order(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let sent: Vec<Event> = (0..2_500)
        .map(|number| event_of(EventType::OrderCreated, number))
        .collect();
    for part in sent.chunks(256) {
        let confirmed = arm.bus.publish_all(part).await;
        assert_eq!(confirmed.count, part.len(), "{:?}", confirmed.error);
    }
    let mut deliveries = arm.bus.subscribe("orders", 100).await.unwrap();
    let mut received = Vec::new();
    for _ in &sent {
        let delivery = next(&mut deliveries).await;
        received.push(delivery.event().clone());
        delivery.ack().await.unwrap();
    }
    assert_eq!(ids(&received), ids(&sent));
}

async fn a_requeued_message_comes_again_marked_and_first(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let mut deliveries = arm.bus.subscribe("orders", 1).await.unwrap();
    let first = event(EventType::OrderCreated);
    let second = event(EventType::OrderApproved);
    arm.bus.publish(&first).await.unwrap();
    arm.bus.publish(&second).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert!(!delivery.is_redelivered());
    delivery.requeue().await.unwrap();
    let again = next(&mut deliveries).await;
    assert_eq!(again.event().id, first.id);
    assert!(again.is_redelivered());
    again.ack().await.unwrap();
    let last = next(&mut deliveries).await;
    assert_eq!(last.event().id, second.id);
    assert!(!last.is_redelivered());
    last.ack().await.unwrap();
}

async fn what_a_consumer_held_comes_again_when_it_goes(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let sent: Vec<Event> = (0..6)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for event in &sent {
        arm.bus.publish(event).await.unwrap();
    }
    let mut first = arm.bus.subscribe("orders", 3).await.unwrap();
    let held = next(&mut first).await;
    let dropped = next(&mut first).await;
    drop(dropped);
    next(&mut first).await.ack().await.unwrap();
    first.close().await;
    drop(held);
    let mut second = arm.bus.subscribe("orders", 10).await.unwrap();
    let mut received = Vec::new();
    for _ in 0..5 {
        let delivery = next(&mut second).await;
        received.push((delivery.event().id, delivery.is_redelivered()));
        delivery.ack().await.unwrap();
    }
    received.sort_unstable_by_key(|(id, _)| *id);
    let again: Vec<_> = received
        .iter()
        .filter(|(_, again)| *again)
        .map(|(id, _)| *id)
        .collect();
    // RabbitMQ may have pushed more than `next` took, but no more than the prefetch.
    assert!(
        again.starts_with(&ids(&sent[..2])) && again.len() <= 3,
        "{received:?}"
    );
    let all: Vec<_> = received.iter().map(|(id, _)| *id).collect();
    assert_eq!(all, [&ids(&sent[..2])[..], &ids(&sent[3..])[..]].concat());
}

async fn an_acknowledged_message_never_comes_again(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    for number in 0..3 {
        arm.bus
            .publish(&event_of(EventType::OrderCreated, number))
            .await
            .unwrap();
        let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.event().body["number"], number);
        assert!(!delivery.is_redelivered());
        delivery.ack().await.unwrap();
        deliveries.close().await;
    }
}

async fn a_consumer_holds_no_more_than_its_prefetch(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    for number in 0..3 {
        arm.bus
            .publish(&event_of(EventType::OrderCreated, number))
            .await
            .unwrap();
    }
    let mut deliveries = arm.bus.subscribe("orders", 2).await.unwrap();
    let one = next(&mut deliveries).await;
    let two = next(&mut deliveries).await;
    let early = timeout(Duration::from_millis(300), deliveries.next()).await;
    assert!(early.is_err(), "a third came while two were in hand");
    one.ack().await.unwrap();
    let three = next(&mut deliveries).await;
    assert_eq!(three.event().body["number"], 2);
    two.ack().await.unwrap();
    three.ack().await.unwrap();
}

async fn consumers_of_one_queue_share_its_messages(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let mut a = arm.bus.subscribe("orders", 1).await.unwrap();
    let mut b = arm.bus.subscribe("orders", 1).await.unwrap();
    let sent: Vec<Event> = (0..20)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    let publishing = async {
        for event in &sent {
            arm.bus.publish(event).await.unwrap();
        }
    };
    let consuming = async {
        let mut received = Vec::new();
        let mut of_b = 0;
        // `a` holds its first message, so everything else goes to `b`.
        let kept = next(&mut a).await;
        received.push(kept.event().id);
        while received.len() < sent.len() {
            let delivery = next(&mut b).await;
            received.push(delivery.event().id);
            of_b += 1;
            delivery.ack().await.unwrap();
        }
        kept.ack().await.unwrap();
        assert_eq!(of_b, 19);
        received
    };
    let ((), mut received) = tokio::join!(publishing, consuming);
    received.sort_unstable();
    assert_eq!(received, ids(&sent));
}

async fn a_message_in_hand_does_not_expire(arm: BusArm) {
    arm.bus
        .bind_queue(&QueueSpec {
            ttl: Duration::from_millis(1_500),
            ..ORDERS
        })
        .await
        .unwrap();
    let mut deliveries = arm.bus.subscribe("orders", 1).await.unwrap();
    let held = event(EventType::OrderCreated);
    let waiting = event(EventType::OrderApproved);
    arm.bus.publish(&held).await.unwrap();
    let delivery = next(&mut deliveries).await;
    arm.bus.publish(&waiting).await.unwrap();
    let mut dead = arm
        .bus
        .subscribe(&dead_letter_queue("orders"), 10)
        .await
        .unwrap();
    let letter = next(&mut dead).await;
    assert_eq!(letter.event().id, waiting.id);
    letter.ack().await.unwrap();
    assert_eq!(delivery.event().id, held.id);
    delivery.ack().await.unwrap();
    let more = timeout(Duration::from_millis(1_500), dead.next()).await;
    assert!(more.is_err(), "the message in hand was put aside as well");
}

async fn binding_again_changes_nothing(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let sent = event(EventType::OrderCreated);
    arm.bus.publish(&sent).await.unwrap();
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.event().id, sent.id);
    delivery.ack().await.unwrap();
    assert_only_the_marker_is_left(&arm.bus, &mut deliveries).await;
}

async fn waiting_counts_what_nobody_holds(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    for number in 0..3 {
        arm.bus
            .publish(&event_of(EventType::OrderCreated, number))
            .await
            .unwrap();
    }
    assert_eq!(arm.bus.count_waiting("orders").await.unwrap(), 3);
    let mut deliveries = arm.bus.subscribe("orders", 1).await.unwrap();
    let held = next(&mut deliveries).await;
    let two = async || (arm.bus.count_waiting("orders").await.unwrap() == 2).then_some(());
    eventually("two wait and one is in hand", LIMIT, two).await;
    held.ack().await.unwrap();
    arm.bus.ping().await.unwrap();
}

/// The hub counts the readers and the dead letters of other parts' queues, without a right to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_to_queues_counts_readers_and_messages_on_rabbitmq() {
    let arm = rabbit().await;
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    arm.bus
        .publish(&event(EventType::OrderCreated))
        .await
        .unwrap();
    let stranger = Bus::open(&without_rights_to_queues(&arm.url).await)
        .await
        .unwrap();
    assert_eq!(stranger.count_waiting("orders").await.unwrap(), 1);
    assert_eq!(stranger.count_readers("orders").await.unwrap(), Some(0));
    let mut deliveries = arm.bus.subscribe("orders", 1).await.unwrap();
    let held = next(&mut deliveries).await;
    assert_eq!(stranger.count_readers("orders").await.unwrap(), Some(1));
    held.ack().await.unwrap();
    drop(deliveries);
    let gone = async || (stranger.count_readers("orders").await.unwrap() == Some(0)).then_some(());
    eventually("the reader is gone", LIMIT, gone).await;
    let unknown = stranger.count_readers("nowhere").await;
    assert!(
        matches!(unknown, Err(BusError::UnknownQueue(_))),
        "{unknown:?}"
    );
}

/// A restarting broker keeps only persistent messages, and its console shows the other properties
/// to people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_on_rabbitmq_is_persistent_and_says_what_it_is() {
    let arm = rabbit().await;
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let published = event(EventType::OrderCreated);
    arm.bus.publish(&published).await.unwrap();
    let replayed = event(EventType::OrderAccepted);
    arm.bus
        .replay_events(&ORDERS, std::slice::from_ref(&replayed))
        .await
        .unwrap();
    let seen = messages_on_rabbit(&arm.url, "orders").await;
    assert_eq!(seen.len(), 2);
    for (message, event) in seen.iter().zip([&published, &replayed]) {
        let properties = &message["properties"];
        assert_eq!(properties["delivery_mode"], 2, "{message}");
        assert_eq!(properties["content_type"], "application/json", "{message}");
        assert_eq!(properties["message_id"], json!(event.id), "{message}");
        assert_eq!(properties["type"], json!(event.kind), "{message}");
        let body: Event = serde_json::from_str(message["payload"].as_str().unwrap()).unwrap();
        assert_eq!(body, *event);
    }
    // The same holds for messages that wait for a person.
    let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
    next(&mut deliveries)
        .await
        .dead_letter("because")
        .await
        .unwrap();
    let unrouted = event(EventType::PaymentFailed);
    arm.bus.publish(&unrouted).await.unwrap();
    for queue in [
        dead_letter_queue("orders"),
        DeadLetterBox::Unrouted(Exchange::Payment).queue_name(),
    ] {
        let waits = async || {
            let seen = messages_on_rabbit(&arm.url, &queue).await;
            Some(seen.first()?["properties"].clone())
        };
        let properties = eventually("a message waits", LIMIT, waits).await;
        assert_eq!(properties["delivery_mode"], 2, "{queue}");
        assert_eq!(properties["content_type"], "application/json", "{queue}");
    }
}

#[tokio::test]
async fn an_address_of_no_known_kind_is_refused() {
    assert!(matches!(
        Bus::open("kafka://host").await,
        Err(BusError::Address)
    ));
    assert!(matches!(
        Bus::open("amqp://host:notaport/vhost").await,
        Err(BusError::Address)
    ));
}
