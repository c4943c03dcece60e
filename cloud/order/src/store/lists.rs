//! Reads for people: one order, its timeline, and lists that page by cursor, newest first.
//!
//! Invariant: an order's place in a list, the moment of its publication and its id, never changes. So pages neither skip
//! nor repeat an order while others come, go and change.

use platform::{
    sql::{Columns, Statement, Val},
    vals,
};
use process::problem::TimeCursor;
use wire::{
    Amount, Order, OrderCode, OrderId, OrderStatus, Region, ServiceType, TimelineEntry, UnixMillis,
    UserId,
};

use super::{
    Store, StoreError,
    rows::{LineRow, OrderRow},
};

/// The newest lines of a timeline that are shown.
const LINES_MAX: usize = 500;

/// Orders of one export. Whoever wants more asks for a time after the other.
pub const EXPORTED_MAX: u64 = 100_000;
const BEYOND_EXPORT: &str = " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET 100000";

/// The orders that fit all of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub customer: Option<UserId>,
    pub provider: Option<UserId>,
    pub region: Option<Region>,
    pub status: Option<OrderStatus>,
    pub service_type: Option<ServiceType>,
    pub code: Option<OrderCode>,
    pub price_min: Option<Amount>,
    pub price_max: Option<Amount>,
    /// Published at this moment or later.
    pub from: Option<UnixMillis>,
    /// Published before this moment.
    pub until: Option<UnixMillis>,
}

impl Store {
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let row = self.sql.one::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id]).await?;
        Ok(row.map(Order::from))
    }

    /// The history of an order, oldest first.
    pub async fn timeline(&self, id: OrderId) -> Result<Vec<TimelineEntry>, StoreError> {
        let text = LineRow::select("WHERE order_id = ? ORDER BY id DESC LIMIT ?");
        let rows = self.sql.all::<LineRow>(text, vals![id, LINES_MAX]).await?;
        Ok(rows.into_iter().rev().map(TimelineEntry::from).collect())
    }

    /// Returns whether the list has more orders than one export.
    pub async fn exceeds_export(&self, listing: &Listing) -> Result<bool, StoreError> {
        let text = Statement::new("SELECT id FROM orders ");
        let (text, values) = narrowed(text, listing, TimeCursor::START);
        Ok(self.sql.one::<OrderId>(text.then(BEYOND_EXPORT), values).await?.is_some())
    }

    /// At most `limit` orders of the list, those after the given place.
    pub async fn list(
        &self,
        listing: &Listing,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<Order>, StoreError> {
        let after = after.unwrap_or(TimeCursor::START);
        let (text, mut values) = narrowed(OrderRow::select(""), listing, after);
        let text = text.then(" ORDER BY created_at DESC, id DESC LIMIT ?");
        values.push(limit.into());
        let rows = self.sql.all::<OrderRow>(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }
}

/// An index serves the people, the region, the status, the kind of work and the moment; it ends with the place in the
/// list. Prices are compared on the rows that it finds.
fn narrowed(text: Statement, listing: &Listing, after: TimeCursor) -> (Statement, Vec<Val>) {
    let until = listing.until.map_or(after.at, |until| UnixMillis(until.0.saturating_sub(1)));
    let mut text = text.then("WHERE created_at <= ?");
    let mut values = vals![after.at.min(until)];
    for (condition, value) in [
        (" AND created_at >= ?", listing.from.map(Val::from)),
        (" AND customer_id = ?", listing.customer.map(Val::from)),
        (" AND provider_id = ?", listing.provider.map(Val::from)),
        (" AND location = ?", listing.region.map(Val::from)),
        (" AND status = ?", listing.status.map(Val::from)),
        (" AND service_type = ?", listing.service_type.map(Val::from)),
        (" AND code = ?", listing.code.as_ref().map(|code| code.as_str().into())),
        (" AND price_minor >= ?", listing.price_min.map(Val::from)),
        (" AND price_minor <= ?", listing.price_max.map(Val::from)),
    ] {
        let Some(value) = value else { continue };
        text = text.then(condition);
        values.push(value);
    }
    values.extend(vals![after.at, after.id]);
    (text.then(" AND (created_at < ? OR id < ?)"), values)
}
