//! Orders as the payment service compares its own rows with them [PULL].

use custody::{KnownOrder, KnownOrders, KnownQuestion};
use platform::{sql::Columns, vals};
use uuid::Uuid;

use super::{Store, StoreError, rows::OrderRow};

/// Orders of one answer, however many are asked for.
pub const KNOWN_MAX: usize = 200;

const CHANGED: &str =
    "WHERE updated_at >= ? AND (updated_at > ? OR id > ?) ORDER BY updated_at, id LIMIT ?";

impl Store {
    pub async fn known(&self, asked: &KnownQuestion) -> Result<KnownOrders, StoreError> {
        let rows: Vec<OrderRow> = match asked {
            KnownQuestion::Named(ids) if ids.is_empty() => Vec::new(),
            KnownQuestion::Named(ids) => {
                let text = OrderRow::select("WHERE id IN (").marks(ids.len()).then(")");
                self.sql.all(text, ids.iter().map(Into::into).collect()).await?
            }
            KnownQuestion::Changed { since, after } => {
                let id = after.map_or(Uuid::nil(), |id| id.0);
                let values = vals![*since, *since, id, KNOWN_MAX];
                self.sql.all(OrderRow::select(CHANGED), values).await?
            }
        };
        let known = |row: OrderRow| {
            let (terms, money_version) = (row.terms(), row.money_version);
            KnownOrder { order: row.into(), terms, money_version }
        };
        Ok(KnownOrders { items: rows.into_iter().map(known).collect() })
    }
}
