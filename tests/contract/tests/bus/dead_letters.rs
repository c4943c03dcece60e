//! Messages that nobody takes wait for a person: unrouted, put aside or expired ones.

use std::{collections::BTreeSet, time::Duration};

use contract::{BusArm, LIMIT, event, event_of, on_every_bus};
use platform::bus::{
    DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, QueueSpec, dead_letter_queue,
};
use support::eventually;
use wire::{Event, EventType, Exchange};

use super::{ORDERS, assert_only_the_marker_is_left, next};

on_every_bus! {
    an_event_no_queue_is_bound_for_waits_for_a_person_and_holds_up_nothing,
    letters_are_shown_redriven_and_dropped,
    an_expired_letter_says_so,
    a_message_put_aside_waits_among_the_dead_letters,
    a_message_that_waited_too_long_moves_to_the_dead_letters,
}

async fn an_event_no_queue_is_bound_for_waits_for_a_person_and_holds_up_nothing(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let run = [
        event(EventType::OrderCreated),
        event(EventType::PaymentFailed),
        event(EventType::OrderAccepted),
    ];
    let confirmed = arm.bus.publish_all(&run).await;
    assert_eq!(
        (
            confirmed.count,
            confirmed.error.map(|error| error.to_string())
        ),
        (3, None)
    );
    let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
    for expected in [&run[0], &run[2]] {
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.event(), expected);
        delivery.ack().await.unwrap();
    }
    let unrouted = DeadLetterBox::Unrouted(Exchange::Payment);
    let one = async || {
        let letters = arm.bus.read_dead_letters(&unrouted, 10).await.unwrap();
        (letters.first()?.event.as_ref() == Some(&run[1])).then_some(letters.len())
    };
    assert_eq!(eventually("the unrouted event waits", LIMIT, one).await, 1);
    let waits =
        async || (arm.bus.count_waiting(&unrouted.queue_name()).await.unwrap() == 1).then_some(());
    eventually("it counts again after it was looked at", LIMIT, waits).await;
    // A redriven event is published again: without a queue it comes back, and with one it arrives.
    let redrive = async || {
        arm.bus
            .settle_letters(
                &unrouted,
                &DeadLetterSelection::All,
                DeadLetterAction::Redrive,
            )
            .await
            .unwrap()
    };
    assert_eq!(redrive().await, 1);
    eventually("it waits again", LIMIT, waits).await;
    const PAYMENTS: QueueSpec = QueueSpec::new("payments", &[(Exchange::Payment, "payment.*")]);
    arm.bus.bind_queue(&PAYMENTS).await.unwrap();
    assert_eq!(redrive().await, 1);
    let mut late = arm.bus.subscribe("payments", 10).await.unwrap();
    let delivery = next(&mut late).await;
    assert_eq!(*delivery.event(), run[1]);
    delivery.ack().await.unwrap();
    assert_eq!(arm.bus.read_dead_letters(&unrouted, 10).await.unwrap(), []);
}

async fn letters_are_shown_redriven_and_dropped(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    const COPIES: QueueSpec = QueueSpec::new("copies", &[(Exchange::Order, "order.*")]);
    arm.bus.bind_queue(&COPIES).await.unwrap();
    let sent: Vec<Event> = (0..4)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    assert_eq!(arm.bus.publish_all(&sent).await.count, 4);
    let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
    for number in 0..4 {
        let reason = format!("because of {number} 北");
        next(&mut deliveries)
            .await
            .dead_letter(&reason)
            .await
            .unwrap();
    }
    let of = DeadLetterBox::Dead("orders".to_owned());
    let shown = async || {
        let letters = arm.bus.read_dead_letters(&of, 10).await.unwrap();
        let row = |letter: DeadLetter| {
            assert!(letter.at.is_some(), "{letter:?}");
            (letter.event.unwrap().id, letter.reason)
        };
        // RabbitMQ returns inspected letters in a different order.
        letters.into_iter().map(row).collect::<BTreeSet<_>>()
    };
    let all = [0, 1, 2, 3].map(|n| (sent[n].id, format!("because of {n} 北")));
    assert_eq!(shown().await, all.clone().into());
    assert_eq!(shown().await, all.clone().into(), "a look changes nothing");
    assert_eq!(arm.bus.read_dead_letters(&of, 2).await.unwrap().len(), 2);
    let only = |index: usize| DeadLetterSelection::Events([sent[index].id].into());
    let settle = async |choice: &DeadLetterSelection, act| {
        arm.bus.settle_letters(&of, choice, act).await.unwrap()
    };
    assert_eq!(settle(&only(1), DeadLetterAction::Drop).await, 1);
    assert_eq!(
        settle(&only(1), DeadLetterAction::Redrive).await,
        0,
        "it is gone"
    );
    assert_eq!(settle(&only(2), DeadLetterAction::Redrive).await, 1);
    let again = next(&mut deliveries).await;
    assert_eq!(*again.event(), sent[2]);
    again.ack().await.unwrap();
    assert_eq!(shown().await, [all[0].clone(), all[3].clone()].into());
    assert_eq!(
        settle(&DeadLetterSelection::All, DeadLetterAction::Redrive).await,
        2
    );
    let mut back = BTreeSet::new();
    for _ in 0..2 {
        let again = next(&mut deliveries).await;
        back.insert(again.event().id);
        again.ack().await.unwrap();
    }
    assert_eq!(back, [sent[0].id, sent[3].id].into());
    assert_eq!(shown().await, BTreeSet::new());
    // Redriven to that queue alone.
    assert_eq!(arm.bus.count_waiting("copies").await.unwrap(), 4);
}

async fn an_expired_letter_says_so(arm: BusArm) {
    arm.bus
        .bind_queue(&QueueSpec {
            ttl: Duration::from_millis(200),
            ..ORDERS
        })
        .await
        .unwrap();
    // The embedded bus checks for expired messages only while a consumer takes from a queue.
    const OTHERS: QueueSpec = QueueSpec::new("others", &[(Exchange::Review, "review.*")]);
    arm.bus.bind_queue(&OTHERS).await.unwrap();
    let mut others = arm.bus.subscribe("others", 1).await.unwrap();
    let sent = event(EventType::OrderCreated);
    arm.bus.publish(&sent).await.unwrap();
    let of = DeadLetterBox::Dead("orders".to_owned());
    let expired = async || arm.bus.read_dead_letters(&of, 10).await.unwrap().pop();
    let letter = tokio::select! {
        letter = eventually("the message has expired", LIMIT, expired) => letter,
        _ = others.next() => panic!("nothing is sent there"),
    };
    assert_eq!(
        (letter.event, letter.reason.as_str()),
        (Some(sent), "expired")
    );
}

async fn a_message_put_aside_waits_among_the_dead_letters(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let mut deliveries = arm.bus.subscribe("orders", 10).await.unwrap();
    let sent = event(EventType::OrderCreated);
    arm.bus.publish(&sent).await.unwrap();
    next(&mut deliveries)
        .await
        .dead_letter("why")
        .await
        .unwrap();
    let mut dead = arm
        .bus
        .subscribe(&dead_letter_queue("orders"), 10)
        .await
        .unwrap();
    let letter = next(&mut dead).await;
    assert_eq!(*letter.event(), sent);
    letter.ack().await.unwrap();
    assert_only_the_marker_is_left(&arm.bus, &mut deliveries).await;
}

async fn a_message_that_waited_too_long_moves_to_the_dead_letters(arm: BusArm) {
    arm.bus
        .bind_queue(&QueueSpec {
            ttl: Duration::from_millis(200),
            ..ORDERS
        })
        .await
        .unwrap();
    let sent = event(EventType::OrderCreated);
    arm.bus.publish(&sent).await.unwrap();
    let mut dead = arm
        .bus
        .subscribe(&dead_letter_queue("orders"), 10)
        .await
        .unwrap();
    let letter = next(&mut dead).await;
    assert_eq!(letter.event().id, sent.id);
    letter.ack().await.unwrap();
    let empty = async || (arm.bus.count_waiting("orders").await.unwrap() == 0).then_some(());
    eventually("the expired message has left its queue", LIMIT, empty).await;
}
