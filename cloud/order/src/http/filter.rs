//! List filters from the query string.
//!
//! Invariant: a text search matches only the text its reader may see, so that results reveal no
//! more than the items do.

use process::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Amount, Order, OrderCode, OrderStatus, Region, ServiceType, UnixMillis, UserId, words};

use crate::{
    say,
    store::{OrderListQuery, OrderSort},
};

/// Characters of a search. Titles are shorter.
const TEXT_CHARS_MAX: usize = 100;

/// List filters available to every caller.
#[derive(Deserialize, Default, ToSchema)]
pub struct ListFilter {
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
pub struct StatusFilter {
    pub status: Option<OrderStatus>,
}

/// The sort order of a list; defaults to `newest`.
#[derive(Deserialize, Default, ToSchema)]
pub struct SortChoice {
    sort: Option<OrderSort>,
}

/// Sort order and status filter for the caller's own orders.
#[derive(Deserialize, Default, ToSchema)]
pub struct OwnChoice {
    pub status: Option<OrderStatus>,
    sort: Option<OrderSort>,
}

/// Filters and sort order for an admin's list of all orders.
#[derive(Deserialize, Default, ToSchema)]
pub struct DeskChoice {
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
pub struct DeskFilter {
    status: Option<OrderStatus>,
    /// The order code, as people type it.
    code: Option<String>,
    customer_id: Option<UserId>,
    provider_id: Option<UserId>,
}

/// Search terms in lower case.
pub struct SearchTerms(Vec<String>);

/// A filtered list: the query for the store, and the search terms to match separately.
#[derive(Default)]
pub struct NarrowedList {
    pub query: OrderListQuery,
    pub words: Option<SearchTerms>,
}

impl ListFilter {
    /// Narrows the reader's own list. Also refuses a bad filter from a reader without one.
    pub fn narrow_own(self, own: Option<OrderListQuery>) -> Result<Option<NarrowedList>, Problem> {
        let has_own = own.is_some();
        let narrowed = self.narrow_list(own.unwrap_or_default())?;
        Ok(has_own.then_some(narrowed))
    }

    pub fn narrow_list(self, list: OrderListQuery) -> Result<NarrowedList, Problem> {
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
    pub fn sort_or_default(self) -> OrderSort {
        self.sort.unwrap_or(OrderSort::Newest)
    }
}

impl OwnChoice {
    pub fn sort_or_default(&self) -> OrderSort {
        self.sort.unwrap_or(OrderSort::Newest)
    }
}

impl DeskChoice {
    pub fn list(self) -> Result<(OrderListQuery, OrderSort), Problem> {
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
    pub fn list(self) -> Result<OrderListQuery, Problem> {
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
    pub fn stand_in(&self, order: &Order) -> bool {
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
            assert_eq!(words.stand_in(&order()), found, "{text}");
        }
        assert!(SearchTerms::read(" \t").is_ok_and(|words| words.is_none()));
        assert!(
            SearchTerms::read(&"水".repeat(100)).is_ok()
                && SearchTerms::read(&"x".repeat(101)).is_err()
        );
    }
}
