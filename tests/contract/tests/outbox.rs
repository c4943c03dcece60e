//! How an event gets from a transaction to a queue: outbox, relay, bus, and the inbox at the other end.

#![allow(clippy::unwrap_used)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use contract::{BusArm, LIMIT, SqlArm, event_of, ids};
use platform::{
    bus::{Deliveries, QueueSpec},
    inbox,
    outbox::{self, Relay},
    sql::{Sql, SqlError},
    transact, vals,
};
use process::{clock::Clock, tasks::Tasks};
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventType, Exchange, UnixMillis};

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

/// The pairs that are run: everything embedded, and everything on servers.
macro_rules! on_both {
    ($($body:ident),+ $(,)?) => {
        mod embedded { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() {
                super::$body(contract::sqlite().await, contract::embedded().await).await;
            }
        )+ }
        mod servers { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() {
                super::$body(contract::mariadb().await, contract::rabbit().await).await;
            }
        )+ }
    };
}

on_both! {
    committed_events_leave_in_order_and_others_never,
    an_event_waits_for_its_queue_and_holds_those_behind_it,
    one_of_two_relays_publishes_and_the_other_takes_over,
    a_commit_wakes_the_relay,
    an_inbox_knows_an_event_once_and_forgets_it_with_an_undone_change,
}

async fn save(sql: &Sql, event: &Event) -> Result<(), SqlError> {
    transact!(sql, tx => {
        outbox::store::add(tx, event).await?;
        Ok(())
    })
}

async fn receive(deliveries: &mut Deliveries, count: usize) -> Vec<Event> {
    let mut received = Vec::new();
    while received.len() < count {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        received.push(delivery.event().clone());
        delivery.ack().await.unwrap();
    }
    received
}

async fn unsent(sql: &Sql) -> i64 {
    let count = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
    sql.one::<i64>(count, vals![]).await.unwrap().unwrap()
}

async fn committed_events_leave_in_order_and_others_never(sql: SqlArm, bus: BusArm) {
    bus.bus.bind(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    Relay::start(&tasks, sql.sql.clone(), bus.bus.clone(), Clock::system(), "test");
    let sent: Vec<Event> = (0..600).map(|n| event_of(EventType::OrderCreated, n)).collect();
    for (number, event) in sent.iter().enumerate() {
        save(&sql.sql, event).await.unwrap();
        if number % 7 == 0 {
            let undone: Result<(), anyhow::Error> = transact!(sql.sql, tx => {
                outbox::store::add(tx, &event_of(EventType::OrderCancelled, number)).await?;
                anyhow::bail!("undone")
            });
            assert!(undone.is_err());
        }
    }
    let mut deliveries = bus.bus.subscribe("orders", 50).await.unwrap();
    let received = receive(&mut deliveries, sent.len()).await;
    assert_eq!(ids(&received), ids(&sent));
    assert_eq!(received, sent);
    let marked = async || (unsent(&sql.sql).await == 0).then_some(());
    eventually("every row is marked", LIMIT, marked).await;
    // Nothing left twice: the next to come is the next to be written.
    let next = event_of(EventType::OrderCompleted, 0);
    save(&sql.sql, &next).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [next.id]);
    tasks.shutdown(LIMIT).await;
}

async fn an_event_waits_for_its_queue_and_holds_those_behind_it(sql: SqlArm, bus: BusArm) {
    let tasks = Tasks::new();
    Relay::start(&tasks, sql.sql.clone(), bus.bus.clone(), Clock::system(), "test");
    let sent: Vec<Event> = (0..3).map(|n| event_of(EventType::OrderCreated, n)).collect();
    for event in &sent {
        save(&sql.sql, event).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(unsent(&sql.sql).await, 3);
    bus.bus.bind(&ORDERS).await.unwrap();
    let mut deliveries = bus.bus.subscribe("orders", 50).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 3).await), ids(&sent));
    tasks.shutdown(LIMIT).await;
}

async fn one_of_two_relays_publishes_and_the_other_takes_over(sql: SqlArm, bus: BusArm) {
    bus.bus.bind(&ORDERS).await.unwrap();
    let replica = Sql::open(&sql.url).await.unwrap().sealed_by(&testing::data_keys());
    let (first, second) = (Tasks::new(), Tasks::new());
    Relay::start(&first, sql.sql.clone(), bus.bus.clone(), Clock::system(), "test");
    Relay::start(&second, replica, bus.bus.clone(), Clock::system(), "test");
    let sent: Vec<Event> = (0..100).map(|n| event_of(EventType::OrderCreated, n)).collect();
    for event in &sent {
        save(&sql.sql, event).await.unwrap();
    }
    let mut deliveries = bus.bus.subscribe("orders", 50).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 100).await), ids(&sent));
    // A relay lets its lease go when it stops.
    first.shutdown(LIMIT).await;
    let late = event_of(EventType::OrderCreated, 100);
    save(&sql.sql, &late).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [late.id]);
    second.shutdown(LIMIT).await;
}

async fn a_commit_wakes_the_relay(sql: SqlArm, bus: BusArm) {
    bus.bus.bind(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    Relay::start(&tasks, sql.sql.clone(), bus.bus.clone(), Clock::system(), "test");
    let clock = Clock::system();
    let mut deliveries = bus.bus.subscribe("orders", 1).await.unwrap();
    let started = clock.elapsed();
    for number in 0..20 {
        save(&sql.sql, &event_of(EventType::OrderCreated, number)).await.unwrap();
        timeout(LIMIT, deliveries.next()).await.unwrap().ack().await.unwrap();
    }
    // By the tick alone it would be ten seconds.
    assert!(clock.elapsed() - started < Duration::from_secs(5));
    tasks.shutdown(LIMIT).await;
}

async fn an_inbox_knows_an_event_once_and_forgets_it_with_an_undone_change(
    sql: SqlArm,
    _bus: BusArm,
) {
    let event = event_of(EventType::OrderCreated, 1);
    let runs = AtomicUsize::new(0);
    let take = async |consumer: &'static str, fail: bool| -> Result<bool, anyhow::Error> {
        transact!(sql.sql, tx => {
            runs.fetch_add(1, Ordering::Relaxed);
            let first = inbox::store::first_time(tx, consumer, event.id, UnixMillis(1)).await?;
            anyhow::ensure!(!fail, "undone");
            Ok(first)
        })
    };
    assert!(take("inbox", true).await.is_err());
    assert!(take("inbox", false).await.unwrap());
    assert!(!take("inbox", false).await.unwrap());
    assert!(take("another", false).await.unwrap());
    assert_eq!(runs.into_inner(), 4);
}
