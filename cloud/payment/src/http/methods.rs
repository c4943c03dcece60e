//! Payment methods: those the adapter offers, and those a customer has saved.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Role, UnixMillis, UserId};

use crate::{
    adapter::PaymentAdapter,
    say,
    service::Service,
    store::{KEPT_METHODS_MAX, KeptMethodRow},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = KeptMethodForm)]
#[serde(deny_unknown_fields)]
pub struct KeptMethodForm {
    /// True replaces the previous default. False clears the default if it was this method.
    is_default: bool,
}

#[derive(Serialize, ToSchema)]
pub struct PaymentMethods {
    /// Methods the adapter offers, the usual one first.
    items: Vec<PaymentMethod>,
    /// The customer's saved methods, oldest first. Empty for an admin.
    kept: Vec<KeptMethod>,
    /// One of the offered methods: the customer's default, else the last one they paid with, else
    /// the adapter's usual one.
    proposed: String,
}

/// A payment method.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethod {
    /// The adapter's token, used in a payment.
    method: &'static str,
    /// True if no real money is charged: for tests and demonstrations.
    simulated: bool,
}

#[derive(Serialize, ToSchema)]
pub struct KeptMethod {
    method: String,
    is_default: bool,
    /// True if the adapter still offers it; otherwise it can only be removed.
    is_offered: bool,
    kept_at: UnixMillis,
}

/// `GET /api/v1/payments/methods`.
pub async fn methods(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
) -> Result<Json<PaymentMethods>, Problem> {
    let store = &service.store;
    let adapter = &service.worker.adapter;
    let mut kept = Vec::new();
    let mut last_used = None;
    if actor.role == Role::Customer {
        kept = store.kept_methods(actor.user_id).await?;
        last_used = store.last_used_method(actor.user_id).await?;
    }
    let proposed = default_of(&kept, adapter)
        .or_else(|| last_used.filter(|method| adapter.accepts_method(method)))
        .unwrap_or_else(|| adapter.usual_method().to_owned());
    let simulated = adapter.is_simulated();
    let items = adapter
        .supported_methods()
        .into_iter()
        .map(|method| PaymentMethod { method, simulated });
    let kept = kept.into_iter().map(
        |KeptMethodRow {
             method,
             is_default,
             kept_at,
             ..
         }| {
            KeptMethod {
                is_offered: adapter.accepts_method(&method),
                method,
                is_default,
                kept_at,
            }
        },
    );
    Ok(Json(PaymentMethods {
        items: items.collect(),
        kept: kept.collect(),
        proposed,
    }))
}

/// `PUT /api/v1/payments/methods/{method}`.
pub async fn keep_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
    Json(KeptMethodForm { is_default }): Json<KeptMethodForm>,
) -> Result<StatusCode, Problem> {
    caller.require_role(Role::Customer)?;
    if !service.worker.adapter.accepts_method(&method) {
        return Err(Problem::wrong_field("method", say::method_unknown));
    }
    if !service
        .store
        .keep_method(caller.actor.user_id, &method, is_default)
        .await?
    {
        return Err(Problem::wrong_field(
            "method",
            say::methods_full {
                most: KEPT_METHODS_MAX.into(),
            },
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/payments/methods/{method}`.
pub async fn remove_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require_role(Role::Customer)?;
    let is_gone = service
        .store
        .remove_method(caller.actor.user_id, method)
        .await?;
    if is_gone {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}

/// The default method for a payment without one.
pub async fn choose_default_method(service: &Service, customer: UserId) -> Result<String, Problem> {
    let adapter = &service.worker.adapter;
    let kept = service.store.kept_methods(customer).await?;
    Ok(default_of(&kept, adapter).unwrap_or_else(|| adapter.usual_method().to_owned()))
}

/// The saved default, if this adapter offers it: a former adapter may have been the only one.
fn default_of(kept: &[KeptMethodRow], adapter: &PaymentAdapter) -> Option<String> {
    let default = kept
        .iter()
        .find(|kept| kept.is_default && adapter.accepts_method(&kept.method))?;
    Some(default.method.clone())
}
