//! Handling of each event: one line, no line, or a dead letter.

mod erasure;

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{RawQuery, State},
    routing::post,
};
use http::StatusCode;
use platform::upstream::Upstream;
use process::tokens::TokenVerifier;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{EventId, Role, UnixMillis, UserId};

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

async fn inboxes() -> (InboxEventConsumer, InboxStore, tempfile::TempDir) {
    let clock = Clock::system();
    let (deliveries, folder) =
        samples::deliveries(samples::no_channels(), Upstream::open_later().0, &clock).await;
    let store = deliveries.inboxes.clone();
    let dispute_ms = samples::DISPUTE_MS;
    (
        InboxEventConsumer {
            store: store.clone(),
            notices: samples::notices(&deliveries, &folder).await.store,
            dispatcher: deliveries,
            clock,
            dispute_ms,
        },
        store,
        folder,
    )
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
    let page = store.read_page(&request).await.unwrap();
    page.lines
        .into_iter()
        .filter_map(|stored| stored.line.event_type)
        .collect()
}

#[tokio::test]
async fn a_redelivered_event_doubles_no_line() {
    let (handler, store, _folder) = inboxes().await;
    for _ in 0..3 {
        handler
            .handle(&event(1, EventType::OrderAccepted))
            .await
            .unwrap();
    }
    assert_eq!(
        inbox(&store, CUSTOMER, Role::Customer).await,
        [EventType::OrderAccepted]
    );
    assert_eq!(
        inbox(&store, PROVIDER, Role::Provider).await,
        [EventType::OrderAccepted]
    );

    handler
        .handle(&event(2, EventType::OrderCompleted))
        .await
        .unwrap();
    assert_eq!(inbox(&store, PROVIDER, Role::Provider).await.len(), 2);
}

#[tokio::test]
async fn an_event_that_is_no_order_is_put_aside_at_once() {
    let (handler, _, _folder) = inboxes().await;
    let broken = Event {
        body: serde_json::json!({"order": 1}),
        ..event(1, EventType::OrderCreated)
    };
    let handled = handler.handle(&broken).await;
    assert!(
        matches!(handled, Err(HandleError::Poison(_))),
        "{handled:?}"
    );
}

#[tokio::test]
async fn status_changes_are_told_to_nobody() {
    let (handler, store, _folder) = inboxes().await;
    handler
        .handle(&event(1, EventType::OrderStatusChanged))
        .await
        .unwrap();
    assert!(inbox(&store, CUSTOMER, Role::Customer).await.is_empty());
}

#[tokio::test]
async fn how_a_region_assigns_is_news_for_no_inbox() {
    let (handler, store, _folder) = inboxes().await;
    let body = serde_json::json!({ "region": "NORTH", "assignment": {} });
    let told = Event {
        body,
        ..event(1, EventType::RegionAssigned)
    };
    handler.handle(&told).await.unwrap();
    assert!(inbox(&store, PROVIDER, Role::Provider).await.is_empty());
}

#[tokio::test]
async fn money_and_decisions_reach_their_people() {
    let (handler, store, _folder) = inboxes().await;
    let money = serde_json::to_value(samples::money()).unwrap();
    let paid = Event {
        body: money.clone(),
        ..event(1, EventType::PaymentCompleted)
    };
    let released = Event {
        body: money,
        ..event(2, EventType::PaymentReleased)
    };
    let body = json!({"user_id": PROVIDER, "role": "provider", "version": 3, "reason": "expired"});
    let refused = Event {
        body,
        ..event(3, EventType::ProfileVerificationRejected)
    };
    let body = json!({"user_id": CUSTOMER, "role": "customer", "tokens_since": UnixMillis(5)});
    let readmitted = Event {
        body,
        ..event(4, EventType::UserReadmitted)
    };
    for event in [&paid, &released, &refused, &readmitted] {
        handler.handle(event).await.unwrap();
    }
    let of_customer = inbox(&store, CUSTOMER, Role::Customer).await;
    assert_eq!(
        of_customer,
        [EventType::UserReadmitted, EventType::PaymentCompleted]
    );
    let of_provider = inbox(&store, PROVIDER, Role::Provider).await;
    assert_eq!(
        of_provider,
        [
            EventType::ProfileVerificationRejected,
            EventType::PaymentReleased
        ]
    );
}

/// A fake user part with a configurable answer; `None` simulates a missing store.
#[derive(Clone, Default)]
struct UserPart {
    answer: Arc<Mutex<Option<Vec<UserId>>>>,
    asked: Arc<Mutex<Vec<Value>>>,
    /// The query of the latest request.
    query: Arc<Mutex<Option<String>>>,
}

impl UserPart {
    fn proposes(&self, people: impl IntoIterator<Item = u128>) {
        let people = people
            .into_iter()
            .map(|n| UserId(Uuid::from_u128(n)))
            .collect();
        *self.answer.lock().unwrap() = Some(people);
    }

    async fn matches(
        State(part): State<Self>,
        RawQuery(query): RawQuery,
        Json(question): Json<Value>,
    ) -> (StatusCode, Json<Value>) {
        *part.query.lock().unwrap() = query;
        part.asked.lock().unwrap().push(question);
        let answer = part.answer.lock().unwrap().clone();
        let Some(people) = answer else {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
        };
        let reasons = ["serves_the_area", "works_that_day"];
        let items: Vec<_> = people
            .into_iter()
            .map(|id| json!({"user_id": id, "full_name": "P", "score": 1, "reasons": reasons}))
            .collect();
        (StatusCode::OK, Json(json!({ "items": items })))
    }

    fn fan_out(
        &self,
        store: &InboxStore,
        dispatcher: NotificationDispatcher,
    ) -> OrderFanOutConsumer {
        let router = Router::new().route("/internal/matches", post(Self::matches));
        let clock = Clock::system();
        let verifier = TokenVerifier {
            service: crate::NAME,
            keys: process::tokens::TokenKeys::empty(),
            service_key: testing::service_key(),
            clock: clock.clone(),
        };
        let users = Upstream::from_router(router.with_state(self.clone()));
        let rules = crate::Config::default().fan_out_rules().unwrap();
        OrderFanOutConsumer {
            store: store.clone(),
            dispatcher,
            users,
            verifier,
            clock,
            rules,
        }
    }
}

#[tokio::test]
async fn an_approval_is_proposed_once_to_at_most_twenty_with_the_reasons() {
    let (
        InboxEventConsumer {
            store, dispatcher, ..
        },
        _,
        _folder,
    ) = inboxes().await;
    let users = UserPart::default();
    let fan_out = users.fan_out(&store, dispatcher);
    users.proposes(100..125);
    fan_out
        .handle(&event(1, EventType::OrderApproved))
        .await
        .unwrap();
    let question = users.asked.lock().unwrap()[0].clone();
    assert_eq!(question["region"], "NORTH");
    assert!(
        question["text"].as_str().unwrap().contains("Mend the tap"),
        "{question}"
    );

    // A redelivery, then another approval of the same order with different proposals.
    users.proposes(200..220);
    fan_out
        .handle(&event(1, EventType::OrderApproved))
        .await
        .unwrap();
    fan_out
        .handle(&event(2, EventType::OrderApproved))
        .await
        .unwrap();
    for n in (90..130).chain(200..220) {
        let told = inbox(&store, UserId(Uuid::from_u128(n)), Role::Provider).await;
        let expected = if (100..120).contains(&n) {
            vec![EventType::OrderApproved]
        } else {
            vec![]
        };
        assert_eq!(told, expected, "{n}");
    }
    let owner = crate::domain::InboxOwner {
        user_id: UserId(Uuid::from_u128(100)),
        role: Role::Provider,
    };
    let line = store
        .find_lines_arrived_since(owner, Uuid::nil(), 5)
        .await
        .unwrap()
        .remove(0)
        .line;
    assert_eq!(
        line.params.as_order().unwrap().match_reasons,
        ["serves_the_area", "works_that_day"]
    );
    assert_eq!(
        line.counterpart, None,
        "a provider who has no order learns nothing of its customer"
    );
}

#[tokio::test]
async fn a_publication_is_proposed_only_where_that_is_wanted_and_its_approval_then_tells_nobody_twice()
 {
    let (
        InboxEventConsumer {
            store, dispatcher, ..
        },
        _,
        _folder,
    ) = inboxes().await;
    let users = UserPart::default();
    let mut fan_out = users.fan_out(&store, dispatcher);
    users.proposes([100]);
    fan_out
        .handle(&event(1, EventType::OrderCreated))
        .await
        .unwrap();
    let provider = UserId(Uuid::from_u128(100));
    assert!(inbox(&store, provider, Role::Provider).await.is_empty());
    assert!(users.asked.lock().unwrap().is_empty());

    fan_out.rules.at_creation = true;
    fan_out
        .handle(&event(1, EventType::OrderCreated))
        .await
        .unwrap();
    users.proposes([100, 200]);
    fan_out
        .handle(&event(2, EventType::OrderApproved))
        .await
        .unwrap();
    assert_eq!(
        inbox(&store, provider, Role::Provider).await,
        [EventType::OrderCreated]
    );
    let other = UserId(Uuid::from_u128(200));
    assert!(inbox(&store, other, Role::Provider).await.is_empty());
}

#[tokio::test]
async fn an_order_that_was_published_before_the_setting_came_is_proposed_at_its_approval() {
    let (
        InboxEventConsumer {
            store, dispatcher, ..
        },
        _,
        _folder,
    ) = inboxes().await;
    let users = UserPart::default();
    let mut fan_out = users.fan_out(&store, dispatcher);
    fan_out.rules.at_creation = true;
    users.proposes([100]);
    fan_out
        .handle(&event(1, EventType::OrderApproved))
        .await
        .unwrap();
    let told = inbox(&store, UserId(Uuid::from_u128(100)), Role::Provider).await;
    assert_eq!(told, [EventType::OrderApproved]);
}

#[tokio::test]
async fn as_many_are_told_as_the_setting_says() {
    let (
        InboxEventConsumer {
            store, dispatcher, ..
        },
        _,
        _folder,
    ) = inboxes().await;
    let users = UserPart::default();
    let mut fan_out = users.fan_out(&store, dispatcher);
    fan_out.rules.providers_max = 3;
    users.proposes(100..125);
    fan_out
        .handle(&event(1, EventType::OrderApproved))
        .await
        .unwrap();
    assert_eq!(users.query.lock().unwrap().as_deref(), Some("limit=3"));
    for n in 100..125 {
        let told = inbox(&store, UserId(Uuid::from_u128(n)), Role::Provider).await;
        assert_eq!(told.len(), usize::from(n < 103), "{n}");
    }
}

#[test]
fn a_fan_out_reaches_one_to_a_hundred_providers() {
    for (providers_told_max, fits) in [(0, false), (1, true), (20, true), (100, true), (101, false)]
    {
        let config = crate::Config {
            providers_told_max,
            ..crate::Config::default()
        };
        assert_eq!(
            config.fan_out_rules().is_some(),
            fits,
            "{providers_told_max}"
        );
    }
}

#[tokio::test]
async fn an_approval_waits_for_a_user_part_that_is_away() {
    let (
        InboxEventConsumer {
            store, dispatcher, ..
        },
        _,
        _folder,
    ) = inboxes().await;
    let users = UserPart::default();
    let mut fan_out = users.fan_out(&store, dispatcher);
    let without_store = fan_out.handle(&event(1, EventType::OrderApproved)).await;
    assert!(
        matches!(without_store, Err(HandleError::Unavailable(_))),
        "{without_store:?}"
    );
    let there = std::mem::replace(&mut fan_out.users, Upstream::open_later().0);
    let away = fan_out.handle(&event(1, EventType::OrderApproved)).await;
    assert!(matches!(away, Err(HandleError::Unavailable(_))), "{away:?}");
    fan_out.users = there;
    users.proposes([100]);
    fan_out
        .handle(&event(1, EventType::OrderApproved))
        .await
        .unwrap();
    assert_eq!(
        inbox(&store, UserId(Uuid::from_u128(100)), Role::Provider)
            .await
            .len(),
        1
    );
}
