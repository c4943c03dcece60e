//! An admin offers an open job to a few providers for a time, or withdraws the offer.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Code, FieldError, JobOffer, Order, OrderId, UnixMillis, UserId, check_job_offer};

use crate::{actions::Service, say, store::OfferChange};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobOfferForm {
    /// Until `until` only they can accept the job.
    #[schema(min_items = 1, max_items = 5)]
    provider_ids: Vec<UserId>,
    /// 5 minutes to 72 hours from now.
    until: UnixMillis,
}

pub(crate) async fn offer_job(
    State(service): State<Service>,
    caller: Caller,
    Path(order_id): Path<OrderId>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<JobOfferForm>,
) -> Result<Json<Order>, Problem> {
    let offer = JobOffer::new(form.provider_ids, form.until);
    let wrong = check_job_offer(&offer, service.verifier.clock.now());
    if !wrong.is_empty() {
        return Err(wrong.into());
    }
    check_providers(&service, order_id, &offer).await?;
    let change = OfferChange {
        order_id,
        offer: Some(offer),
        admin: caller.actor,
        trace: String::from(trace),
    };
    let order = service.store.change_offer(&change).await?;
    tracing::info!(order.id = %order_id, "A job was offered");
    Ok(Json(order))
}

/// Refuses an offer to a provider who could not accept it now.
async fn check_providers(
    service: &Service,
    order_id: OrderId,
    offer: &JobOffer,
) -> Result<(), Problem> {
    let order = service.store.find_order(order_id).await?;
    let order = order.ok_or(Code::OrderNotFound)?;
    let providers = &offer.provider_ids;
    if !service.store.list_unverified(providers).await?.is_empty() {
        return Err(FieldError::new("provider_ids", say::offer_unverified).into());
    }
    if let Some(hours) = order.service_hours() {
        let providers = providers.iter().copied().collect();
        if !service
            .store
            .list_booked(&providers, hours)
            .await?
            .is_empty()
        {
            return Err(FieldError::new("provider_ids", say::offer_booked).into());
        }
    }
    Ok(())
}

pub(crate) async fn withdraw_offer(
    State(service): State<Service>,
    caller: Caller,
    Path(order_id): Path<OrderId>,
    RequestTrace(trace): RequestTrace,
) -> Result<Json<Order>, Problem> {
    let change = OfferChange {
        order_id,
        offer: None,
        admin: caller.actor,
        trace: String::from(trace),
    };
    let order = service.store.change_offer(&change).await?;
    tracing::info!(order.id = %order_id, "An offer was withdrawn");
    Ok(Json(order))
}
