//! The inboxes that the events of one order reached, for an operator's trace: the people with a
//! line, its time, and the deliveries outside the inbox.
//!
//! Invariant: no text of a line and no address, only ids, states and times.

use axum::extract::State;
use platform::documents::DocumentsError;
use process::{
    problem::{Json, Problem},
    tokens::AdminCaller,
};
use serde::{Deserialize, Serialize};
use wire::{ChannelDelivery, Code, EventId, EventPerson, InboxArrival};

use super::Service;
use crate::domain::{Channel, InboxOwner};

/// The three publishers about an order list a hundred events each.
const EVENTS_MAX: usize = 300;
/// More than an event ever names.
const PEOPLE_MAX: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivalQuery {
    events: Vec<AddressedEvent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressedEvent {
    event: EventId,
    people: Vec<EventPerson>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ArrivalList {
    items: Vec<EventArrival>,
}

#[derive(Debug, Serialize)]
struct EventArrival {
    event: EventId,
    #[serde(flatten)]
    arrival: InboxArrival,
}

/// `POST /internal/arrivals`
pub(crate) async fn list_arrivals(
    State(service): State<Service>,
    _: AdminCaller,
    Json(query): Json<ArrivalQuery>,
) -> Result<Json<ArrivalList>, Problem> {
    let is_large = |asked: &AddressedEvent| asked.people.len() > PEOPLE_MAX;
    if query.events.len() > EVENTS_MAX || query.events.iter().any(is_large) {
        return Err(Code::BodyTooLarge.into());
    }
    let mut items = Vec::new();
    for AddressedEvent { event, people } in query.events {
        let named = people.into_iter().map(|person| InboxOwner {
            user_id: person.user_id,
            role: person.role,
        });
        for owner in named.chain([InboxOwner::ADMINS]) {
            let arrival = service.find_arrival(owner, event).await?;
            items.extend(arrival.map(|arrival| EventArrival { event, arrival }));
        }
    }
    Ok(Json(ArrivalList { items }))
}

impl Service {
    /// `None` if the event has no line in this inbox.
    async fn find_arrival(
        &self,
        owner: InboxOwner,
        event: EventId,
    ) -> Result<Option<InboxArrival>, DocumentsError> {
        let Some(found) = self.store.find_line_of_event(owner, event).await? else {
            return Ok(None);
        };
        let mut deliveries = Vec::new();
        for channel in Channel::ALL {
            let sent = self
                .delivery_store
                .find_line_delivery(owner.user_id, event, channel)
                .await?;
            deliveries.extend(sent.map(|sent| ChannelDelivery {
                channel: channel.as_str().to_owned(),
                state: sent.state.as_str().to_owned(),
                attempts: sent.attempts,
                created_at: sent.created_at,
            }));
        }
        Ok(Some(InboxArrival {
            role: owner.role,
            user_id: owner.user_id,
            at: found.id.arrived_at().unwrap_or(found.line.created_at),
            read_at: found.read_at,
            deliveries,
        }))
    }
}
