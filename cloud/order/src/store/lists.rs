//! Reads for people: one order, its timeline, and lists that page by cursor, newest first.

use platform::{
    sql::{Columns, Statement, Val},
    vals,
};
use process::problem::TimeCursor;
use wire::{Order, OrderCode, OrderId, OrderStatus, Region, TimelineEntry, UserId};

use super::{
    Store, StoreError,
    rows::{LineRow, OrderRow},
};

/// The newest lines of a timeline that are shown.
const LINES_MAX: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub customer: Option<UserId>,
    pub provider: Option<UserId>,
    pub status: Option<OrderStatus>,
    pub region: Option<Region>,
    pub code: Option<OrderCode>,
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

    /// At most `limit` orders of the list, those after the given place.
    pub async fn list(
        &self,
        listing: &Listing,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<Order>, StoreError> {
        let (text, mut values) = statement(listing, after.unwrap_or(TimeCursor::START));
        values.push(limit.into());
        let rows = self.sql.all::<OrderRow>(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }
}

/// The conditions come in the order of the indexes' columns; the place in the list comes last.
fn statement(listing: &Listing, after: TimeCursor) -> (Statement, Vec<Val>) {
    let mut text = OrderRow::select("WHERE created_at <= ?");
    let mut values = vals![after.at];
    for (condition, value) in [
        (" AND customer_id = ?", listing.customer.map(Val::from)),
        (" AND provider_id = ?", listing.provider.map(Val::from)),
        (" AND location = ?", listing.region.map(Val::from)),
        (" AND status = ?", listing.status.map(Val::from)),
        (" AND code = ?", listing.code.as_ref().map(|code| code.as_str().into())),
    ] {
        let Some(value) = value else { continue };
        text = text.then(condition);
        values.push(value);
    }
    values.extend(vals![after.at, after.id]);
    let text = text
        .then(" AND (created_at < ? OR id < ?)")
        .then(" ORDER BY created_at DESC, id DESC LIMIT ?");
    (text, values)
}
