//! Kills MongoDB repeatedly between document writes and the publishing of their events: no
//! confirmed write is lost, and none counts twice.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use platform::{
    bus::{Bus, QueueSpec},
    documents::{
        Collection, CollectionSchema, DocumentBody, Documents, DocumentsError, Field, Filter,
        Update,
    },
    outbox::OutboxRelay,
};
use process::{clock::Clock, tasks::Tasks};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stack::{Layout, Ports, Server, Servers, Stores, servers::ServerData, supervisor_for};
use support::{eventually, is_deep_run};
use tokio::task::JoinSet;
use uuid::Uuid;
use wire::{Event, EventId, EventType, Exchange};

const REVIEWS: QueueSpec = QueueSpec::new("reviews", &[(Exchange::Review, "review.*")]);
const WRITERS: u128 = 4;
const COUNTER: Uuid = Uuid::from_u128(99);
const WRITES_PER_ROUND: usize = 60;

fn kills() -> usize {
    if is_deep_run() { 5 } else { 2 }
}

const LIMIT: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

const COUNT: Field<i64> = Field::new("count");

/// Each event adds one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tally {
    count: i64,
}

impl DocumentBody for Tally {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[COUNT.path()],
        indexes: &[],
    };
}

struct Scene {
    servers: Servers,
    documents: Documents,
    tallies: Collection<Tally>,
    bus: Bus,
    /// The events of confirmed writes.
    written: Arc<Mutex<Vec<EventId>>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_counts_twice_when_mongodb_is_killed() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let supervisor = supervisor_for(&layout).unwrap();
    let folder = layout.servers_folder();
    let logs = layout.logs_folder();
    let mut ports = Ports::default();
    let kept = ServerData::ThrownAway;
    let servers = Servers::start(&supervisor, &folder, &logs, kept, &mut ports)
        .await
        .unwrap();
    let scene = Scene::set(servers).await;
    let consumers = Tasks::new();
    let received = scene.consume(&consumers).await;

    let relay = scene.relay();
    let mut writers = JoinSet::new();
    let is_over = Arc::new(AtomicBool::new(false));
    for writer in 0..WRITERS {
        writers.spawn(scene.write_until(writer, is_over.clone()));
    }
    for round in 1..=kills() {
        scene.until_written(round * WRITES_PER_ROUND).await;
        scene.kill().await;
    }
    is_over.store(true, Ordering::Relaxed);
    writers.join_all().await;

    // Then once at exactly this point: the documents are written, and no relay is running to
    // publish. A document has room for a bounded number of unpublished events.
    scene.everything_received(&received).await;
    relay.shutdown(STOPPED_WITHIN).await;
    let before = received.lock().unwrap().len();
    let confirmed = scene.written.lock().unwrap().len();
    for writer in (0..WRITERS).cycle().take(WRITES_PER_ROUND) {
        scene.write(writer).await.expect("MongoDB is there");
    }
    scene.kill().await;
    assert_eq!(
        scene.written.lock().unwrap().len(),
        confirmed + WRITES_PER_ROUND
    );
    let relay = scene.relay();
    eventually(
        "what was written before the kill is published after it",
        LIMIT,
        async || (received.lock().unwrap().len() >= before + WRITES_PER_ROUND).then_some(()),
    )
    .await;

    scene.everything_counts_once(&received).await;
    relay.shutdown(STOPPED_WITHIN).await;
    consumers.shutdown(STOPPED_WITHIN).await;
    supervisor.stop(STOPPED_WITHIN).await.unwrap();
}

impl Scene {
    async fn set(servers: Servers) -> Self {
        let url = format!("{}/tallies", servers.addresses.mongodb);
        let documents = Documents::open(&url)
            .await
            .unwrap()
            .sealed_by(&testing::data_keys());
        let tallies = Collection::new(&documents, "tallies");
        documents.migrate().await.unwrap();
        tallies.migrate().await.unwrap();
        for id in (0..WRITERS).map(Uuid::from_u128).chain([COUNTER]) {
            assert!(tallies.insert(id, &Tally { count: 0 }, &[]).await.unwrap());
        }
        let bus = format!("{}/%2f", servers.addresses.rabbitmq);
        let bus = Bus::open(&bus).await.unwrap();
        bus.bind_queue(&REVIEWS).await.unwrap();
        Self {
            servers,
            documents,
            tallies,
            bus,
            written: Arc::default(),
        }
    }

    fn relay(&self) -> Tasks {
        let tasks = Tasks::new();
        OutboxRelay::start(
            &tasks,
            &self.documents,
            self.bus.clone(),
            Clock::system(),
            "test",
        );
        tasks
    }

    async fn kill(&self) {
        let mut mongod = self.servers.child(Server::MongoDb).clone();
        mongod.kill9().await.unwrap();
        mongod.start().await.unwrap();
        self.servers.ready(Server::MongoDb).await.unwrap();
    }

    async fn until_written(&self, count: usize) {
        eventually("writes go on", LIMIT, async || {
            (self.written.lock().unwrap().len() >= count).then_some(())
        })
        .await;
    }

    async fn write(&self, writer: u128) -> Result<(), DocumentsError> {
        write(&self.tallies, writer, &self.written).await
    }

    fn write_until(
        &self,
        writer: u128,
        is_over: Arc<AtomicBool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tallies = self.tallies.clone();
        let written = self.written.clone();
        async move {
            while !is_over.load(Ordering::Relaxed) {
                // A failed write has an unknown result, so it is not retried.
                if write(&tallies, writer, &written).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Counts each event once, however often it is delivered, and only then acknowledges it.
    async fn consume(&self, tasks: &Tasks) -> Arc<Mutex<BTreeSet<EventId>>> {
        let received = Arc::<Mutex<BTreeSet<EventId>>>::default();
        let noted = received.clone();
        let tallies = self.tallies.clone();
        let mut deliveries = self.bus.subscribe(REVIEWS.name, 50).await.unwrap();
        tasks.spawn("consumer", async move {
            loop {
                let delivery = deliveries.next().await;
                let event = delivery.event().id;
                let more = |tally: Tally| {
                    Some((
                        Tally {
                            count: tally.count + 1,
                        },
                        Vec::new(),
                    ))
                };
                let now = Clock::system().now();
                while tallies
                    .change_once(COUNTER, event, now, more)
                    .await
                    .is_err()
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                noted.lock().unwrap().insert(event);
                // A failed acknowledgement leads to a redelivery.
                let _again = delivery.ack().await;
            }
        });
        received
    }

    /// Waits until every change has arrived as an event, and returns the number of changes.
    async fn everything_received(&self, received: &Mutex<BTreeSet<EventId>>) -> i64 {
        let mut counted = 0;
        for id in (0..WRITERS).map(Uuid::from_u128) {
            counted += self.tallies.get(id).await.unwrap().unwrap().body.count;
        }
        eventually("as many events as changes", LIMIT, async || {
            let received = received.lock().unwrap().len();
            (i64::try_from(received).unwrap() == counted).then_some(())
        })
        .await;
        counted
    }

    async fn everything_counts_once(&self, received: &Mutex<BTreeSet<EventId>>) {
        let counted = self.everything_received(received).await;
        let counter = self.tallies.get(COUNTER).await.unwrap().unwrap();
        assert_eq!(counter.body.count, counted, "each counts once");
        let written = self.written.lock().unwrap();
        let received = received.lock().unwrap();
        let lost: Vec<_> = written.iter().filter(|id| !received.contains(id)).collect();
        assert!(lost.is_empty(), "lost of {}: {lost:?}", written.len());
        println!("{} confirmed writes, {counted} changes", written.len());
    }
}

async fn write(
    tallies: &Collection<Tally>,
    writer: u128,
    written: &Mutex<Vec<EventId>>,
) -> Result<(), DocumentsError> {
    let clock = Clock::system();
    let event = Event {
        id: EventId(clock.new_id()),
        kind: EventType::ReviewCreated,
        version: 1,
        at: clock.now(),
        trace: "trace".to_owned(),
        body: json!({"writer": writer.to_string()}),
    };
    let id = event.id;
    let more = Update::default().add(&COUNT, 1);
    let place = Uuid::from_u128(writer);
    let changed = tallies
        .update(place, Filter::match_all(), more, &[event])
        .await?;
    assert!(changed, "the document is there");
    written.lock().unwrap().push(id);
    Ok(())
}
