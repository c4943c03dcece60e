//! Orders for the payment service to compare with its own rows [PULL].

use std::collections::BTreeMap;

use custody::{ComparedOrder, ComparedOrders, OrderVersionsQuery};
use platform::{
    sql::{Columns, in_list},
    vals,
};
use uuid::Uuid;
use wire::{OrderId, UserId};

use super::{Store, StoreError, rows::OrderRow};

/// Maximum orders per answer.
pub const KNOWN_MAX: usize = 200;

/// Both kinds mark a provider whose work does not count: after a firm accept on a closed order,
/// later work joins that `met_closed` case.
const WORKED_IN_VAIN: &str = "SELECT DISTINCT order_id, user_id FROM case_items \
    WHERE kind IN ('worked_in_vain', 'met_closed') AND order_id IN (";
const CHANGED: &str =
    "WHERE updated_at >= ? AND (updated_at > ? OR id > ?) ORDER BY updated_at, id LIMIT ?";

impl Store {
    pub async fn known_orders(
        &self,
        asked: &OrderVersionsQuery,
    ) -> Result<ComparedOrders, StoreError> {
        let rows: Vec<OrderRow> = match asked {
            OrderVersionsQuery::Named(ids) if ids.is_empty() => Vec::new(),
            OrderVersionsQuery::Named(ids) => {
                let text = OrderRow::select("WHERE id IN (")
                    .append_marks(ids.len())
                    .append_text(")");
                self.sql
                    .fetch_all(text, ids.iter().map(Into::into).collect())
                    .await?
            }
            OrderVersionsQuery::Changed { since, after } => {
                let id = after.map_or(Uuid::nil(), |id| id.0);
                let values = vals![*since, *since, id, KNOWN_MAX];
                self.sql
                    .fetch_all(OrderRow::select(CHANGED), values)
                    .await?
            }
        };
        let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
        let mut worked_in_vain = self.worked_in_vain(&ids).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(ComparedOrder {
                terms: row.cancel_terms(),
                money_version: row.money_version,
                worked_in_vain: worked_in_vain.remove(&row.id).unwrap_or_default(),
                order: row.into(),
            });
        }
        Ok(ComparedOrders { items })
    }

    async fn worked_in_vain(
        &self,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, Vec<UserId>>, StoreError> {
        let mut providers: BTreeMap<OrderId, Vec<UserId>> = BTreeMap::new();
        if orders.is_empty() {
            return Ok(providers);
        }
        let text = in_list(WORKED_IN_VAIN, orders.len(), ") ORDER BY order_id, user_id");
        let values = orders.iter().map(Into::into).collect();
        for (order, provider) in self
            .sql
            .fetch_all::<(OrderId, UserId)>(text, values)
            .await?
        {
            providers.entry(order).or_default().push(provider);
        }
        Ok(providers)
    }
}
