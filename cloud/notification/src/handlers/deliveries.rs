//! The delivery log, for admins.

use axum::extract::State;
use process::problem::{Json, Page, Problem, Query, TimeCursor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{EventType, UnixMillis, UserId};

use super::Service;
use crate::{
    domain::{Channel, NoticeKind},
    store::{DeliveryState, NotificationDelivery},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DeliveryQuery {
    state: Option<DeliveryState>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryLog {
    items: Vec<DeliveryItem>,
    #[schema(required)]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DeliveryItem {
    id: Uuid,
    user_id: UserId,
    channel: Channel,
    /// `null` for a digest.
    #[schema(required)]
    kind: Option<NoticeKind>,
    /// `null` for a digest, a confirmation code, and a notice.
    #[serde(rename = "type")]
    #[schema(required)]
    event_type: Option<EventType>,
    state: DeliveryState,
    attempts: i64,
    /// Masked: first letter and domain of an address, or last two digits of a number.
    #[schema(required)]
    to: Option<String>,
    /// The reason of the last failure or of dropping it.
    #[schema(required)]
    why: Option<String>,
    created_at: UnixMillis,
    /// The next try, while it waits.
    due_at: UnixMillis,
}

pub(crate) async fn log(
    State(service): State<Service>,
    Query(query): Query<DeliveryQuery>,
    page: Page<TimeCursor>,
) -> Result<Json<DeliveryLog>, Problem> {
    let found = service
        .delivery_store
        .read_page(query.state, page.after, page.limit)
        .await?;
    let items = found.items.into_iter();
    let items = items.map(|(id, delivery)| to_delivery_item(id, delivery));
    Ok(Json(DeliveryLog {
        items: items.collect(),
        next: found.next.map(|next| next.to_string()),
    }))
}

fn to_delivery_item(id: Uuid, delivery: NotificationDelivery) -> DeliveryItem {
    DeliveryItem {
        id,
        user_id: delivery.user_id,
        channel: delivery.channel,
        kind: delivery.kind,
        event_type: delivery.event_type,
        state: delivery.state,
        attempts: delivery.attempts,
        to: delivery.to,
        why: delivery.why,
        created_at: delivery.created_at,
        due_at: delivery.due_at,
    }
}
