//! Previews the price of a cancel.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use rules::{Cancellation, OrderState, preview_cancellation};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Actor, Amount, Code, Currency, OrderId, UnixMillis, order_visible_to};

use crate::{service::Service, store::CancelBasis};

/// The money, to the cent, if the order is cancelled now.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub struct CancellationView {
    order_id: OrderId,
    /// Goes to the provider. The cancel repeats this fee and fails if it has changed.
    fee: Amount,
    /// Goes back to the customer. Payments the order service has not received yet are also returned
    /// in full.
    refund: Amount,
    /// In custody now: fee plus refund.
    held: Amount,
    currency: Currency,
    /// From this time on, a cancel by the customer costs a fee if the price is in custody. Absent
    /// if it never does.
    #[schema(required)]
    free_until: Option<UnixMillis>,
    /// When this was calculated.
    at: UnixMillis,
}

pub async fn cancellation_of(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<CancellationView>, Problem> {
    Ok(Json(
        load_cancellation_view(&service, caller.actor, id).await?,
    ))
}

pub async fn load_cancellation_view(
    service: &Service,
    actor: Actor,
    id: OrderId,
) -> Result<CancellationView, Problem> {
    let basis = service
        .store
        .to_cancel(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let CancelBasis {
        state,
        policies,
        rules,
        at,
    } = basis;
    if order_visible_to(&state.order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let Cancellation {
        fee,
        refund,
        free_until,
    } = preview_cancellation(&state, actor, &policies, &rules, at)?;
    let OrderState { order, held, .. } = state;
    Ok(CancellationView {
        order_id: id,
        fee,
        refund,
        held,
        currency: order.currency,
        free_until,
        at,
    })
}
