//! The numbers of a profile come from events of other services. A lost event is made up for.

use contract::{BusArm, DocumentsArm, LIMIT, OrderDb, event_of, on_every_documents};
use order::{Config, store::Store};
use platform::{
    Database,
    bus::{Bus, QueueSpec, topology},
    consume::EventHandler,
    documents::{Document, Documents},
    files::{FileRegister, Files},
    outbox::{self, OutboxRelay},
    sql::SqlError,
    transact,
};
use process::{clock::Clock, tasks::Tasks};
use review::{
    domain::{Review, ReviewContent, ReviewOrigin, ReviewedOrder},
    store::ReviewStore,
};
use tokio::time::timeout;
use user::{
    ProfileEventConsumer,
    domain::ProviderProfile,
    store::{CompletedJob, ProfileStore},
};
use uuid::Uuid;
use wire::{
    Actor, CommandId, Event, EventType, Exchange, OrderEvent, OrderId, Role, Source, UserId,
};

use crate::{AT, CUSTOMER, PROVIDER, TRACE, migrated, updated};

on_every_documents! {
    a_spoiled_number_of_jobs_is_counted_anew_and_a_right_one_left_alone,
    a_rating_that_was_lost_is_told_again,
}

/// Its consumer drops everything.
const LOST: QueueSpec = QueueSpec::new(
    "lost",
    &[
        (Exchange::Order, "order.completed"),
        (Exchange::Review, "rating.updated"),
        (Exchange::Review, "review.*"),
    ],
);

/// More than one batch of the job.
const PROVIDERS: u128 = 205;

async fn a_spoiled_number_of_jobs_is_counted_anew_and_a_right_one_left_alone(arm: DocumentsArm) {
    let store = migrated(&arm.documents).await;
    let user = |n: u128| UserId(Uuid::from_u128(1_000 + n));
    for n in 0..PROVIDERS {
        let job = CompletedJob {
            provider_id: user(n),
            completed_at: AT,
        };
        store
            .record_completed_job(OrderId(Uuid::from_u128(n)), &job, TRACE)
            .await
            .unwrap();
    }
    let right = kept(&store, user(1)).await;
    let spoiled = [user(0), user(PROVIDERS - 1)];
    for provider in spoiled {
        let spoil = |profile: &mut ProviderProfile| {
            profile.completed_orders = 7;
            Ok(updated())
        };
        store
            .change_profile(provider, None, TRACE, spoil)
            .await
            .unwrap();
    }
    assert_eq!(store.recount_all_jobs().await.unwrap(), 2);
    for provider in spoiled {
        let Document { version, body, .. } = kept(&store, provider).await;
        assert_eq!(
            (body.completed_orders, body.standing, body.person.revision),
            (1, 1, 2)
        );
        assert_eq!(store.recount_all_jobs().await.unwrap(), 0);
        assert_eq!(
            kept(&store, provider).await.version,
            version,
            "it is not written again"
        );
    }
    assert_eq!(
        kept(&store, user(1)).await,
        right,
        "a right number is left alone"
    );
}

async fn kept(store: &ProfileStore, provider: UserId) -> Document<ProviderProfile> {
    store.providers().get(provider.0).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completed_job_that_was_lost_is_counted_by_the_next_day_on_sqlite() {
    Box::pin(a_completed_job_that_was_lost_is_counted(
        contract::order_db_on_sqlite().await,
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completed_job_that_was_lost_is_counted_by_the_next_day_on_mariadb() {
    Box::pin(a_completed_job_that_was_lost_is_counted(
        contract::order_db_on_mariadb().await,
    ))
    .await;
}

async fn a_completed_job_that_was_lost_is_counted(arm: OrderDb) {
    let BusArm { bus, .. } = &contract::embedded().await;
    let people = contract::documents_on_sqlite().await;
    let profiles = migrated(&people.documents).await;
    let clock = Clock::system();
    let store = Store::new(
        arm.sql.clone(),
        clock.clone(),
        Config::default().acceptance_rules(),
    );
    for n in 0..2 {
        let event = completed(n);
        let saved: Result<(), SqlError> = transact!(arm.sql, tx => {
            outbox::add(tx, &event).await?;
            Ok(())
        });
        saved.unwrap();
    }
    lose(arm.sql.clone(), bus, 2).await;
    assert!(
        profiles
            .get::<ProviderProfile>(PROVIDER)
            .await
            .unwrap()
            .is_none()
    );
    bus.bind_queue(&topology::USER_PROFILES).await.unwrap();
    assert!(store.republish_completed().await.unwrap());
    assert!(
        !store.republish_completed().await.unwrap(),
        "once a night is enough"
    );
    replayed(&Database::from(&arm.sql), bus).await;
    take(&profiles, &people.documents, bus, 2).await;
    let counted = kept(&profiles, PROVIDER).await;
    assert_eq!(counted.body.completed_orders, 2);

    // The replay comes from an admin, or from the next night's job.
    let asked = (clock.new_id(), CUSTOMER, clock.now());
    let database = Database::from(&arm.sql);
    let since = wire::UnixMillis(0);
    outbox::request_replay(&database, topology::USER_PROFILES.name, since, asked)
        .await
        .unwrap()
        .unwrap();
    replayed(&database, bus).await;
    take(&profiles, &people.documents, bus, 2).await;
    assert_eq!(
        kept(&profiles, PROVIDER).await,
        counted,
        "a job that is known changes nothing"
    );
    arm.close().await;
}

async fn a_rating_that_was_lost_is_told_again(arm: DocumentsArm) {
    let BusArm { bus, .. } = &contract::embedded().await;
    let people = contract::documents_on_sqlite().await;
    let profiles = migrated(&people.documents).await;
    let store = ReviewStore::new(&arm.documents, &testing::data_keys(), Clock::system());
    store.migrate().await.unwrap();
    store.add(review(1, 5), TRACE).await.unwrap().unwrap();
    assert!(store.refresh_rating(PROVIDER, TRACE).await.unwrap());
    lose(&arm.documents, bus, 2).await;
    bus.bind_queue(&topology::USER_PROFILES).await.unwrap();
    assert_eq!(
        store.refresh_ratings().await.unwrap(),
        0,
        "the review service is right"
    );
    assert!(store.replay_ratings().await.unwrap());
    replayed(&Database::from(&arm.documents), bus).await;
    take(&profiles, &people.documents, bus, 1).await;
    let told = kept(&profiles, PROVIDER).await.body;
    assert_eq!((told.rating_hundredths, told.total_reviews), (500, 1));

    // The event of a review was lost before it was added to the rating.
    store.add(review(2, 4), TRACE).await.unwrap().unwrap();
    assert_eq!(store.refresh_ratings().await.unwrap(), 1);
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, &arm.documents, bus.clone(), Clock::system(), "test");
    take(&profiles, &people.documents, bus, 1).await;
    tasks.shutdown(LIMIT).await;
    let told = kept(&profiles, PROVIDER).await.body;
    assert_eq!((told.rating_hundredths, told.total_reviews), (450, 2));
}

/// Sends the waiting events to a consumer that drops them.
async fn lose(from: impl Into<Database>, bus: &Bus, count: usize) {
    bus.bind_queue(&LOST).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, from, bus.clone(), Clock::system(), "test");
    let mut deliveries = bus.subscribe(LOST.name, 10).await.unwrap();
    for _ in 0..count {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        delivery.ack().await.unwrap();
    }
    tasks.shutdown(LIMIT).await;
}

async fn replayed(database: &Database, bus: &Bus) {
    let now = Clock::system().now();
    while outbox::send_replay_batch(database, bus, topology::find_queue, now)
        .await
        .unwrap()
    {}
}

/// The user service handles `count` events of its queue.
async fn take(profiles: &ProfileStore, documents: &Documents, bus: &Bus, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(&format!("file:{}", folder.path().display())).unwrap();
    let feed = ProfileEventConsumer {
        store: profiles.clone(),
        register: FileRegister::new(documents, files, Clock::fixed_at(AT)),
    };
    let mut deliveries = bus
        .subscribe(topology::USER_PROFILES.name, 10)
        .await
        .unwrap();
    for _ in 0..count {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        feed.handle(delivery.event()).await.unwrap();
        delivery.ack().await.unwrap();
    }
}

fn completed(n: u128) -> Event {
    let order = wire::Order {
        provider_id: Some(PROVIDER),
        status: wire::OrderStatus::Completed,
        payment_status: wire::PaymentStatus::Paid,
        ..support::samples::order(n, 3)
    };
    let body = OrderEvent::from_order(
        order,
        Actor {
            user_id: PROVIDER,
            role: Role::Provider,
        },
        CommandId(Uuid::from_u128(n)),
    );
    let body = serde_json::to_value(body).unwrap();
    Event {
        body,
        ..event_of(EventType::OrderCompleted, 0)
    }
}

fn review(n: u128, rating: u8) -> Review {
    let order = ReviewedOrder {
        id: OrderId(Uuid::from_u128(0x1000 + n)),
        code: support::samples::order(1, 1).code,
        title: "Mend the tap".into(),
        customer_id: CUSTOMER,
        provider_id: PROVIDER,
    };
    let origin = ReviewOrigin {
        command_id: CommandId(Uuid::from_u128(n)),
        source: Source::Portal,
        hash: wire::Hash::ZERO,
        op: None,
    };
    let content = ReviewContent::from_command(rating, "").unwrap();
    Review::from_submission(order, content, origin, AT)
}
