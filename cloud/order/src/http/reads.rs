//! The orders that people may read. An order that is not theirs to see does not exist for them: 404,
//! never 403.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Json, Path, Problem, Query, TimeCursor},
    tokens::{Admin, Caller},
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    Actor, Code, Order, OrderCode, OrderId, OrderStatus, Region, Role, TimelineEntry, readable_by,
};

use super::WholeList;
use crate::{say, service::Service, store::Listing};

type Page = problem::Page<TimeCursor>;

/// The filters of a list; each list takes those that make sense for it.
#[derive(Deserialize, Default, ToSchema)]
pub struct ListFilter {
    status: Option<OrderStatus>,
    region: Option<Region>,
    code: Option<String>,
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

/// An order's history is for its own people and for admins: an open order shows a provider the work to
/// do, not the history before it.
pub async fn timeline(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<WholeList<TimelineEntry>>, Problem> {
    let actor = caller.actor;
    let order = service.store.order(id).await?.ok_or(Code::OrderNotFound)?;
    let own = actor.role != Role::Provider || order.provider_id == Some(actor.user_id);
    if !own || readable_by(&order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let mut items = service.store.timeline(id).await?;
    if actor.role == Role::Admin {
        // With an operator's name and words, which are for operators.
        service.store.tell_ends(order.location, items.iter_mut()).await?;
    }
    Ok(Json(WholeList { items }))
}

/// The caller's own orders: published by a customer, accepted by a provider. An admin has none.
pub async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(ListFilter { status, .. }): Query<ListFilter>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let me = Some(actor.user_id);
    let listing = match actor.role {
        Role::Customer => Listing { customer: me, status, ..Listing::default() },
        Role::Provider => Listing { provider: me, status, ..Listing::default() },
        Role::Admin => return Ok(ItemList::whole(Vec::new())),
    };
    list(&service, actor, &listing, page).await
}

/// Orders that wait for a provider.
pub async fn available(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(ListFilter { region, .. }): Query<ListFilter>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    if actor.role != Role::Provider {
        return Err(Code::RoleForbidden.into());
    }
    let listing = Listing { status: Some(OrderStatus::Pending), region, ..Listing::default() };
    list(&service, actor, &listing, page).await
}

/// All orders, for admins.
pub async fn all(
    State(service): State<Service>,
    Admin(caller): Admin,
    Query(ListFilter { status, region, code }): Query<ListFilter>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let parsed = |text: String| {
        OrderCode::parse(&text).ok_or_else(|| Problem::wrong("code", say::code_no_code))
    };
    let code = code.map(parsed).transpose()?;
    let listing = Listing { status, region, code, ..Listing::default() };
    list(&service, caller.actor, &listing, page).await
}

async fn list(
    service: &Service,
    actor: Actor,
    listing: &Listing,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let orders = service.store.list(listing, page.rows(), page.after).await?;
    let place = |order: &Order| TimeCursor { at: order.created_at, id: order.id.0 };
    Ok(page.of(orders, place).filter_map(|order| readable_by(&order, actor)))
}
