//! The orders that people may read. An order that is not theirs to see does not exist for them:
//! 404, never 403.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Json, Path, Problem, Query},
    tokens::{Admin, Caller},
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    Actor, AssignmentEvent, Code, Order, OrderId, OrderStatus, Region, Role, ServiceType,
    TimelineEntry, readable_by,
};

use super::{
    WholeList,
    filter::{DeskChoice, ListFilter, OwnChoice, SortChoice, Words},
};
use crate::{
    say,
    service::Service,
    store::{ListPlace, Listing, OrderSort},
};

type Page = problem::Page<ListPlace>;

/// Orders that one page with words looks through, at most, and as many at a time. Their words are
/// sealed, so that no database can search them.
const LOOKED_THROUGH_MAX: usize = 2_000;
const BATCH: usize = 200;

pub async fn order(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<Order>, Problem> {
    let order = service.store.order(id).await?;
    let seen = order.and_then(|order| readable_by(&order, caller.actor));
    seen.map(Json).ok_or_else(|| Code::OrderNotFound.into())
}

/// An order's history is for its own people and for admins: an open order shows a provider the work
/// to do, not the history before it.
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
    Query(filter): Query<ListFilter>,
    Query(choice): Query<OwnChoice>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    match filter.narrow_own(own(actor, choice.status))? {
        Some(own) => list(&service, actor, own, choice.sort(), page).await,
        None => Ok(ItemList::whole(Vec::new())),
    }
}

/// The orders of this person.
pub fn own(actor: Actor, status: Option<OrderStatus>) -> Option<Listing> {
    let me = Some(actor.user_id);
    match actor.role {
        Role::Customer => Some(Listing { customer: me, status, ..Listing::default() }),
        Role::Provider => Some(Listing { provider: me, status, ..Listing::default() }),
        Role::Admin => None,
    }
}

/// The kinds of work that are paid for afterwards in a region.
#[derive(Serialize, ToSchema)]
pub struct PaidAfterwards {
    region: Region,
    service_types: Vec<ServiceType>,
}

/// Both sides of an order have to know it before the work. Regions without such work are left out.
pub async fn paid_afterwards(
    State(service): State<Service>,
    _: Caller,
) -> Result<Json<WholeList<PaidAfterwards>>, Problem> {
    let regions = service.store.assignments().await?.into_iter();
    let items = regions.map(|AssignmentEvent { region, assignment }| PaidAfterwards {
        region,
        service_types: assignment.rules.paid_afterwards,
    });
    Ok(Json(WholeList { items: items.filter(|one| !one.service_types.is_empty()).collect() }))
}

/// Orders that wait for a provider.
pub async fn available(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(filter): Query<ListFilter>,
    Query(sort): Query<SortChoice>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    if actor.role != Role::Provider {
        return Err(Code::RoleForbidden.into());
    }
    let open = Listing { status: Some(OrderStatus::Pending), ..Listing::default() };
    list(&service, actor, filter.narrow(open)?, sort.sort(), page).await
}

/// All orders, for admins.
pub async fn all(
    State(service): State<Service>,
    Admin(caller): Admin,
    Query(filter): Query<ListFilter>,
    Query(desk): Query<DeskChoice>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let (desk, sort) = desk.list()?;
    list(&service, caller.actor, filter.narrow(desk)?, sort, page).await
}

async fn list(
    service: &Service,
    actor: Actor,
    (listing, words): (Listing, Option<Words>),
    sort: OrderSort,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let after = page.after.unwrap_or(ListPlace::before_all(sort));
    if after.sort != sort {
        return Err(Problem::wrong("cursor", say::cursor_of_other_order));
    }
    if let Some(words) = words {
        return search(service, actor, &listing, &words, after, page).await;
    }
    let orders = service.store.list(&listing, page.rows(), after).await?;
    let place = |order: &Order| ListPlace::of(sort, order);
    Ok(page.of(orders, place).filter_map(|order| readable_by(&order, actor)))
}

/// Walks the list until the page is full, the list ends, or enough was looked through.
async fn search(
    service: &Service,
    actor: Actor,
    listing: &Listing,
    words: &Words,
    mut after: ListPlace,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let mut found: Vec<Order> = Vec::new();
    let sort = after.sort;
    let place = |order: &Order| ListPlace::of(sort, order);
    for _ in 0..LOOKED_THROUGH_MAX / BATCH {
        let orders = service.store.list_at_length(listing, BATCH, after).await?;
        let ends = orders.len() < BATCH;
        after = orders.last().map_or(after, place);
        let seen = orders.into_iter().filter_map(|order| readable_by(&order, actor));
        found.extend(seen.filter(|order| words.stand_in(order)));
        if ends || found.len() > page.limit {
            return Ok(page.of(found, place));
        }
    }
    Ok(ItemList { items: found, next: Some(after.to_string()) })
}
