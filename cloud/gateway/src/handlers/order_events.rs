//! `GET /api/v1/admin/orders/{id}/events`: the events about one order with the receipts of their
//! consumers, for an operator's trace. The gateway collects them, since a part alone reads its own
//! outbox and inbox.
//!
//! Invariant: an unavailable part is listed as missing and hides no other part's answer.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{Extension, extract::State};
use futures::future::join_all;
use http::{Method, StatusCode};
use platform::{
    bus::topology::queues_for,
    order_events::{PublishedEvent, PublishedEvents, ReceiptQuery, StoredReceipts},
};
use process::{
    openapi::ApiDocument,
    parts::CloudPart,
    problem::{Json, Problem, log_fault},
    routes::{GET, admin},
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wire::{
    Code, EventId, EventReceipt, InboxArrival, OrderEventTrace, OrderId, Permission, ReceiptState,
    TracedEvent, UnixMillis,
};

use super::dead_letters::{PART_LIMIT, read_answer, with_json};
use crate::{
    call::{CanonicalPath, build_uri, request_as_caller, set_identity},
    caller::{RequestCaller, VerifiedCaller},
    routes::ORDER_EVENTS,
    state::Gateway,
};

/// The parts that publish events about orders.
const PUBLISHERS: [CloudPart; 3] = [CloudPart::Order, CloudPart::Payment, CloudPart::Review];
const PREFIX: &str = "/api/v1/admin/orders/";
const SUFFIX: &str = "/events";

/// The context of all calls for one trace.
struct OrderEventCollector<'a> {
    gateway: &'a Gateway,
    caller: &'a VerifiedCaller,
    trace: &'a TraceId,
}

/// The answers of the consumers' parts.
#[derive(Default)]
struct CollectedReceipts {
    handled: HashMap<(String, EventId), UnixMillis>,
    arrivals: HashMap<EventId, Vec<InboxArrival>>,
    /// The parts that did not answer.
    away: BTreeSet<CloudPart>,
}

#[derive(Deserialize)]
struct ArrivalList {
    items: Vec<EventArrival>,
}

#[derive(Deserialize)]
struct EventArrival {
    event: EventId,
    #[serde(flatten)]
    arrival: InboxArrival,
}

pub(super) async fn list_order_events(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
    Extension(CanonicalPath(path)): Extension<CanonicalPath>,
) -> Result<Json<OrderEventTrace>, Problem> {
    let id = path.strip_prefix(PREFIX).unwrap_or(&path);
    let id = id.strip_suffix(SUFFIX).unwrap_or(id);
    let order: OrderId = id.parse().map_err(|_| Code::NotFound)?;
    let collector = OrderEventCollector {
        gateway: &gateway,
        caller: &caller,
        trace: &trace,
    };
    collector.collect(order).await.map(Json)
}

impl OrderEventCollector<'_> {
    async fn collect(&self, order: OrderId) -> Result<OrderEventTrace, Problem> {
        let path = format!("/internal/order-events/{order}");
        let asked = PUBLISHERS.map(|part| self.call_part::<PublishedEvents>(part, &path, None));
        let mut published = Vec::new();
        let mut missing = BTreeSet::new();
        let mut more = false;
        for (part, answer) in PUBLISHERS.into_iter().zip(join_all(asked).await) {
            match answer? {
                Some(events) => {
                    more |= events.more;
                    // They come newest first. Reversed, a stable sort keeps the outbox's order.
                    let oldest_first = events.items.into_iter().rev();
                    published.extend(oldest_first.map(|event| (part, event)));
                }
                None => {
                    missing.insert(part);
                }
            }
        }
        published.sort_by_key(|(_, event)| event.made_at);
        let receipts = self.collect_receipts(&published).await?;
        missing.extend(&receipts.away);
        Ok(OrderEventTrace {
            items: receipts.assign_to(published),
            missing: missing.iter().map(|part| part.name().to_owned()).collect(),
            more,
        })
    }

    async fn collect_receipts(
        &self,
        published: &[(CloudPart, PublishedEvent)],
    ) -> Result<CollectedReceipts, Problem> {
        let mut receipts = CollectedReceipts::default();
        if published.is_empty() {
            return Ok(receipts);
        }
        let events = published.iter().map(|(_, event)| event.id).collect();
        let query = to_json_body(&ReceiptQuery { events })?;
        let mut parts: BTreeSet<CloudPart> = BTreeSet::new();
        for (_, event) in published {
            let recording = queues_for(event.kind).filter(|(_, queue)| queue.keeps_receipts);
            parts.extend(recording.map(|(part, _)| *part));
        }
        let asked = parts.iter().map(|part| {
            self.call_part::<StoredReceipts>(*part, "/internal/receipts", Some(query.clone()))
        });
        for (part, answer) in parts.iter().zip(join_all(asked).await) {
            match answer? {
                Some(stored) => receipts.handled.extend(
                    stored
                        .items
                        .into_iter()
                        .map(|receipt| ((receipt.queue, receipt.event), receipt.at)),
                ),
                None => {
                    receipts.away.insert(*part);
                }
            }
        }
        match self.call_for_arrivals(published).await? {
            Some(list) => {
                for EventArrival { event, arrival } in list.items {
                    receipts.arrivals.entry(event).or_default().push(arrival);
                }
            }
            None => {
                receipts.away.insert(CloudPart::Notification);
            }
        }
        Ok(receipts)
    }

    async fn call_for_arrivals(
        &self,
        published: &[(CloudPart, PublishedEvent)],
    ) -> Result<Option<ArrivalList>, Problem> {
        let events: Vec<Value> = published
            .iter()
            .map(|(_, event)| json!({"event": event.id, "people": event.people}))
            .collect();
        let query = to_json_body(&json!({ "events": events }))?;
        self.call_part(CloudPart::Notification, "/internal/arrivals", Some(query))
            .await
    }

    /// Sends a `GET`, or a `POST` with the body. `None` if the part does not answer.
    async fn call_part<T: DeserializeOwned>(
        &self,
        part: CloudPart,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Option<T>, Problem> {
        let method = body.as_ref().map_or(Method::GET, |_| Method::POST);
        let uri = build_uri(path, None)?;
        let mut request = request_as_caller(method, uri, &self.caller.token, self.trace);
        set_identity(request.headers_mut(), self.caller);
        if let Some(body) = body {
            with_json(&mut request, body);
        }
        let asking = async { read_answer(self.gateway.parts.send(part, request).await).await };
        let answer = tokio::time::timeout(PART_LIMIT, asking).await;
        Ok(answer.ok().flatten())
    }
}

impl CollectedReceipts {
    fn assign_to(mut self, published: Vec<(CloudPart, PublishedEvent)>) -> Vec<TracedEvent> {
        let mut items = Vec::with_capacity(published.len());
        for (part, event) in published {
            items.push(TracedEvent {
                consumers: self.list_consumers(&event),
                arrivals: self.arrivals.remove(&event.id).unwrap_or_default(),
                id: event.id,
                kind: event.kind.as_str().to_owned(),
                part: part.name().to_owned(),
                command_id: event.command_id,
                order_version: event.order_version,
                made_at: event.made_at,
                sent_at: event.sent_at,
            });
        }
        items
    }

    fn list_consumers(&self, event: &PublishedEvent) -> Vec<EventReceipt> {
        let consumers = queues_for(event.kind).map(|(part, queue)| {
            let key = (queue.name.to_owned(), event.id);
            let at = self.handled.get(&key).copied();
            let state = match at {
                Some(_) => ReceiptState::Handled,
                None if !queue.keeps_receipts => ReceiptState::Unrecorded,
                None if self.away.contains(part) => ReceiptState::Unknown,
                None => ReceiptState::Waiting,
            };
            EventReceipt {
                queue: queue.name.to_owned(),
                part: part.name().to_owned(),
                state,
                at,
            }
        });
        consumers.collect()
    }
}

fn to_json_body(query: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(query)
        .map_err(|error| log_fault("Could not serialize a query about events", error))
}

pub(super) fn add_route(document: ApiDocument) -> ApiDocument {
    document.with_public_route(
        "orderEvents",
        admin(GET, ORDER_EVENTS, &[Permission::ReadPlatform]),
        "List the events about an order, oldest first: when each was written and sent, and which \
         consumers and inboxes have it",
        |route| {
            let id = json!({ "type": "string", "format": "uuid" });
            route.add_parameter("path", "id", true, id, "The order's id.");
            route.answers_json::<OrderEventTrace>(StatusCode::OK);
            route.add_refusal_codes(&[Code::NotFound]);
        },
    )
}
