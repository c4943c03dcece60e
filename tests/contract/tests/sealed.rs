//! Personal data at rest, on each arm: a store holds no plain text, reads back whole, and opens
//! only with its keys. Plain values of previous versions stay readable.

use std::time::Duration;

use contract::{BusArm, DocumentsArm, SqlArm, event_of, on_every_documents, on_every_sql};
use platform::{
    Database,
    bus::{Bus, QueueSpec},
    documents::{Collection, CollectionSchema, DocumentBody, Documents, DocumentsError, Field},
    outbox::{self, OutboxRelay},
    sealing::{self, DataKeys, TableResealer},
    sql::{Sql, SqlError},
    transact, vals,
};
use process::{clock::Clock, tasks::Tasks};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;
use wire::{Event, EventType, Exchange, UserId};

const LIMIT: Duration = Duration::from_secs(60);
const ADDRESS: &str = "12 Harbour Road";
const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

on_every_sql! {
    the_outbox_hides_its_events_and_sends_them_whole,
    an_event_waits_for_its_key,
    events_of_an_outbox_outlive_their_data_key,
}

on_every_documents! {
    a_document_hides_its_sealed_fields_and_reads_whole,
    documents_and_their_events_outlive_their_data_key,
    events_that_have_left_documents_outlive_their_data_key,
}

fn telling() -> Event {
    let body = serde_json::json!({ "address": ADDRESS });
    Event {
        body,
        ..event_of(EventType::OrderCreated, 1)
    }
}

async fn save(sql: &Sql, event: &Event) {
    let saved: Result<(), SqlError> = transact!(sql, tx => {
        outbox::add(tx, event).await?;
        Ok(())
    });
    saved.unwrap();
}

async fn rows(sql: &Sql) -> Vec<String> {
    sql.fetch_all("SELECT event FROM outbox ORDER BY seq", vals![])
        .await
        .unwrap()
}

async fn the_outbox_hides_its_events_and_sends_them_whole(arm: SqlArm) {
    let bus = contract::embedded().await;
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    // Writes as a previous version.
    let plain = Sql::open(&arm.url).await.unwrap();
    let before = telling();
    let sealed = telling();
    save(&plain, &before).await;
    save(&arm.sql, &sealed).await;
    let stored = rows(&arm.sql).await;
    assert!(
        stored[0].contains(ADDRESS) && !stored[1].contains(ADDRESS),
        "{stored:?}"
    );
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        arm.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let mut deliveries = bus.bus.subscribe("orders", 5).await.unwrap();
    for expected in [&before, &sealed] {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        assert_eq!(delivery.event(), expected);
        delivery.ack().await.unwrap();
    }
    tasks.shutdown(LIMIT).await;
}

/// A replica without the key loses nothing and sends nothing out of order.
async fn an_event_waits_for_its_key(arm: SqlArm) {
    let bus = contract::embedded().await;
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let event = telling();
    save(&arm.sql, &event).await;
    let stranger = Sql::open(&arm.url)
        .await
        .unwrap()
        .sealed_by(&DataKeys::random());
    let without = Tasks::new();
    let with = Tasks::new();
    OutboxRelay::start(
        &without,
        stranger,
        bus.bus.clone(),
        Clock::system(),
        "without",
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    without.shutdown(LIMIT).await;
    let unsent = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
    assert_eq!(
        arm.sql
            .fetch_optional::<i64>(unsent, vals![])
            .await
            .unwrap(),
        Some(1)
    );
    OutboxRelay::start(
        &with,
        arm.sql.clone(),
        bus.bus.clone(),
        Clock::system(),
        "with",
    );
    let mut deliveries = bus.bus.subscribe("orders", 5).await.unwrap();
    let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
    assert_eq!(delivery.event(), &event);
    with.shutdown(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_the_embedded_bus_hides_its_messages() {
    let BusArm { url, bus, .. } = &contract::embedded().await;
    bus.bind_queue(&ORDERS).await.unwrap();
    bus.publish(&telling()).await.unwrap();
    let path = url.strip_prefix("embedded:").unwrap();
    let mut found = 0;
    for file in [path.to_owned(), format!("{path}-wal")] {
        let bytes = std::fs::read(file).unwrap_or_default();
        found += bytes.len();
        assert!(
            !bytes
                .windows(ADDRESS.len())
                .any(|part| part == ADDRESS.as_bytes())
        );
    }
    assert!(found > 0);
    let mut deliveries = bus.subscribe("orders", 5).await.unwrap();
    let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
    assert_eq!(delivery.event().body["address"], ADDRESS);
}

/// A small version of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Card {
    user_id: UserId,
    phone: String,
    #[serde(default)]
    addresses: Vec<String>,
    nickname: Option<String>,
    jobs: i64,
}

const USER: Field<UserId> = Field::new("user_id");
const PHONE: Field<String> = Field::new("phone");

impl DocumentBody for Card {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[USER.path(), PHONE.path()],
        indexes: &[],
    };
    const SEALED: &'static [&'static str] = &["phone", "addresses", "nickname"];
}

/// The collection as a previous version declared it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct PlainCard(serde_json::Value);

impl DocumentBody for PlainCard {
    const SHAPE: CollectionSchema = Card::SHAPE;
}

fn card() -> Card {
    Card {
        user_id: UserId(Uuid::from_u128(7)),
        phone: "+8613800138000".into(),
        addresses: vec![ADDRESS.into()],
        nickname: None,
        jobs: 3,
    }
}

async fn a_document_hides_its_sealed_fields_and_reads_whole(arm: DocumentsArm) {
    let cards: Collection<Card> = Collection::new(&arm.documents, "cards");
    let plain: Collection<PlainCard> = Collection::new(&arm.documents, "cards");
    arm.documents.migrate().await.unwrap();
    cards.migrate().await.unwrap();
    let new = Uuid::from_u128(1);
    let old = Uuid::from_u128(2);
    assert!(cards.insert(new, &card(), &[telling()]).await.unwrap());
    let stored = plain.get(new).await.unwrap().unwrap().body.0;
    assert!(!stored.to_string().contains("1380013") && !stored.to_string().contains("Harbour"));
    assert!(stored["phone"].is_string(), "its kind is kept: {stored}");
    assert_eq!(
        (&stored["jobs"], stored["nickname"].is_null()),
        (&3.into(), true)
    );
    assert_eq!(cards.get(new).await.unwrap().unwrap().body, card());

    let before = PlainCard(serde_json::to_value(card()).unwrap());
    assert!(plain.insert(old, &before, &[]).await.unwrap());
    assert_eq!(cards.get(old).await.unwrap().unwrap().body, card());
    let changed = |body: Card| Some((Card { jobs: 4, ..body }, Vec::new()));
    assert!(
        cards
            .change_with_retry(old, changed)
            .await
            .unwrap()
            .is_some()
    );
    let stored = plain.get(old).await.unwrap().unwrap().body.0;
    assert!(
        !stored.to_string().contains("Harbour"),
        "sealed by its next change: {stored}"
    );

    let named = platform::documents::Update::default().set(&PHONE, "12345".to_owned());
    let refused = cards
        .update(new, PHONE.is_equal_to("x".to_owned()), named, &[])
        .await;
    assert!(
        matches!(refused, Err(DocumentsError::InvalidDeclaration { .. })),
        "{refused:?}"
    );

    let stranger = Documents::open(&arm.url)
        .await
        .unwrap()
        .sealed_by(&DataKeys::random());
    let strangers: Collection<Card> = Collection::new(&stranger, "cards");
    assert!(matches!(
        strangers.get(new).await,
        Err(DocumentsError::Sealed(_))
    ));
}

/// A part's key file, with a second key to follow the first.
struct KeyFile {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl KeyFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.keys");
        DataKeys::load_or_create(&path, true).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn keys(&self) -> DataKeys {
        DataKeys::load(&self.path, true).unwrap()
    }

    /// Both keys open; the new one seals.
    fn with_a_new_key(&self) -> DataKeys {
        sealing::add(&self.path).unwrap();
        sealing::use_newest(&self.path).unwrap();
        self.keys()
    }

    fn without_the_old_key(&self) -> DataKeys {
        let old = sealing::list_keys(&self.path).unwrap().remove(1);
        sealing::remove(&self.path, &old).unwrap();
        self.keys()
    }
}

/// More than one batch of the job.
const MANY: u128 = 230;

async fn events_of_an_outbox_outlive_their_data_key(arm: SqlArm) {
    let file = KeyFile::new();
    let by = |keys: DataKeys| arm.sql.clone().sealed_by(&keys);
    let former = by(file.keys());
    let events: Vec<Event> = (0..MANY).map(|_| telling()).collect();
    for event in &events {
        save(&former, event).await;
    }
    let both = file.with_a_new_key();
    outbox::reseal_events(
        &Database::Sql(by(both.clone())),
        &TableResealer::for_table("outbox"),
    )
    .await
    .unwrap();
    assert!(
        !rows(&arm.sql)
            .await
            .iter()
            .any(|event| both.is_stale_text(event))
    );
    let left = by(file.without_the_old_key());
    assert_eq!(received(left, events.len()).await, events);
}

async fn documents_and_their_events_outlive_their_data_key(arm: DocumentsArm) {
    let file = KeyFile::new();
    let cards = |keys: &DataKeys| -> Collection<Card> {
        Collection::new(&arm.documents.clone().sealed_by(keys), "cards")
    };
    let former = cards(&file.keys());
    arm.documents.migrate().await.unwrap();
    former.migrate().await.unwrap();
    let ids: Vec<Uuid> = (1..=MANY).map(Uuid::from_u128).collect();
    let event = telling();
    for id in &ids {
        let events = if *id == ids[0] {
            std::slice::from_ref(&event)
        } else {
            &[]
        };
        assert!(former.insert(*id, &card(), events).await.unwrap());
    }
    // A replica of a later version has written an unknown field.
    let plain: Collection<PlainCard> = Collection::new(&arm.documents, "cards");
    let newer = |PlainCard(mut body)| {
        body["of_later"] = 1.into();
        Some((PlainCard(body), Vec::new()))
    };
    plain
        .change_with_retry(ids[1], newer)
        .await
        .unwrap()
        .unwrap();

    let both = file.with_a_new_key();
    let walk = TableResealer::for_table("cards");
    cards(&both).seal_stale(&walk).await.unwrap();
    let documents = arm.documents.clone().sealed_by(&both);
    outbox::reseal_events(
        &Database::from(&documents),
        &TableResealer::for_table("outbox"),
    )
    .await
    .unwrap();
    for id in &ids {
        let stored = plain.get(*id).await.unwrap().unwrap().body.0;
        for field in ["phone", "addresses"] {
            assert!(
                !both.is_stale_text(stored[field].as_str().unwrap()),
                "{id}: {stored}"
            );
        }
    }
    assert_eq!(
        plain.get(ids[1]).await.unwrap().unwrap().body.0["of_later"],
        1
    );
    let version = plain.get(ids[2]).await.unwrap().unwrap().version;
    cards(&both)
        .seal_stale(&TableResealer::for_table("cards"))
        .await
        .unwrap();
    let again = plain.get(ids[2]).await.unwrap().unwrap().version;
    assert_eq!(again, version, "what is sealed stays");

    let left = file.without_the_old_key();
    for id in &ids {
        assert_eq!(cards(&left).get(*id).await.unwrap().unwrap().body, card());
    }
    let left = arm.documents.clone().sealed_by(&left);
    assert_eq!(received(Database::from(&left), 1).await, [event]);
}

async fn events_that_have_left_documents_outlive_their_data_key(arm: DocumentsArm) {
    let file = KeyFile::new();
    let by = |keys: &DataKeys| arm.documents.clone().sealed_by(keys);
    let former = by(&file.keys());
    let cards: Collection<Card> = Collection::new(&former, "cards");
    former.migrate().await.unwrap();
    cards.migrate().await.unwrap();
    let events: Vec<Event> = (0..MANY).map(|_| telling()).collect();
    for (event, n) in events.iter().zip(1..) {
        let event = std::slice::from_ref(event);
        assert!(
            cards
                .insert(Uuid::from_u128(n), &card(), event)
                .await
                .unwrap()
        );
    }
    assert_eq!(
        received(Database::from(&former), events.len()).await,
        events
    );
    if let Documents::Mongo(_) = &arm.documents {
        let sent = arm
            .mongo()
            .await
            .collection::<mongodb::bson::Document>("_sent");
        let kept = sent
            .find_one(mongodb::bson::doc! {})
            .await
            .unwrap()
            .unwrap();
        assert!(!kept.to_string().contains("Harbour"), "{kept}");
    }
    let both = Database::from(&by(&file.with_a_new_key()));
    outbox::reseal_events(&both, &TableResealer::for_table("outbox"))
        .await
        .unwrap();
    let left = Database::from(&by(&file.without_the_old_key()));
    let bus = contract::embedded().await.bus;
    bus.bind_queue(&ORDERS).await.unwrap();
    let clock = Clock::system();
    let named = |_: &str| Some(ORDERS);
    let id = clock.new_id();
    let now = clock.now();
    let asked = (id, UserId(clock.new_id()), now);
    outbox::request_replay(&left, ORDERS.name, wire::UnixMillis(0), asked)
        .await
        .unwrap()
        .unwrap();
    while outbox::send_replay_batch(&left, &bus, named, now)
        .await
        .unwrap()
    {}
    assert_eq!(
        u128::from(bus.count_waiting(ORDERS.name).await.unwrap()),
        MANY
    );
}

/// The events that the relay of this store sends.
async fn received(store: impl Into<Database>, count: usize) -> Vec<Event> {
    let bus = contract::embedded().await;
    bus.bus.bind_queue(&ORDERS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(
        &tasks,
        store.into(),
        bus.bus.clone(),
        Clock::system(),
        "test",
    );
    let mut deliveries = bus.bus.subscribe("orders", 5).await.unwrap();
    let mut events = Vec::new();
    while events.len() < count {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        events.push(delivery.event().clone());
        delivery.ack().await.unwrap();
    }
    tasks.shutdown(LIMIT).await;
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_the_embedded_bus_outlive_their_data_key() {
    let file = KeyFile::new();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    let event = telling();
    let former = Bus::open_sealed(&url, &file.keys()).await.unwrap();
    former.bind_queue(&ORDERS).await.unwrap();
    former.publish(&event).await.unwrap();
    former.close().await;
    drop(former);
    let both = Bus::open_sealed(&url, &file.with_a_new_key())
        .await
        .unwrap();
    both.close().await;
    drop(both);
    let left = Bus::open_sealed(&url, &file.without_the_old_key())
        .await
        .unwrap();
    let mut deliveries = left.subscribe("orders", 5).await.unwrap();
    let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
    assert_eq!(delivery.event(), &event);
}
