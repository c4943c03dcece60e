//! The ways to pay: what the adapter offers, and which of them a customer keeps.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Role, UnixMillis, UserId};

use crate::{
    adapter::Payments,
    say,
    service::Service,
    store::{KEPT_METHODS_MAX, KeptMethodRow},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = KeptMethodForm)]
#[serde(deny_unknown_fields)]
pub struct KeptMethodForm {
    /// It takes the place of the default before. False: where it was the default, there is none.
    is_default: bool,
}

#[derive(Serialize, ToSchema)]
pub struct PaymentMethods {
    /// What the adapter offers, its usual one first.
    items: Vec<PaymentMethod>,
    /// What the customer keeps, oldest first. Empty for an admin.
    kept: Vec<KeptMethod>,
    /// One that is offered: the customer's default, or what he has last paid with, or the adapter's
    /// usual one.
    proposed: String,
}

/// A way to pay.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethod {
    /// The adapter's token, as a payment names it.
    method: &'static str,
    /// Nothing is charged: for tests and demonstrations.
    simulated: bool,
}

#[derive(Serialize, ToSchema)]
pub struct KeptMethod {
    method: String,
    is_default: bool,
    /// The adapter still offers it; otherwise it can only be removed.
    is_offered: bool,
    kept_at: UnixMillis,
}

/// `GET /api/v1/payments/methods`.
pub async fn methods(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
) -> Result<Json<PaymentMethods>, Problem> {
    let (store, adapter) = (&service.store, &service.courier.adapter);
    let (mut kept, mut last_used) = (Vec::new(), None);
    if actor.role == Role::Customer {
        kept = store.kept_methods(actor.user_id).await?;
        last_used = store.last_used_method(actor.user_id).await?;
    }
    let proposed = default_of(&kept, adapter)
        .or_else(|| last_used.filter(|method| adapter.takes(method)))
        .unwrap_or_else(|| adapter.usual_method().to_owned());
    let simulated = adapter.is_simulated();
    let items = adapter.methods().into_iter().map(|method| PaymentMethod { method, simulated });
    let kept = kept.into_iter().map(|KeptMethodRow { method, is_default, kept_at, .. }| {
        KeptMethod { is_offered: adapter.takes(&method), method, is_default, kept_at }
    });
    Ok(Json(PaymentMethods { items: items.collect(), kept: kept.collect(), proposed }))
}

/// `PUT /api/v1/payments/methods/{method}`.
pub async fn keep_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
    Json(KeptMethodForm { is_default }): Json<KeptMethodForm>,
) -> Result<StatusCode, Problem> {
    caller.require(Role::Customer)?;
    if !service.courier.adapter.takes(&method) {
        return Err(Problem::wrong("method", say::method_unknown));
    }
    if !service.store.keep_method(caller.actor.user_id, &method, is_default).await? {
        return Err(Problem::wrong("method", say::methods_full { most: KEPT_METHODS_MAX.into() }));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/payments/methods/{method}`.
pub async fn remove_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Role::Customer)?;
    let is_gone = service.store.remove_method(caller.actor.user_id, method).await?;
    if is_gone { Ok(StatusCode::NO_CONTENT) } else { Err(Code::NotFound.into()) }
}

/// The method for a payment that names none.
pub async fn unnamed(service: &Service, customer: UserId) -> Result<String, Problem> {
    let adapter = &service.courier.adapter;
    let kept = service.store.kept_methods(customer).await?;
    Ok(default_of(&kept, adapter).unwrap_or_else(|| adapter.usual_method().to_owned()))
}

/// An adapter of before may have offered it alone.
fn default_of(kept: &[KeptMethodRow], adapter: &Payments) -> Option<String> {
    let default = kept.iter().find(|kept| kept.is_default && adapter.takes(&kept.method))?;
    Some(default.method.clone())
}
