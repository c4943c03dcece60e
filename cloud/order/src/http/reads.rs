//! What people may read. An order that is not theirs to see does not exist for them: 404, never 403.

use axum::extract::State;
use process::{
    problem::{self, Json, Path, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use wire::{
    Code, Order, OrderCode, OrderId, OrderStatus, Region, Role, TimelineEntry, readable_by,
};

use super::page::Items;
use crate::{
    say,
    service::Service,
    store::{Cursor, Listing},
};

type Page = problem::Page<Cursor>;

/// What a list may be narrowed by; each list takes what makes sense for it.
#[derive(Deserialize, Default)]
pub struct Wanted {
    status: Option<OrderStatus>,
    region: Option<Region>,
    code: Option<String>,
}

#[derive(Serialize)]
pub struct Timeline {
    items: Vec<TimelineEntry>,
}

pub async fn order(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<Order>, Problem> {
    let order = service.store.order(id).await?;
    let seen = order.and_then(|order| readable_by(&order, caller.actor));
    seen.map(Json).ok_or_else(|| Code::OrderNotFound.into())
}

/// An order's history is for its own people and for admins: an open order shows a provider what is to
/// do, not who did what before.
pub async fn timeline(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<Timeline>, Problem> {
    let actor = caller.actor;
    let order = service.store.order(id).await?.ok_or(Code::OrderNotFound)?;
    let own = actor.role != Role::Provider || order.provider_id == Some(actor.user_id);
    if !own || readable_by(&order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    Ok(Json(Timeline { items: service.store.timeline(id).await? }))
}

/// The caller's own orders: published by a customer, accepted by a provider. An admin has none.
pub async fn mine(
    State(service): State<Service>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    page: Page,
) -> Result<Json<Items>, Problem> {
    let me = Some(caller.actor.user_id);
    let status = wanted.status;
    let listing = match caller.actor.role {
        Role::Customer => Listing { customer: me, status, ..Listing::default() },
        Role::Provider => Listing { provider: me, status, ..Listing::default() },
        Role::Admin => return Ok(Json(Items::none())),
    };
    list(&service, &caller, &listing, page).await
}

/// Orders that wait for a provider.
pub async fn available(
    State(service): State<Service>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    page: Page,
) -> Result<Json<Items>, Problem> {
    if caller.actor.role != Role::Provider {
        return Err(Code::RoleForbidden.into());
    }
    let (status, region) = (Some(OrderStatus::Pending), wanted.region);
    let listing = Listing { status, region, ..Listing::default() };
    list(&service, &caller, &listing, page).await
}

/// All orders, for admins.
pub async fn all(
    State(service): State<Service>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    page: Page,
) -> Result<Json<Items>, Problem> {
    caller.require(Role::Admin)?;
    let code = match &wanted.code {
        None => None,
        Some(text) => {
            Some(OrderCode::parse(text).ok_or_else(|| Problem::wrong("code", say::code_no_code))?)
        }
    };
    let (status, region) = (wanted.status, wanted.region);
    let listing = Listing { status, region, code, ..Listing::default() };
    list(&service, &caller, &listing, page).await
}

async fn list(
    service: &Service,
    caller: &Caller,
    listing: &Listing,
    page: Page,
) -> Result<Json<Items>, Problem> {
    let slice = service.store.list(listing, page.limit, page.after).await?;
    Ok(Json(Items::of(slice, |order| readable_by(order, caller.actor))))
}
