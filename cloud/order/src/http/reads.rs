//! Reads for people. An order they may not see does not exist for them: 404, never 403.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Json, Path, Problem, Query},
    tokens::{AdminCaller, Caller},
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    Actor, AssignmentEvent, Code, Order, OrderId, OrderStatus, Region, Role, ServiceType,
    TimelineEntry, order_visible_to,
};

use super::{
    WholeList,
    filter::{DeskChoice, ListFilter, NarrowedList, OwnChoice, SearchTerms, SortChoice},
};
use crate::{
    say,
    service::Service,
    store::{OrderListCursor, OrderListQuery, OrderSort},
};

type Page = problem::Page<OrderListCursor>;

/// Orders that one page of a text search scans, and the batch size. The text is sealed, so the
/// database cannot search it.
const LOOKED_THROUGH_MAX: usize = 2_000;
const BATCH: usize = 200;

pub async fn order(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<Order>, Problem> {
    let order = service.store.find_order(id).await?;
    let seen = order.and_then(|order| order_visible_to(&order, caller.actor));
    seen.map(Json).ok_or_else(|| Code::OrderNotFound.into())
}

/// The timeline is for the order's own people and admins: providers see the work in an open order,
/// but not its history.
pub async fn timeline(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<WholeList<TimelineEntry>>, Problem> {
    let actor = caller.actor;
    let order = service
        .store
        .find_order(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let own = actor.role != Role::Provider || order.provider_id == Some(actor.user_id);
    if !own || order_visible_to(&order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let mut items = service.store.read_timeline(id).await?;
    if actor.role == Role::Admin {
        // Includes the operator's name and reason, which only operators may see.
        service
            .store
            .tell_ends(order.location, items.iter_mut())
            .await?;
    }
    Ok(Json(WholeList { items }))
}

/// The caller's own orders: published by a customer, accepted by a provider. Empty for an admin.
pub async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(filter): Query<ListFilter>,
    Query(choice): Query<OwnChoice>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    match filter.narrow_own(own_orders_query(actor, choice.status))? {
        Some(own) => read_list(&service, actor, own, choice.sort_or_default(), page).await,
        None => Ok(ItemList::from_all_items(Vec::new())),
    }
}

pub fn own_orders_query(actor: Actor, status: Option<OrderStatus>) -> Option<OrderListQuery> {
    let me = Some(actor.user_id);
    match actor.role {
        Role::Customer => Some(OrderListQuery {
            customer: me,
            status,
            ..OrderListQuery::default()
        }),
        Role::Provider => Some(OrderListQuery {
            provider: me,
            status,
            ..OrderListQuery::default()
        }),
        Role::Admin => None,
    }
}

/// The service types of a region that are paid for after the work.
#[derive(Serialize, ToSchema)]
pub struct PaidAfterwards {
    region: Region,
    service_types: Vec<ServiceType>,
}

/// Both sides of an order have to see this before the work. Omits regions without such work.
pub async fn paid_afterwards(
    State(service): State<Service>,
    _: Caller,
) -> Result<Json<WholeList<PaidAfterwards>>, Problem> {
    let regions = service.store.list_assignments().await?.into_iter();
    let items = regions.map(|AssignmentEvent { region, assignment }| PaidAfterwards {
        region,
        service_types: assignment.rules.paid_afterwards,
    });
    Ok(Json(WholeList {
        items: items.filter(|one| !one.service_types.is_empty()).collect(),
    }))
}

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
    let open = OrderListQuery {
        status: Some(OrderStatus::Pending),
        ..OrderListQuery::default()
    };
    read_list(
        &service,
        actor,
        filter.narrow_list(open)?,
        sort.sort_or_default(),
        page,
    )
    .await
}

pub async fn all(
    State(service): State<Service>,
    AdminCaller(caller): AdminCaller,
    Query(filter): Query<ListFilter>,
    Query(desk): Query<DeskChoice>,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let (desk, sort) = desk.list()?;
    read_list(
        &service,
        caller.actor,
        filter.narrow_list(desk)?,
        sort,
        page,
    )
    .await
}

async fn read_list(
    service: &Service,
    actor: Actor,
    list: NarrowedList,
    sort: OrderSort,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let after = page.after.unwrap_or(OrderListCursor::before_all(sort));
    if after.sort != sort {
        return Err(Problem::wrong_field("cursor", say::cursor_of_other_order));
    }
    let NarrowedList {
        query: listing,
        words,
    } = list;
    if let Some(words) = words {
        return search_orders(service, actor, &listing, &words, after, page).await;
    }
    let orders = service
        .store
        .list(&listing, page.rows_to_read(), after)
        .await?;
    Ok(page
        .build_page(orders, |order| OrderListCursor::from_order(sort, order))
        .filter_map(|order| order_visible_to(&order, actor)))
}

/// Scans the list until the page is full, the list ends, or the scan limit is reached.
async fn search_orders(
    service: &Service,
    actor: Actor,
    query: &OrderListQuery,
    words: &SearchTerms,
    mut after: OrderListCursor,
    page: Page,
) -> Result<ItemList<Order>, Problem> {
    let mut found: Vec<Order> = Vec::new();
    let sort = after.sort;
    for _ in 0..LOOKED_THROUGH_MAX / BATCH {
        let orders = service.store.list_at_length(query, BATCH, after).await?;
        let ends = orders.len() < BATCH;
        if let Some(last) = orders.last() {
            after = OrderListCursor::from_order(sort, last);
        }
        let seen = orders
            .into_iter()
            .filter_map(|order| order_visible_to(&order, actor));
        found.extend(seen.filter(|order| words.stand_in(order)));
        if ends || found.len() > page.limit {
            return Ok(page.build_page(found, |order| OrderListCursor::from_order(sort, order)));
        }
    }
    Ok(ItemList {
        items: found,
        next: Some(after.to_string()),
    })
}
