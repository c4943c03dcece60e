//! What the hub asks to find out whether its feeds have brought all there is.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::FromService,
};
use wire::{Code, OrdersAsked, OrdersTold, RangeAsked, RangeTold, RegionAssignment, RenewAsked};

use super::ops::from_hub;
use crate::service::Service;

/// Orders of one answer.
const NAMED_MAX: usize = 200;

/// `POST /internal/ranges`: a digest of some of a region's orders.
pub async fn range(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(asked): Json<RangeAsked>,
) -> Result<Json<RangeTold>, Problem> {
    from_hub(&from)?;
    Ok(Json(service.store.range(&asked).await?))
}

/// `POST /internal/orders`: the orders of these ids.
pub async fn orders(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(asked): Json<OrdersAsked>,
) -> Result<Json<OrdersTold>, Problem> {
    from_hub(&from)?;
    if asked.ids.len() > NAMED_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    Ok(Json(service.store.named(&asked.ids).await?))
}

/// `POST /internal/renewals`: a new fence for a holder whose view did not agree with its grant. Safe to
/// repeat: what is no standing right changes nothing.
pub async fn renew(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(asked): Json<RenewAsked>,
) -> Result<Json<RegionAssignment>, Problem> {
    from_hub(&from)?;
    let region = asked.region;
    service.store.renew(&asked).await?;
    Ok(Json(service.store.region_record(region).await?.now.assignment))
}
