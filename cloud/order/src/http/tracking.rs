//! An order on its way, for anybody who has its receipt.
//!
//! Invariants: the answer names nobody and quotes nobody; a wrong secret, a wrong code and an order
//! that does not exist are answered alike.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Code, Hash, Order, OrderCode, OrderId, OrderStatus, Region, Role, ServiceType, UnixMillis,
    readable_by,
};

use crate::{service::Service, store::TrackedStep};

/// The part of a receipt by which anybody can follow the order: `/track/{code}?s={secret}`.
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

/// Says nothing about the people, and nothing in their words.
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
    /// The states that it came to, oldest first.
    steps: Vec<TrackedStep>,
}

impl TrackingReceipt {
    pub fn of(service: &Service, order: &Order) -> Self {
        Self { code: order.code.clone(), secret: service.store.tracking_secret(order.id) }
    }
}

/// `GET /api/v1/orders/{id}/tracking`. For the customer, who gives it to whom they like, and for an
/// admin who helps them.
pub async fn receipt(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<TrackingReceipt>, Problem> {
    let order = service.store.order(id).await?.filter(|_| caller.actor.role != Role::Provider);
    let order = order.and_then(|order| readable_by(&order, caller.actor));
    let order = order.ok_or(Code::OrderNotFound)?;
    Ok(Json(TrackingReceipt::of(&service, &order)))
}

/// `GET /api/v1/track/{code}?s=`.
pub async fn track(
    State(service): State<Service>,
    Path(code): Path<String>,
    Query(TrackingQuestion { s }): Query<TrackingQuestion>,
) -> Result<Json<TrackedOrder>, Problem> {
    let (code, secret) = (OrderCode::parse(&code), s.parse::<Hash>().ok());
    let (code, secret) = code.zip(secret).ok_or(Code::OrderNotFound)?;
    let order = service.store.tracked(&code, &secret).await?.ok_or(Code::OrderNotFound)?;
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
