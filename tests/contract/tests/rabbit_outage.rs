//! The bus during an outage of RabbitMQ.

use std::time::Duration;

use contract::{LIMIT, event, event_of, ids, rabbit_vhost};
use platform::{
    bus::{Bus, QueueSpec},
    outbox::{self, OutboxRelay},
    sql::SqlError,
    transact,
};
use process::{clock::Clock, tasks::Tasks};
use support::{Proxy, Wire, eventually};
use tokio::time::timeout;
use wire::{Event, EventId, EventType, Exchange};

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

/// A bus with a wire to the broker that can be cut.
async fn bus_on_a_wire() -> (Bus, Proxy) {
    let url = rabbit_vhost().await;
    let (user, rest) = url.split_once('@').unwrap();
    let (host, vhost) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(host).await.unwrap();
    let bus = Bus::open(&format!("{user}@{}/{vhost}", proxy.address()))
        .await
        .unwrap();
    (bus, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_fails_while_the_broker_is_away_and_works_again_by_itself() {
    let (bus, proxy) = bus_on_a_wire().await;
    bus.bind_queue(&ORDERS).await.unwrap();
    bus.publish(&event(EventType::OrderCreated)).await.unwrap();
    proxy.set(Wire::Cut);
    let away = timeout(LIMIT, bus.publish(&event(EventType::OrderCreated)))
        .await
        .unwrap();
    assert!(away.is_err());
    assert!(bus.ping().await.is_err());
    proxy.set(Wire::Passes);
    let back = async || bus.publish(&event(EventType::OrderCreated)).await.ok();
    eventually("publishing works again", LIMIT, back).await;
    bus.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_goes_on_by_itself_and_gets_what_it_had_not_settled() {
    let (bus, proxy) = bus_on_a_wire().await;
    bus.bind_queue(&ORDERS).await.unwrap();
    let mut deliveries = bus.subscribe("orders", 1).await.unwrap();
    let first = event(EventType::OrderCreated);
    bus.publish(&first).await.unwrap();
    let held = timeout(LIMIT, deliveries.next()).await.unwrap();
    proxy.set(Wire::Cut);
    let early = timeout(Duration::from_millis(500), deliveries.next()).await;
    assert!(early.is_err());
    let unheard = timeout(LIMIT, held.ack()).await;
    assert!(
        unheard.is_ok(),
        "settling must not wait for a broker that is away"
    );
    proxy.set(Wire::Passes);
    let again = timeout(LIMIT, deliveries.next()).await.unwrap();
    assert_eq!(again.event().id, first.id);
    assert!(again.is_redelivered());
    again.ack().await.unwrap();
    let second = event_of(EventType::OrderCreated, 2);
    let publish = async || bus.publish(&second).await.ok();
    eventually("publishing works again", LIMIT, publish).await;
    let delivery = timeout(LIMIT, deliveries.next()).await.unwrap();
    assert_eq!(delivery.event().id, second.id);
    delivery.ack().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_says_nothing_fails_a_publish_in_time() {
    let (bus, proxy) = bus_on_a_wire().await;
    bus.bind_queue(&ORDERS).await.unwrap();
    bus.publish(&event(EventType::OrderCreated)).await.unwrap();
    proxy.set(Wire::Swallows);
    let silent = timeout(LIMIT, bus.publish(&event(EventType::OrderCreated))).await;
    assert!(silent.expect("an answer in time").is_err());
    proxy.set(Wire::Passes);
    let back = async || bus.publish(&event(EventType::OrderCreated)).await.ok();
    eventually("publishing works again", Duration::from_secs(40), back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_while_the_broker_is_away_leaves_in_order_when_it_is_back() {
    let (bus, proxy) = bus_on_a_wire().await;
    let arm = contract::sqlite().await;
    bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        arm.sql.clone(),
        bus.clone(),
        Clock::system(),
        "test",
    );
    let sent: Vec<Event> = (0..300)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for (number, event) in sent.iter().enumerate() {
        match number {
            100 => proxy.set(Wire::Cut),
            200 => proxy.set(Wire::Passes),
            _ => {}
        }
        let saved: Result<(), SqlError> = transact!(arm.sql, tx => {
            outbox::add(tx, event).await?;
            Ok(())
        });
        saved.unwrap();
    }
    let mut deliveries = bus.subscribe("orders", 50).await.unwrap();
    let mut received: Vec<EventId> = Vec::new();
    while received.len() < sent.len() {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        // A lost confirm makes an event leave twice; an inbox would recognise it.
        if !received.contains(&delivery.event().id) {
            received.push(delivery.event().id);
        }
        delivery.ack().await.unwrap();
    }
    assert_eq!(received, ids(&sent));
    tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn a_bus_opens_without_its_broker_and_says_so_when_asked() {
    let bus = Bus::open("amqp://guest:guest@127.0.0.1:9/%2f")
        .await
        .unwrap();
    assert!(timeout(LIMIT, bus.ping()).await.unwrap().is_err());
    assert!(
        timeout(LIMIT, bus.bind_queue(&ORDERS))
            .await
            .unwrap()
            .is_err()
    );
    assert!(
        timeout(LIMIT, bus.publish(&event(EventType::OrderCreated)))
            .await
            .unwrap()
            .is_err()
    );
}
