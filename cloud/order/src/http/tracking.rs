//! Tracks an order by its receipt, without an account.
//!
//! Invariants: the response contains no names and no text written by people; a wrong secret, a
//! wrong code and a missing order get the same response.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Code, Hash, Order, OrderCode, OrderId, OrderStatus, Region, Role, ServiceType, UnixMillis,
    order_visible_to,
};

use crate::{service::Service, store::TrackedStep};

/// The tracking part of a receipt; anyone with it can follow the order: `/track/{code}?s={secret}`.
#[derive(Serialize, ToSchema)]
pub struct TrackingReceipt {
    code: OrderCode,
    secret: Hash,
}

#[derive(Deserialize, Default, ToSchema)]
pub struct TrackingQuestion {
    /// The secret of the receipt.
    #[serde(default)]
    s: String,
}

/// Contains no person and no text written by people.
#[derive(Serialize, ToSchema)]
pub struct TrackedOrder {
    code: OrderCode,
    location: Region,
    service_type: ServiceType,
    status: OrderStatus,
    #[schema(required)]
    service_start_time: Option<UnixMillis>,
    #[schema(required)]
    service_end_time: Option<UnixMillis>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    /// The states the order reached, oldest first.
    steps: Vec<TrackedStep>,
}

impl TrackingReceipt {
    pub fn for_order(service: &Service, order: &Order) -> Self {
        Self {
            code: order.code.clone(),
            secret: service.store.tracking_secret(order.id),
        }
    }
}

/// For the customer, free to share it, and for admins helping them.
pub async fn receipt(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<TrackingReceipt>, Problem> {
    let order = service
        .store
        .find_order(id)
        .await?
        .filter(|_| caller.actor.role != Role::Provider);
    let order = order.and_then(|order| order_visible_to(&order, caller.actor));
    let order = order.ok_or(Code::OrderNotFound)?;
    Ok(Json(TrackingReceipt::for_order(&service, &order)))
}

pub async fn track(
    State(service): State<Service>,
    Path(code): Path<String>,
    Query(TrackingQuestion { s }): Query<TrackingQuestion>,
) -> Result<Json<TrackedOrder>, Problem> {
    let code = OrderCode::parse(&code);
    let secret = s.parse::<Hash>().ok();
    let (code, secret) = code.zip(secret).ok_or(Code::OrderNotFound)?;
    let order = service
        .store
        .find_tracked(&code, &secret)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let steps = service.store.tracked_steps(order.id).await?;
    Ok(Json(TrackedOrder {
        code: order.code,
        location: order.location,
        service_type: order.service_type,
        status: order.status,
        service_start_time: order.service_start_time,
        service_end_time: order.service_end_time,
        created_at: order.created_at,
        updated_at: order.updated_at,
        steps,
    }))
}
