//! The path of an event from a transaction to a queue: outbox, relay, bus, and the consumer's
//! inbox.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use contract::{BusArm, LIMIT, SqlArm, event_of, ids};
use platform::{
    Database,
    bus::{DeadLetterBox, Deliveries, QueueSpec},
    inbox,
    outbox::{self, OutboxRelay},
    sql::{Sql, SqlError},
    transact, vals,
};
use process::{clock::Clock, tasks::Tasks};
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventType, Exchange, OrderId, UnixMillis, UserId};

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

/// The tested pairs: everything embedded, and everything on servers.
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
    an_event_that_no_queue_wants_holds_up_nothing,
    a_queue_added_later_gets_the_events_of_thirty_days,
    one_of_two_relays_publishes_and_the_other_takes_over,
    a_commit_wakes_the_relay,
    the_events_of_an_order_are_found_before_and_after_they_are_sent,
    an_inbox_knows_an_event_once_and_forgets_it_with_an_undone_change,
}

async fn save(sql: &Sql, event: &Event) -> Result<(), SqlError> {
    transact!(sql, tx => {
        outbox::add(tx, event).await?;
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
    sql.fetch_optional::<i64>(count, vals![])
        .await
        .unwrap()
        .unwrap()
}

async fn committed_events_leave_in_order_and_others_never(sql: SqlArm, bus: BusArm) {
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        sql.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let sent: Vec<Event> = (0..600)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for (number, event) in sent.iter().enumerate() {
        save(&sql.sql, event).await.unwrap();
        if number % 7 == 0 {
            let undone: Result<(), anyhow::Error> = transact!(sql.sql, tx => {
                outbox::add(tx, &event_of(EventType::OrderCancelled, number)).await?;
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
    // Each event left only once: the next delivery is the next written event.
    let next = event_of(EventType::OrderCompleted, 0);
    save(&sql.sql, &next).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [next.id]);
    tasks.shutdown(LIMIT).await;
}

async fn the_events_of_an_order_are_found_before_and_after_they_are_sent(sql: SqlArm, bus: BusArm) {
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let clock = Clock::system();
    let [order, other] = [clock.new_id(), clock.new_id()].map(OrderId);
    let whole = |id: OrderId| serde_json::json!({"order": {"id": id, "version": 3}});
    let sent: Vec<Event> = [
        whole(order),
        whole(other),
        serde_json::json!({"order_id": order}),
        serde_json::json!({"user_id": order}),
    ]
    .into_iter()
    .map(|body| Event {
        body,
        ..event_of(EventType::OrderAccepted, 0)
    })
    .collect();
    for event in &sent {
        save(&sql.sql, event).await.unwrap();
    }
    let database = Database::from(&sql.sql);
    let found = async |limit| {
        let found = outbox::find_order_events(&database, order, limit).await;
        found.unwrap()
    };
    let waiting = found(10).await;
    let newest_first: Vec<&Event> = waiting.iter().map(|one| &one.event).collect();
    assert_eq!(newest_first, [&sent[2], &sent[0]]);
    assert!(waiting.iter().all(|one| one.sent_at.is_none()));
    assert_eq!(found(1).await[0].event, sent[2], "the newest ones");

    let tasks = Tasks::new();
    let (bus, relayed) = (bus.bus.clone(), sql.sql.clone());
    OutboxRelay::start(&tasks, relayed, bus, clock, "test");
    eventually("the bus has them", LIMIT, async || {
        let found = found(10).await;
        let is_sent = found.iter().all(|one| one.sent_at >= Some(one.made_at));
        (found.len() == 2 && is_sent).then_some(())
    })
    .await;
    tasks.shutdown(LIMIT).await;
}

async fn an_event_that_no_queue_wants_holds_up_nothing(sql: SqlArm, bus: BusArm) {
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        sql.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let sent = [EventType::ReviewCreated, EventType::OrderCreated].map(|kind| event_of(kind, 0));
    for event in &sent {
        save(&sql.sql, event).await.unwrap();
    }
    let mut deliveries = bus.bus.subscribe("orders", 50).await.unwrap();
    assert_eq!(receive(&mut deliveries, 1).await, sent[1..]);
    let all = async || (unsent(&sql.sql).await == 0).then_some(());
    eventually("both have left", LIMIT, all).await;
    let unrouted = DeadLetterBox::Unrouted(Exchange::Review);
    let letter = async || {
        bus.bus
            .read_dead_letters(&unrouted, 2)
            .await
            .unwrap()
            .pop()?
            .event
    };
    assert_eq!(
        eventually("it waits for a person", LIMIT, letter).await,
        sent[0]
    );
    tasks.shutdown(LIMIT).await;
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// More than a batch, on each of 31 days, partly unwanted by the queue that is added later.
fn events_of_31_days(now: UnixMillis) -> Vec<Event> {
    let mut sent = Vec::new();
    for number in 0..1_240 {
        let wanted = number % 5 != 0;
        let kind = if wanted {
            EventType::OrderCreated
        } else {
            EventType::OrderCancelled
        };
        let mut event = event_of(kind, number);
        let days = 31 - i64::try_from(number / 40).unwrap();
        event.at = now.plus_ms(1_000 - days * DAY_MS);
        sent.push(event);
    }
    sent
}

async fn a_queue_added_later_gets_the_events_of_thirty_days(sql: SqlArm, bus: BusArm) {
    const LATE: QueueSpec = QueueSpec::new(
        "late",
        &[
            (Exchange::Order, "order.created"),
            (Exchange::User, "profile.*"),
        ],
    );
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        sql.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let now = Clock::system().now();
    let sent = events_of_31_days(now);
    for part in sent.chunks(100) {
        let saved: Result<(), SqlError> = transact!(sql.sql, tx => {
            outbox::add_all(tx, part).await?;
            Ok(())
        });
        saved.unwrap();
    }
    let all = async || (unsent(&sql.sql).await == 0).then_some(());
    eventually("all have left", LIMIT, all).await;
    bus.bus.bind_queue(&LATE).await.unwrap();
    let id = Clock::system().new_id();
    let by = UserId(Clock::system().new_id());
    let since = now.plus_ms(-30 * DAY_MS);
    let database = Database::from(&sql.sql);
    assert_eq!(
        outbox::request_replay(&database, "late", since, (id, by, now))
            .await
            .unwrap(),
        Some(id)
    );
    // Events published meanwhile arrive once, through the exchange.
    let live = event_of(EventType::OrderCreated, 9_999);
    save(&sql.sql, &live).await.unwrap();
    eventually("it has left, too", LIMIT, all).await;
    let named = |name: &str| (name == "late").then_some(LATE);
    let mut turns = 0;
    while outbox::send_replay_batch(&database, &bus.bus, named, now)
        .await
        .unwrap()
    {
        turns += 1;
        assert!(turns < 10);
    }
    assert!(turns >= 3, "it goes by batches");
    let wanted: Vec<Event> = sent
        .into_iter()
        .filter(|e| e.at >= since && e.kind == EventType::OrderCreated)
        .collect();
    assert_eq!(wanted.len(), 30 * 32);
    let mut deliveries = bus.bus.subscribe("late", 100).await.unwrap();
    let received = receive(&mut deliveries, wanted.len() + 1).await;
    let (first, replayed) = received.split_first().unwrap();
    assert_eq!(first, &live);
    assert_eq!(replayed, wanted);
    assert_eq!(bus.bus.count_waiting("late").await.unwrap(), 0);
    let told = outbox::list_replays(&database, 5).await.unwrap();
    assert_eq!(
        told.iter()
            .map(|one| (one.sent, one.done_at))
            .collect::<Vec<_>>(),
        [(960, Some(now))]
    );
    tasks.shutdown(LIMIT).await;
}

async fn one_of_two_relays_publishes_and_the_other_takes_over(sql: SqlArm, bus: BusArm) {
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let replica = Sql::open(&sql.url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    let first = Tasks::new();
    let second = Tasks::new();
    OutboxRelay::start(
        &first,
        sql.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    OutboxRelay::start(&second, replica, bus.bus.clone(), Clock::system(), "test");
    let sent: Vec<Event> = (0..100)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for event in &sent {
        save(&sql.sql, event).await.unwrap();
    }
    let mut deliveries = bus.bus.subscribe("orders", 50).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 100).await), ids(&sent));
    // A stopping relay releases its lease.
    first.shutdown(LIMIT).await;
    let late = event_of(EventType::OrderCreated, 100);
    save(&sql.sql, &late).await.unwrap();
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [late.id]);
    second.shutdown(LIMIT).await;
}

async fn a_commit_wakes_the_relay(sql: SqlArm, bus: BusArm) {
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        sql.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let clock = Clock::system();
    let mut deliveries = bus.bus.subscribe("orders", 1).await.unwrap();
    let started = clock.elapsed();
    for number in 0..20 {
        save(&sql.sql, &event_of(EventType::OrderCreated, number))
            .await
            .unwrap();
        timeout(LIMIT, deliveries.next())
            .await
            .unwrap()
            .ack()
            .await
            .unwrap();
    }
    // The tick alone would take ten seconds.
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
            let first = inbox::first_time(tx, consumer, event.id, UnixMillis(1)).await?;
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
