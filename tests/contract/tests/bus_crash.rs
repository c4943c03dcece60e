//! Messages confirmed by the embedded bus survive `kill -9`.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use contract::LIMIT;
use platform::bus::{Bus, QueueSpec};
use tempfile::TempDir;
use tokio::{sync::Mutex, time::timeout};
use wire::{EventId, Exchange};

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);
const CONFIRMED_PER_ROUND: usize = 3_000;
/// Runs one test at a time: until it executes, a starting process holds a copy of every open file,
/// including the lock of another test's bus.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Publishes in another process until it has confirmed enough, kills it, and returns the confirmed
/// ids.
fn publish_and_kill(url: &str, defect: Option<&str>) -> Vec<EventId> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_publish_until_killed"));
    command.arg(url).stdout(Stdio::piped());
    if let Some(defect) = defect {
        command.env("HOLDFAST_DEFECT", defect);
    }
    let mut publisher = command.spawn().unwrap();
    let mut lines = BufReader::new(publisher.stdout.take().unwrap()).lines();
    let mut confirmed: Vec<EventId> = Vec::new();
    while confirmed.len() < CONFIRMED_PER_ROUND {
        confirmed.push(lines.next().unwrap().unwrap().parse().unwrap());
    }
    publisher.kill().unwrap();
    publisher.wait().unwrap();
    // Lines printed before the kill also count.
    confirmed.extend(
        lines
            .map_while(Result::ok)
            .filter_map(|line| line.parse::<EventId>().ok()),
    );
    confirmed
}

async fn drain(bus: &Bus) -> Vec<(EventId, bool)> {
    let waiting = bus.count_waiting("orders").await.unwrap();
    let mut deliveries = bus.subscribe("orders", 100).await.unwrap();
    let mut received = Vec::new();
    for _ in 0..waiting {
        let delivery = timeout(LIMIT, deliveries.next()).await.unwrap();
        received.push((delivery.event().id, delivery.is_redelivered()));
        delivery.ack().await.unwrap();
    }
    deliveries.close().await;
    received
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_confirmed_is_lost_by_a_kill() {
    let _alone = ALONE.lock().await;
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    let bus = Bus::open(&url).await.unwrap();
    bus.bind_queue(&ORDERS).await.unwrap();
    bus.close().await;
    for _ in 0..3 {
        let confirmed = publish_and_kill(&url, None);
        let bus = Bus::open(&url).await.unwrap();
        let received = drain(&bus).await;
        let ids: BTreeSet<EventId> = received.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), received.len(), "nothing was published twice");
        let lost = confirmed.iter().filter(|id| !ids.contains(id)).count();
        assert_eq!(lost, 0, "of {} confirmed", confirmed.len());
        // Messages in the file when it is opened may have been delivered before.
        assert!(received.iter().all(|(_, redelivered)| *redelivered));
        bus.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_test_would_see_a_bus_that_confirms_too_early() {
    let _alone = ALONE.lock().await;
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    let bus = Bus::open(&url).await.unwrap();
    bus.bind_queue(&ORDERS).await.unwrap();
    bus.close().await;
    let confirmed = publish_and_kill(&url, Some("bus_confirms_before_write"));
    let bus = Bus::open(&url).await.unwrap();
    let received = drain(&bus).await;
    assert!(received.len() < confirmed.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_settled_before_a_clean_stop_does_not_come_again() {
    let _alone = ALONE.lock().await;
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    let bus = Bus::open(&url).await.unwrap();
    bus.bind_queue(&ORDERS).await.unwrap();
    let sent: Vec<_> = (0..10)
        .map(|n| contract::event_of(wire::EventType::OrderCreated, n))
        .collect();
    assert_eq!(bus.publish_all(&sent).await.count, 10);
    let mut deliveries = bus.subscribe("orders", 5).await.unwrap();
    for _ in 0..3 {
        timeout(LIMIT, deliveries.next())
            .await
            .unwrap()
            .ack()
            .await
            .unwrap();
    }
    let _held = timeout(LIMIT, deliveries.next()).await.unwrap();
    bus.close().await;
    let bus = Bus::open(&url).await.unwrap();
    let received: Vec<EventId> = drain(&bus).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(received, contract::ids(&sent[3..]));
}

#[tokio::test]
async fn one_file_has_one_process() {
    let _alone = ALONE.lock().await;
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    let _bus = Bus::open(&url).await.unwrap();
    assert!(Bus::open(&url).await.is_err());
}
