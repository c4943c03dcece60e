//! What becomes of each event: a line once, no line, or put aside.

use uuid::Uuid;
use wire::{EventId, Role, UnixMillis};

use super::*;
use crate::{
    domain::PageRequest,
    tests::samples::{self, AT, CUSTOMER, PROVIDER},
};

fn event(id: u128, kind: EventType) -> Event {
    Event {
        id: EventId(Uuid::from_u128(id)),
        kind,
        version: 1,
        at: AT,
        trace: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        body: serde_json::to_value(samples::event_body()).unwrap(),
    }
}

async fn inbox(store: &InboxStore, user_id: wire::UserId, role: Role) -> Vec<EventType> {
    let request = PageRequest {
        user_id,
        role,
        unread_only: false,
        after: None,
        limit: 100,
        read_since: UnixMillis(0),
    };
    let page = store.page(&request).await.unwrap();
    page.lines.into_iter().map(|stored| stored.line.event_type).collect()
}

#[tokio::test]
async fn a_redelivered_event_doubles_no_line() {
    let (store, _folder) = samples::sqlite_store().await;
    let handler = Inboxes { store: store.clone(), clock: Clock::system() };
    for _ in 0..3 {
        handler.handle(&event(1, EventType::OrderAccepted)).await.unwrap();
    }
    assert_eq!(inbox(&store, CUSTOMER, Role::Customer).await, [EventType::OrderAccepted]);
    assert_eq!(inbox(&store, PROVIDER, Role::Provider).await, [EventType::OrderAccepted]);

    handler.handle(&event(2, EventType::OrderCompleted)).await.unwrap();
    assert_eq!(inbox(&store, PROVIDER, Role::Provider).await.len(), 2);
}

#[tokio::test]
async fn an_event_that_is_no_order_is_put_aside_at_once() {
    let (store, _folder) = samples::sqlite_store().await;
    let handler = Inboxes { store, clock: Clock::system() };
    let broken =
        Event { body: serde_json::json!({"order": 1}), ..event(1, EventType::OrderCreated) };
    let handled = handler.handle(&broken).await;
    assert!(matches!(handled, Err(HandleError::Poison(_))), "{handled:?}");
}

#[tokio::test]
async fn status_changes_are_told_to_nobody() {
    let (store, _folder) = samples::sqlite_store().await;
    let handler = Inboxes { store: store.clone(), clock: Clock::system() };
    handler.handle(&event(1, EventType::OrderStatusChanged)).await.unwrap();
    assert!(inbox(&store, CUSTOMER, Role::Customer).await.is_empty());
}

#[tokio::test]
async fn how_a_region_assigns_is_news_for_no_inbox() {
    let (store, _folder) = samples::sqlite_store().await;
    let handler = Inboxes { store: store.clone(), clock: Clock::system() };
    let body = serde_json::json!({ "region": "NORTH", "assignment": {} });
    let told = Event { body, ..event(1, EventType::RegionAssigned) };
    handler.handle(&told).await.unwrap();
    assert!(inbox(&store, PROVIDER, Role::Provider).await.is_empty());
}
