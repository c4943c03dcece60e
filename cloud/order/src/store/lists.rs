//! Reads for people: one order, its timeline, and lists that page by cursor, newest first.

use std::{fmt, str::FromStr};

use platform::{
    sql::{Columns, Statement, Val},
    vals,
};
use uuid::Uuid;
use wire::{Order, OrderCode, OrderId, OrderStatus, Region, TimelineEntry, UnixMillis, UserId};

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

/// The place of an order in a list. New orders never move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_at: UnixMillis,
    id: OrderId,
}

impl Cursor {
    /// Before every order.
    const START: Self = Self { created_at: UnixMillis(i64::MAX), id: OrderId(Uuid::max()) };

    pub fn of(order: &Order) -> Self {
        Self { created_at: order.created_at, id: order.id }
    }
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
        after: Option<Cursor>,
    ) -> Result<Vec<Order>, StoreError> {
        let (text, mut values) = statement(listing, after.unwrap_or(Cursor::START));
        values.push(limit.into());
        let rows = self.sql.all::<OrderRow>(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }
}

/// The conditions come in the order of the indexes' columns; the place in the list comes last.
fn statement(listing: &Listing, after: Cursor) -> (Statement, Vec<Val>) {
    let mut text = OrderRow::select("WHERE created_at <= ?");
    let mut values = vals![after.created_at];
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
    values.extend(vals![after.created_at, after.id]);
    let text = text
        .then(" AND (created_at < ? OR id < ?)")
        .then(" ORDER BY created_at DESC, id DESC LIMIT ?");
    (text, values)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at.0, self.id.0.simple())
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let (at, id) = text.split_once('.').ok_or(wrong)?;
        let created_at = UnixMillis(at.parse().map_err(|_| wrong)?);
        Ok(Self { created_at, id: id.parse().map_err(|_| wrong)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_what_is_none_does_not() {
        let cursor = Cursor { created_at: UnixMillis(17), id: OrderId(Uuid::from_u128(5)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "17", "17.", ".5", "x.y", "17.5.5"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
