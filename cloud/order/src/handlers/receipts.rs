//! Use of an order's tracking receipt (not an edge's receipt of a command) without an account:
//! follow the order, and cancel it if the receipt is a kiosk's. At a kiosk people publish under the
//! kiosk's account, so the customer has only the receipt; the link that a customer with an account
//! shares can only follow.
//!
//! Invariants: a tracked order contains no names and no text written by people; a wrong secret, a
//! wrong code and a missing order get the same response.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem, Query},
    tokens::Caller,
    trace::{RequestTrace, TraceId},
};
use rules::{Attempt, Origin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Actor, Amount, Code, Command, CommandBody, CommandId, Hash, Order, OrderCode, OrderId,
    OrderStatus, Region, Role, ServiceType, UnixMillis, order_visible_to,
};

use super::{
    commands::{CancellationView, check_optional_reason, load_cancellation_view},
    require_success,
};
use crate::{
    actions::Service,
    store::{TrackedStep, TrackingSecret},
};

/// The tracking part of a receipt; anyone with it can follow the order: `/track/{code}?s={secret}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrackingReceipt {
    code: OrderCode,
    secret: Hash,
}

#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct TrackingQuestion {
    /// The secret of the receipt.
    #[serde(default)]
    s: String,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ReceiptCancelForm)]
pub(crate) struct ReceiptCancelForm {
    /// The secret of the receipt.
    secret: String,
    /// The fee as shown by `GET track/{code}/cancellation`; defaults to none. If the cancel now
    /// costs a different fee, nothing is done: `terms_changed`, with the new price.
    #[serde(default)]
    fee: Option<Amount>,
    #[serde(default)]
    reason: Option<String>,
}

/// Contains no person and no text written by people.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrackedOrder {
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
    /// True if this receipt can cancel the order now.
    can_cancel: bool,
}

impl TrackingReceipt {
    pub(crate) fn for_order(service: &Service, order: &Order) -> Self {
        Self {
            code: order.code.clone(),
            secret: service.store.tracking_secret(order.id),
        }
    }
}

/// The tracking receipt, for the customer, who may share it, and for admins who help them.
pub(crate) async fn receipt(
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

pub(crate) async fn track(
    State(service): State<Service>,
    Path(code): Path<String>,
    Query(TrackingQuestion { s }): Query<TrackingQuestion>,
) -> Result<Json<TrackedOrder>, Problem> {
    let (order, secret) = find_order(&service, &code, &s).await?;
    show_order(&service, order, &secret).await
}

/// The price of a cancel by the holder of a kiosk's receipt.
pub(crate) async fn cancellation_by_receipt(
    State(service): State<Service>,
    Path(code): Path<String>,
    Query(TrackingQuestion { s }): Query<TrackingQuestion>,
) -> Result<Json<CancellationView>, Problem> {
    let (order, _) = find_kiosk_order(&service, &code, &s).await?;
    let view = load_cancellation_view(&service, customer_of(&order), order.id).await?;
    Ok(Json(view))
}

/// Cancels in the name of the order's customer, which is the kiosk.
pub(crate) async fn cancel_by_receipt(
    State(service): State<Service>,
    Path(code): Path<String>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<ReceiptCancelForm>,
) -> Result<Json<TrackedOrder>, Problem> {
    check_optional_reason(form.reason.as_deref())?;
    let (order, _) = find_kiosk_order(&service, &code, &form.secret).await?;
    let secret = form.secret.clone();
    match cancel_order(&service, &order, form, trace).await {
        // A repeat, after an answer that was lost, or another request was faster.
        Err(problem) if problem.code() != Code::OrderCancelled => return Err(problem),
        Ok(()) | Err(_) => {}
    }
    let (cancelled, secret) = find_kiosk_order(&service, &code, &secret).await?;
    show_order(&service, cancelled, &secret).await
}

async fn cancel_order(
    service: &Service,
    order: &Order,
    form: ReceiptCancelForm,
    trace: TraceId,
) -> Result<(), Problem> {
    let customer = customer_of(order);
    // A refusal here is not stored, as one of the decision would be.
    let shown = load_cancellation_view(service, customer, order.id).await?;
    if shown.fee != form.fee.unwrap_or(Amount::ZERO) {
        return Err(Problem::new(Code::TermsChanged).with_member("cancellation", shown));
    }
    let attempt = cancel_attempt(service, order, form, trace);
    let decision = service.submit_command(attempt).await?;
    // Without the order itself, which the holder of a receipt may not read.
    require_success(decision, customer)
        .map(drop)
        .map_err(|problem| Problem::new(problem.code()))
}

fn cancel_attempt(
    service: &Service,
    order: &Order,
    form: ReceiptCancelForm,
    trace: TraceId,
) -> Attempt {
    let id = CommandId(service.verifier.clock.new_id());
    let trace = Some(trace).filter(|trace| *trace != TraceId::from_command(id));
    Attempt {
        command: Command {
            id,
            body: CommandBody::CancelOrder {
                order_id: order.id,
                reason: form.reason,
                fee: form.fee,
            },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: trace.map(String::from),
        },
        actor: Some(customer_of(order)),
        verification: None,
        origin: Origin::Portal,
    }
}

async fn find_order(
    service: &Service,
    code: &str,
    secret: &str,
) -> Result<(Order, TrackingSecret), Problem> {
    let code = OrderCode::parse(code);
    let secret = TrackingSecret::parse(secret);
    let (code, secret) = code.zip(secret).ok_or(Code::OrderNotFound)?;
    let order = service
        .store
        .find_tracked(&code, &secret)
        .await?
        .ok_or(Code::OrderNotFound)?;
    Ok((order, secret))
}

/// Not for the link that a customer gives to others.
async fn find_kiosk_order(
    service: &Service,
    code: &str,
    secret: &str,
) -> Result<(Order, TrackingSecret), Problem> {
    match find_order(service, code, secret).await? {
        (order, secret @ TrackingSecret::Kiosk(_)) => Ok((order, secret)),
        (_, TrackingSecret::Derived(_)) => Err(Code::OrderNotFound.into()),
    }
}

fn customer_of(order: &Order) -> Actor {
    Actor {
        user_id: order.customer_id,
        role: Role::Customer,
    }
}

async fn show_order(
    service: &Service,
    order: Order,
    secret: &TrackingSecret,
) -> Result<Json<TrackedOrder>, Problem> {
    let can_cancel = can_cancel(service, &order, secret).await?;
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
        can_cancel,
    }))
}

async fn can_cancel(
    service: &Service,
    order: &Order,
    secret: &TrackingSecret,
) -> Result<bool, Problem> {
    if matches!(secret, TrackingSecret::Derived(_)) {
        return Ok(false);
    }
    match load_cancellation_view(service, customer_of(order), order.id).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(_) => Ok(false),
    }
}
