//! Lists of orders, and their filters from the query string. A list omits orders that the caller
//! may not see.
//!
//! Invariant: a text search matches only the text its reader may see, so that results reveal no
//! more than the items do.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Problem, Query},
    tokens::Caller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    Actor, Amount, Order, OrderCode, OrderStatus, Region, Role, ServiceType, UnixMillis, UserId,
    order_visible_to, words,
};

use super::series::OrderInSeries;
use crate::{
    actions::Service,
    say,
    store::{OrderListCursor, OrderListQuery, OrderSort},
};

type Page = problem::Page<OrderListCursor>;

/// Orders that one page of a text search scans, and the batch size. The text is sealed, so the
/// database cannot search it.
const LOOKED_THROUGH_MAX: usize = 2_000;

const BATCH: usize = 200;

/// Characters of a search. Titles are shorter.
const TEXT_CHARS_MAX: usize = 100;

/// The caller's own orders: published by a customer, accepted by a provider. Empty for an admin.
pub(crate) async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(filter): Query<ListFilter>,
    Query(choice): Query<OwnChoice>,
    page: Page,
) -> Result<ItemList<OrderInSeries>, Problem> {
    match filter.narrow_own(own_orders_query(actor, choice.status))? {
        Some(own) => read_list(&service, actor, own, choice.sort_or_default(), page).await,
        None => Ok(ItemList::from_all_items(Vec::new())),
    }
}

pub(crate) fn own_orders_query(
    actor: Actor,
    status: Option<OrderStatus>,
) -> Option<OrderListQuery> {
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

pub(crate) async fn available(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(filter): Query<ListFilter>,
    Query(sort): Query<SortChoice>,
    page: Page,
) -> Result<ItemList<OrderInSeries>, Problem> {
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

pub(crate) async fn all(
    State(service): State<Service>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(desk): Query<DeskChoice>,
    page: Page,
) -> Result<ItemList<OrderInSeries>, Problem> {
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
) -> Result<ItemList<OrderInSeries>, Problem> {
    let after = page.after.unwrap_or(OrderListCursor::before_all(sort));
    if after.sort != sort {
        return Err(Problem::wrong_field("cursor", say::cursor_of_other_order));
    }
    let NarrowedList {
        query: listing,
        words,
    } = list;
    if let Some(words) = words {
        let found = search_orders(service, actor, &listing, &words, after, page).await?;
        return add_series(service, found).await;
    }
    let orders = service
        .store
        .list(&listing, page.rows_to_read(), after)
        .await?;
    let listed = page
        .build_page(orders, |order| OrderListCursor::from_order(sort, order))
        .filter_map(|order| order_visible_to(&order, actor));
    add_series(service, listed).await
}

async fn add_series(
    service: &Service,
    list: ItemList<Order>,
) -> Result<ItemList<OrderInSeries>, Problem> {
    let ItemList { items, next } = list;
    let items = OrderInSeries::load_all(service, items).await?;
    Ok(ItemList { items, next })
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
        let orders = service.store.list_from_replica(query, BATCH, after).await?;
        let ends = orders.len() < BATCH;
        if let Some(last) = orders.last() {
            after = OrderListCursor::from_order(sort, last);
        }
        let seen = orders
            .into_iter()
            .filter_map(|order| order_visible_to(&order, actor));
        found.extend(seen.filter(|order| words.match_order(order)));
        if ends || found.len() > page.limit {
            return Ok(page.build_page(found, |order| OrderListCursor::from_order(sort, order)));
        }
    }
    Ok(ItemList {
        items: found,
        next: Some(after.to_string()),
    })
}

/// List filters available to every caller.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct ListFilter {
    region: Option<Region>,
    service_type: Option<ServiceType>,
    /// The lowest price.
    price_min: Option<Amount>,
    /// The highest price.
    price_max: Option<Amount>,
    /// Orders published at or after this moment.
    from: Option<UnixMillis>,
    /// Orders published before this moment.
    until: Option<UnixMillis>,
    /// Search terms that must all occur in title, description, address or code. A page may then
    /// have fewer items than `limit`, even zero, and still name a next page: each page scans a
    /// limited number of orders.
    #[schema(max_length = 100)]
    text: Option<String>,
}

#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct StatusFilter {
    pub status: Option<OrderStatus>,
}

/// The sort order of a list; defaults to `newest`.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct SortChoice {
    sort: Option<OrderSort>,
}

/// Sort order and status filter for the caller's own orders.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct OwnChoice {
    pub status: Option<OrderStatus>,
    sort: Option<OrderSort>,
}

/// Filters and sort order for an admin's list of all orders.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct DeskChoice {
    status: Option<OrderStatus>,
    /// The order code, as people type it.
    code: Option<String>,
    customer_id: Option<UserId>,
    provider_id: Option<UserId>,
    sort: Option<DeskSort>,
}

words! {
    DeskSort {
        Newest "newest",
        Oldest "oldest",
        PriceHigh "price_high",
        PriceLow "price_low",
    }
}

/// Additional filters for an admin's list of all orders.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct DeskFilter {
    status: Option<OrderStatus>,
    /// The order code, as people type it.
    code: Option<String>,
    customer_id: Option<UserId>,
    provider_id: Option<UserId>,
}

/// Search terms in lower case.
pub(crate) struct SearchTerms(Vec<String>);

/// A filtered list: the query for the store, and the search terms to match separately.
#[derive(Default)]
pub(crate) struct NarrowedList {
    pub query: OrderListQuery,
    pub words: Option<SearchTerms>,
}

impl ListFilter {
    /// Narrows the reader's own list. Also refuses a bad filter from a reader without one.
    pub(crate) fn narrow_own(
        self,
        own: Option<OrderListQuery>,
    ) -> Result<Option<NarrowedList>, Problem> {
        let has_own = own.is_some();
        let narrowed = self.narrow_list(own.unwrap_or_default())?;
        Ok(has_own.then_some(narrowed))
    }

    pub(crate) fn narrow_list(self, list: OrderListQuery) -> Result<NarrowedList, Problem> {
        let Self {
            region,
            service_type,
            price_min,
            price_max,
            from,
            until,
            text,
        } = self;
        if price_min
            .zip(price_max)
            .is_some_and(|(least, most)| most < least)
        {
            return Err(Problem::wrong_field("price_max", say::price_range_empty));
        }
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(Problem::wrong_field("until", say::time_range_empty));
        }
        let words = text
            .as_deref()
            .map(SearchTerms::read)
            .transpose()?
            .flatten();
        let listing = OrderListQuery {
            region,
            service_type,
            price_min,
            price_max,
            from,
            until,
            ..list
        };
        Ok(NarrowedList {
            query: listing,
            words,
        })
    }
}

impl SortChoice {
    pub(crate) fn sort_or_default(self) -> OrderSort {
        self.sort.unwrap_or(OrderSort::Newest)
    }
}

impl OwnChoice {
    pub(crate) fn sort_or_default(&self) -> OrderSort {
        self.sort.unwrap_or(OrderSort::Newest)
    }
}

impl DeskChoice {
    pub(crate) fn list(self) -> Result<(OrderListQuery, OrderSort), Problem> {
        let Self {
            status,
            code,
            customer_id,
            provider_id,
            sort,
        } = self;
        let sort = match sort {
            None | Some(DeskSort::Newest) => OrderSort::Newest,
            Some(DeskSort::Oldest) => OrderSort::Oldest,
            Some(DeskSort::PriceHigh) => OrderSort::PriceHigh,
            Some(DeskSort::PriceLow) => OrderSort::PriceLow,
        };
        Ok((
            DeskFilter {
                status,
                code,
                customer_id,
                provider_id,
            }
            .list()?,
            sort,
        ))
    }
}

impl DeskFilter {
    pub(crate) fn list(self) -> Result<OrderListQuery, Problem> {
        let code = match self.code {
            Some(text) => Some(parse_order_code(&text)?),
            None => None,
        };
        let Self {
            status,
            customer_id: customer,
            provider_id: provider,
            ..
        } = self;
        Ok(OrderListQuery {
            status,
            code,
            customer,
            provider,
            ..OrderListQuery::default()
        })
    }
}

fn parse_order_code(text: &str) -> Result<OrderCode, Problem> {
    OrderCode::parse(text).ok_or_else(|| Problem::wrong_field("code", say::code_no_code))
}

impl SearchTerms {
    /// `None` if the text is blank.
    fn read(text: &str) -> Result<Option<Self>, Problem> {
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err(Problem::wrong_field(
                "text",
                say::text_too_long {
                    most: TEXT_CHARS_MAX.into(),
                },
            ));
        }
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        Ok((!words.is_empty()).then_some(Self(words)))
    }

    /// True if every term occurs somewhere in the order.
    pub(crate) fn match_order(&self, order: &Order) -> bool {
        let Order {
            title,
            description,
            address,
            code,
            ..
        } = order;
        let texts = [title, description, address, code.as_str()].map(str::to_lowercase);
        self.0
            .iter()
            .all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

#[cfg(test)]
mod tests {
    use wire::{Draft, OrderId, Source};

    use super::*;

    fn order() -> Order {
        let price = Amount::from_minor(20_000).unwrap();
        let work = ServiceType::CleaningRepair;
        let mut draft = Draft::new("修理水龙头", work, price, Region::North, "1 Lake Road");
        draft.description = "It Drips.".into();
        let id = OrderId(uuid::Uuid::nil());
        Order::new_published(id, draft, UserId(id.0), UnixMillis(0), Source::Portal)
    }

    #[test]
    fn all_words_are_looked_for_in_any_case_and_language() {
        for (text, found) in [
            ("drip", true),
            ("水龙头 LAKE", true),
            ("  drips   road ", true),
            ("drip sea", false),
            ("%", false),
            ("n-", true),
        ] {
            let words = SearchTerms::read(text).ok().flatten().unwrap();
            assert_eq!(words.match_order(&order()), found, "{text}");
        }
        assert!(SearchTerms::read(" \t").is_ok_and(|words| words.is_none()));
        assert!(
            SearchTerms::read(&"水".repeat(100)).is_ok()
                && SearchTerms::read(&"x".repeat(101)).is_err()
        );
    }
}
