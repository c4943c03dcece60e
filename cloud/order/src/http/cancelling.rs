//! The price of a cancel, shown before it is sent.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use rules::{Cancellation, OrderState, cancellation};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Actor, Amount, Code, Currency, OrderId, UnixMillis, readable_by};

use crate::{service::Service, store::CancelBasis};

/// What becomes of the money, to the cent, if the order is cancelled now.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub struct CancellationView {
    order_id: OrderId,
    /// Goes to the provider. The cancel names it, so that it costs this or is not done.
    fee: Amount,
    /// Goes back to the customer. Money that the order service has not heard of yet comes back
    /// whole, too.
    refund: Amount,
    /// In custody now: fee and refund together.
    held: Amount,
    currency: Currency,
    /// A cancel by the customer costs a fee from here on, once the price is in custody; absent
    /// where it never does.
    #[schema(required)]
    free_until: Option<UnixMillis>,
    /// When this was calculated.
    at: UnixMillis,
}

/// `GET /api/v1/orders/{id}/cancellation`.
pub async fn cancellation_of(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<CancellationView>, Problem> {
    Ok(Json(preview(&service, caller.actor, id).await?))
}

pub async fn preview(
    service: &Service,
    actor: Actor,
    id: OrderId,
) -> Result<CancellationView, Problem> {
    let basis = service.store.to_cancel(id).await?.ok_or(Code::OrderNotFound)?;
    let CancelBasis { state, policies, rules, at } = basis;
    if readable_by(&state.order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let Cancellation { fee, refund, free_until } =
        cancellation(&state, actor, &policies, &rules, at)?;
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
