//! Lists of orders, paged by cursor.
//!
//! Invariant: an order's list position never changes. It consists of a fixed field (creation time,
//! price or service start) and the id, so pages neither skip nor repeat an order during changes.

use std::{fmt, str::FromStr};

use platform::{
    sql::{Columns, Statement, Val},
    vals,
};
use uuid::Uuid;
use wire::{
    Amount, Order, OrderCode, OrderId, OrderStatus, Region, ServiceType, UnixMillis, UserId, words,
    words_from_text,
};

use super::{Store, StoreError, rows::OrderRow};

/// Orders per export. For more, callers split the time range.
pub const EXPORTED_MAX: u64 = 100_000;

const BEYOND_EXPORT: &str = " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET 100000";

words! {
    /// The sort order of an order list.
    OrderSort {
        Newest "newest",
        Oldest "oldest",
        PriceHigh "price_high",
        PriceLow "price_low",
        /// By service start, earliest first; orders without one come last.
        Start "start",
    }
}

words_from_text!(OrderSort);

/// The position of an order in a list with this sort. The id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderListCursor {
    pub sort: OrderSort,
    pub key: i64,
    pub id: Uuid,
}

struct SortSql {
    from: &'static str,
    beyond: &'static str,
    by: &'static str,
}

/// A query for orders; all set fields must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderListQuery {
    pub customer: Option<UserId>,
    pub provider: Option<UserId>,
    pub region: Option<Region>,
    pub status: Option<OrderStatus>,
    pub service_type: Option<ServiceType>,
    pub code: Option<OrderCode>,
    pub price_min: Option<Amount>,
    pub price_max: Option<Amount>,
    /// Published at or after this moment.
    pub from: Option<UnixMillis>,
    /// Published before this moment.
    pub until: Option<UnixMillis>,
}

impl Store {
    /// True if the list exceeds one export.
    pub async fn exceeds_export(&self, query: &OrderListQuery) -> Result<bool, StoreError> {
        let text = Statement::new("SELECT id FROM orders ");
        let newest = OrderListCursor::before_all(OrderSort::Newest);
        let (text, values) = add_filters(text, query, newest);
        Ok(!self
            .reads
            .fetch_all::<OrderId>(text.append_text(BEYOND_EXPORT), values)
            .await?
            .is_empty())
    }

    /// Up to `limit` orders after the given position.
    pub async fn list(
        &self,
        query: &OrderListQuery,
        limit: usize,
        after: OrderListCursor,
    ) -> Result<Vec<Order>, StoreError> {
        let (text, values) = build_page_query(query, limit, after);
        let rows = self.sql.fetch_all::<OrderRow>(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }

    /// The same from a replica that may lag a few seconds, for long reads.
    pub async fn list_from_replica(
        &self,
        query: &OrderListQuery,
        limit: usize,
        after: OrderListCursor,
    ) -> Result<Vec<Order>, StoreError> {
        let (text, values) = build_page_query(query, limit, after);
        let rows = self.reads.fetch_all::<OrderRow>(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }
}

fn build_page_query(
    query: &OrderListQuery,
    limit: usize,
    after: OrderListCursor,
) -> (Statement, Vec<Val>) {
    let (text, mut values) = add_filters(OrderRow::select(""), query, after);
    values.push(limit.into());
    (text.append_text(after.sort.sql_texts().by), values)
}

impl OrderSort {
    fn sql_texts(self) -> SortSql {
        match self {
            Self::Newest => SortSql {
                from: "WHERE created_at <= ?",
                beyond: " AND (created_at < ? OR id < ?)",
                by: " ORDER BY created_at DESC, id DESC LIMIT ?",
            },
            Self::Oldest => SortSql {
                from: "WHERE created_at >= ?",
                beyond: " AND (created_at > ? OR id > ?)",
                by: " ORDER BY created_at, id LIMIT ?",
            },
            Self::PriceHigh => SortSql {
                from: "WHERE price_minor <= ?",
                beyond: " AND (price_minor < ? OR id < ?)",
                by: " ORDER BY price_minor DESC, id DESC LIMIT ?",
            },
            Self::PriceLow => SortSql {
                from: "WHERE price_minor >= ?",
                beyond: " AND (price_minor > ? OR id > ?)",
                by: " ORDER BY price_minor, id LIMIT ?",
            },
            Self::Start => SortSql {
                from: "WHERE starts_at >= ?",
                beyond: " AND (starts_at > ? OR id > ?)",
                by: " ORDER BY starts_at, id LIMIT ?",
            },
        }
    }
}

impl OrderListCursor {
    pub fn before_all(sort: OrderSort) -> Self {
        match sort {
            OrderSort::Newest | OrderSort::PriceHigh => Self {
                sort,
                key: i64::MAX,
                id: Uuid::max(),
            },
            OrderSort::Oldest | OrderSort::PriceLow | OrderSort::Start => Self {
                sort,
                key: i64::MIN,
                id: Uuid::nil(),
            },
        }
    }

    pub fn from_order(sort: OrderSort, order: &Order) -> Self {
        let key = match sort {
            OrderSort::Newest | OrderSort::Oldest => order.created_at.0,
            OrderSort::PriceHigh | OrderSort::PriceLow => order.price.minor_units(),
            OrderSort::Start => order.service_start_time.map_or(i64::MAX, |at| at.0),
        };
        Self {
            sort,
            key,
            id: order.id.0,
        }
    }
}

/// Omits the default sort, so that cursors from before other sorts existed stay valid.
impl fmt::Display for OrderListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sort != OrderSort::Newest {
            write!(f, "{}.", self.sort)?;
        }
        write!(f, "{}.{}", self.key, self.id.simple())
    }
}

impl FromStr for OrderListCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let (front, id) = text.rsplit_once('.').ok_or(wrong)?;
        let (sort, key) = match front.split_once('.') {
            Some((sort, key)) => (sort.parse().map_err(|_| wrong)?, key),
            None => (OrderSort::Newest, front),
        };
        let key = key.parse().map_err(|_| wrong)?;
        Ok(Self {
            sort,
            key,
            id: id.parse().map_err(|_| wrong)?,
        })
    }
}

/// Indexes cover customer, provider, region, status, service type and sort. The database filters
/// the rest on the rows found, or sorts one person's rows.
fn add_filters(
    statement: Statement,
    query: &OrderListQuery,
    after: OrderListCursor,
) -> (Statement, Vec<Val>) {
    let sort = after.sort.sql_texts();
    let (from, key, until) = merge_bounds(query, after);
    let mut text = statement.append_text(sort.from);
    let mut values = vals![key];
    for (condition, value) in [
        (" AND created_at >= ?", from.map(Val::from)),
        (" AND created_at < ?", until.map(Val::from)),
        (" AND customer_id = ?", query.customer.map(Val::from)),
        (" AND provider_id = ?", query.provider.map(Val::from)),
        (" AND location = ?", query.region.map(Val::from)),
        (" AND status = ?", query.status.map(Val::from)),
        (" AND service_type = ?", query.service_type.map(Val::from)),
        (
            " AND code = ?",
            query.code.as_ref().map(|code| code.as_str().into()),
        ),
        (" AND price_minor >= ?", query.price_min.map(Val::from)),
        (" AND price_minor <= ?", query.price_max.map(Val::from)),
    ] {
        let Some(value) = value else { continue };
        text = text.append_text(condition);
        values.push(value);
    }
    values.extend(vals![after.key, after.id]);
    (text.append_text(sort.beyond), values)
}

/// If creation time is the sort, merges its bound with the cursor's: an index scan starts from only
/// one.
fn merge_bounds(
    query: &OrderListQuery,
    after: OrderListCursor,
) -> (Option<UnixMillis>, i64, Option<UnixMillis>) {
    let OrderListQuery { from, until, .. } = *query;
    match after.sort {
        OrderSort::Newest => {
            let until = until.map_or(i64::MAX, |until| until.0.saturating_sub(1));
            (from, after.key.min(until), None)
        }
        OrderSort::Oldest => {
            let from = from.map_or(i64::MIN, |from| from.0);
            (None, after.key.max(from), until)
        }
        OrderSort::PriceHigh | OrderSort::PriceLow | OrderSort::Start => (from, after.key, until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_other_texts_do_not() {
        for sort in OrderSort::ALL {
            let place = OrderListCursor {
                sort,
                key: -5,
                id: Uuid::from_u128(5),
            };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        // A cursor issued before other sorts existed still works.
        let before = process::problem::TimeCursor {
            at: UnixMillis(17),
            id: Uuid::from_u128(5),
        };
        let read: OrderListCursor = before.to_string().parse().unwrap();
        assert_eq!(
            (read.sort, read.key, read.id),
            (OrderSort::Newest, 17, before.id)
        );
        for bad in [
            "",
            ".",
            "17",
            "17.",
            ".5",
            "17.x",
            "newest.17",
            "dearest.17.5",
            "start.x.5",
        ] {
            assert!(bad.parse::<OrderListCursor>().is_err(), "{bad}");
        }
    }
}
