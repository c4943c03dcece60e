//! The effects of each account event.

use platform::{
    consume::{EventHandler, HandleError},
    documents::Documents,
    files::{FileRegister, Files},
};
use process::clock::Clock;
use user::{
    ProfileEventConsumer,
    domain::{CustomerProfile, ProviderProfile},
    store::ProfileStore,
};
use uuid::Uuid;
use wire::{
    Actor, CommandId, Event, EventId, EventType, OrderEvent, OrderStatus, PaymentStatus,
    RatingEvent, Role, UserEvent, UserId,
};

use crate::{AT, CUSTOMER, PROVIDER};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The consumer of an empty store in a temporary folder, which the guard keeps alive.
async fn sqlite_store() -> (ProfileEventConsumer, ProfileStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("user.db").display());
    let documents = Documents::open(&url).await.unwrap();
    let store = ProfileStore::new(&documents, Clock::fixed_at(AT));
    store.migrate().await.unwrap();
    FileRegister::migrate(&documents).await.unwrap();
    let files = format!("file:{}", folder.path().join("files").display());
    let files = Files::open(&files).unwrap();
    let handler = ProfileEventConsumer {
        store: store.clone(),
        register: FileRegister::new(&documents, files, Clock::fixed_at(AT)),
    };
    (handler, store, folder)
}

fn event(id: u128, kind: EventType, user_id: UserId, role: Role) -> Event {
    let body = UserEvent {
        user_id,
        role,
        session_id: None,
    };
    Event::new(EventId(Uuid::from_u128(id)), kind, AT, TRACE, &body).unwrap()
}

#[tokio::test]
async fn a_new_person_has_one_profile_of_their_kind() {
    let (handler, store, _folder) = sqlite_store().await;
    for _ in 0..3 {
        handler
            .handle(&event(
                1,
                EventType::UserRegistered,
                CUSTOMER,
                Role::Customer,
            ))
            .await
            .unwrap();
        handler
            .handle(&event(
                2,
                EventType::UserRegistered,
                PROVIDER,
                Role::Provider,
            ))
            .await
            .unwrap();
    }
    let customer = store
        .get::<CustomerProfile>(CUSTOMER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (customer.person.revision, customer.person.created_at),
        (1, AT)
    );
    assert!(
        store
            .get::<ProviderProfile>(CUSTOMER)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .get::<ProviderProfile>(PROVIDER)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_revoked_person_is_closed_once_also_before_they_registered() {
    let (handler, store, _folder) = sqlite_store().await;
    for _ in 0..2 {
        handler
            .handle(&event(1, EventType::UserRevoked, PROVIDER, Role::Provider))
            .await
            .unwrap();
    }
    handler
        .handle(&event(
            2,
            EventType::UserRegistered,
            PROVIDER,
            Role::Provider,
        ))
        .await
        .unwrap();
    let provider = store
        .get::<ProviderProfile>(PROVIDER)
        .await
        .unwrap()
        .unwrap();
    assert!(provider.person.is_closed);
    assert_eq!(provider.person.revision, 2);
}

#[tokio::test]
async fn an_event_that_names_nobody_is_put_aside_at_once() {
    let (handler, _, _folder) = sqlite_store().await;
    let broken = Event {
        body: serde_json::json!({ "user_id": 7 }),
        ..event(1, EventType::UserRegistered, CUSTOMER, Role::Customer)
    };
    let handled = handler.handle(&broken).await;
    assert!(
        matches!(handled, Err(HandleError::Poison(_))),
        "{handled:?}"
    );
}

fn done_work(order: u128, payment_status: PaymentStatus) -> wire::Order {
    wire::Order {
        provider_id: Some(PROVIDER),
        status: OrderStatus::Completed,
        payment_status,
        ..support::samples::order(order, 3)
    }
}

#[tokio::test]
async fn unpaid_work_counts_once_it_is_paid_or_where_it_is_paid_for_afterwards() {
    let (handler, store, _folder) = sqlite_store().await;
    let actor = Actor {
        user_id: PROVIDER,
        role: Role::Provider,
    };
    let command_id = CommandId(Uuid::from_u128(8));
    let mut counted = Vec::new();
    use EventType::{OrderCompleted, OrderStatusChanged};
    for (id, kind, payment_status, paid_afterwards) in [
        (1, OrderCompleted, PaymentStatus::Unpaid, false),
        (1, OrderStatusChanged, PaymentStatus::Held, false),
        (2, OrderCompleted, PaymentStatus::Unpaid, true),
        (2, OrderStatusChanged, PaymentStatus::Held, false),
    ] {
        let body = OrderEvent {
            paid_afterwards,
            ..OrderEvent::from_order(done_work(id, payment_status), actor, command_id)
        };
        let event_id = EventId(Uuid::from_u128(id * 10 + counted.len() as u128));
        handler
            .handle(&Event::new(event_id, kind, AT, TRACE, &body).unwrap())
            .await
            .unwrap();
        let provider = store.get::<ProviderProfile>(PROVIDER).await.unwrap();
        counted.push(provider.map_or(0, |provider| provider.completed_orders));
    }
    assert_eq!(counted, [0, 1, 2, 2]);
}

#[tokio::test]
async fn a_completed_job_counts_once_however_often_it_is_told() {
    let (handler, store, _folder) = sqlite_store().await;
    let completed = |event: u128, order: u128| {
        let order = done_work(order, PaymentStatus::Held);
        let actor = Actor {
            user_id: PROVIDER,
            role: Role::Provider,
        };
        let command_id = CommandId(Uuid::from_u128(8));
        let body = OrderEvent::from_order(order, actor, command_id);
        Event::new(
            EventId(Uuid::from_u128(event)),
            EventType::OrderCompleted,
            AT,
            TRACE,
            &body,
        )
        .unwrap()
    };
    for (event, order) in [(1, 1), (1, 1), (2, 2), (3, 2)] {
        handler.handle(&completed(event, order)).await.unwrap();
    }
    let provider = store
        .get::<ProviderProfile>(PROVIDER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (provider.completed_orders, provider.person.revision),
        (2, 1)
    );
}

#[tokio::test]
async fn the_newest_word_about_a_rating_counts_and_makes_no_form_stale() {
    let (handler, store, _folder) = sqlite_store().await;
    let told = |id: u128, version: i64, average_hundredths: i64, total_reviews: i64| {
        let provider_id = PROVIDER;
        let body = RatingEvent {
            provider_id,
            version,
            average_hundredths,
            total_reviews,
        };
        let id = EventId(Uuid::from_u128(id));
        Event::new(id, EventType::RatingUpdated, AT, TRACE, &body).unwrap()
    };
    for event in [told(1, 2, 450, 2), told(1, 2, 450, 2), told(2, 1, 500, 1)] {
        handler.handle(&event).await.unwrap();
    }
    let provider = store
        .get::<ProviderProfile>(PROVIDER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (provider.rating_hundredths, provider.total_reviews),
        (450, 2)
    );
    assert_eq!((provider.standing, provider.person.revision), (450_000, 1));
}

#[tokio::test]
async fn a_deleted_person_stays_deleted_whatever_arrives_late() {
    let (handler, store, _folder) = sqlite_store().await;
    let mut id = 0;
    let mut tell = |kind| {
        id += 1;
        event(id, kind, PROVIDER, Role::Provider)
    };
    let completed = {
        let actor = Actor {
            user_id: PROVIDER,
            role: Role::Provider,
        };
        let order = done_work(1, PaymentStatus::Held);
        let body = OrderEvent::from_order(order, actor, CommandId(Uuid::from_u128(8)));
        let id = EventId(Uuid::from_u128(99));
        Event::new(id, EventType::OrderCompleted, AT, TRACE, &body).unwrap()
    };
    for told in [
        completed,
        tell(EventType::UserDeleted),
        tell(EventType::UserDeleted),
        tell(EventType::UserReadmitted),
        tell(EventType::UserRegistered),
        tell(EventType::UserRevoked),
    ] {
        handler.handle(&told).await.unwrap();
    }
    let provider = store.get::<ProviderProfile>(PROVIDER).await.unwrap();
    let provider = provider.unwrap();
    assert!(provider.person.is_closed && provider.person.is_deleted);
    assert_eq!(
        (provider.completed_orders, provider.person.revision),
        (1, 2),
        "the number of jobs stays, and one change erased the rest"
    );
}
