//! Internal routes about the events of one order, for an operator's trace: the events that the part
//! published, and those that its consumers have recorded. The gateway calls each part, since a part
//! alone reads its own outbox and inbox.
//!
//! Invariant: responses contain no event body, only ids, kinds and times.

use axum::{
    Router,
    extract::{FromRef, State},
    routing::{get, post},
};
use process::{
    parts::CloudPart,
    problem::{Json, Path, Problem},
    tokens::{AdminCaller, TokenVerifier},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Code, CommandId, EventId, EventPerson, EventType, OrderId, Role, UnixMillis, UserId};

use crate::{
    bus::topology,
    inbox,
    ledger::Database,
    outbox::{self, StoredOrderEvent},
    service::ServiceContext,
};

/// An order has a dozen events. One that has more was contested for long.
pub const EVENTS_MAX: usize = 100;

/// Newest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct PublishedEvents {
    pub items: Vec<PublishedEvent>,
    /// There are older ones.
    pub more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PublishedEvent {
    pub id: EventId,
    pub kind: EventType,
    pub command_id: Option<CommandId>,
    pub order_version: Option<u64>,
    pub made_at: UnixMillis,
    pub sent_at: Option<UnixMillis>,
    /// People with a possible inbox line of it.
    pub people: Vec<EventPerson>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    pub events: Vec<EventId>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct StoredReceipts {
    pub items: Vec<StoredReceipt>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct StoredReceipt {
    pub queue: String,
    pub event: EventId,
    pub at: UnixMillis,
}

#[derive(Clone)]
struct PartOrderEvents {
    part: CloudPart,
    database: Database,
    verifier: TokenVerifier,
}

impl FromRef<PartOrderEvents> for TokenVerifier {
    fn from_ref(events: &PartOrderEvents) -> Self {
        events.verifier.clone()
    }
}

pub(crate) fn build_routes(
    context: &ServiceContext,
    part: CloudPart,
    database: Database,
) -> Router {
    let events = PartOrderEvents {
        part,
        database,
        verifier: context.verifier_for(part.name()),
    };
    Router::new()
        .route("/internal/order-events/{id}", get(list_published))
        .route("/internal/receipts", post(list_receipts))
        .with_state(events)
}

async fn list_published(
    State(events): State<PartOrderEvents>,
    _: AdminCaller,
    Path(order): Path<OrderId>,
) -> Result<Json<PublishedEvents>, Problem> {
    let found = outbox::find_order_events(&events.database, order, EVENTS_MAX + 1).await?;
    let more = found.len() > EVENTS_MAX;
    let items = found.into_iter().take(EVENTS_MAX);
    Ok(Json(PublishedEvents {
        items: items.map(PublishedEvent::from).collect(),
        more,
    }))
}

async fn list_receipts(
    State(events): State<PartOrderEvents>,
    _: AdminCaller,
    Json(query): Json<ReceiptQuery>,
) -> Result<Json<StoredReceipts>, Problem> {
    // The events of an order have three publishers.
    if query.events.len() > 3 * EVENTS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let mut items = Vec::new();
    for queue in topology::queues_of(events.part).filter(|queue| queue.keeps_receipts) {
        let found = inbox::find_receipts(&events.database, queue.name, &query.events).await?;
        items.extend(found.into_iter().map(|(event, at)| StoredReceipt {
            queue: queue.name.to_owned(),
            event,
            at,
        }));
    }
    Ok(Json(StoredReceipts { items }))
}

impl From<StoredOrderEvent> for PublishedEvent {
    fn from(stored: StoredOrderEvent) -> Self {
        let body = &stored.event.body;
        Self {
            id: stored.event.id,
            kind: stored.event.kind,
            command_id: read_id(&body["command_id"]).map(CommandId),
            order_version: body["order"]["version"].as_u64(),
            made_at: stored.made_at,
            sent_at: stored.sent_at,
            people: list_people(body),
        }
    }
}

/// The customer and the providers whom the body of an event about an order names.
fn list_people(body: &Value) -> Vec<EventPerson> {
    let named = [
        (&body["order"]["customer_id"], Role::Customer),
        (&body["customer_id"], Role::Customer),
        (&body["order"]["provider_id"], Role::Provider),
        (&body["provider_id"], Role::Provider),
        // The provider of a lost acceptance, and the one from whom an admin withdrew the job.
        (&body["actor"]["user_id"], Role::Provider),
        (&body["taken_from"], Role::Provider),
    ];
    let mut people: Vec<EventPerson> = Vec::new();
    for (id, role) in named {
        let Some(user_id) = read_id(id).map(UserId) else {
            continue;
        };
        let person = EventPerson { user_id, role };
        if !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

fn read_id(id: &Value) -> Option<uuid::Uuid> {
    id.as_str()?.parse().ok()
}
