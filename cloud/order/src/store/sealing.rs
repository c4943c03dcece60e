//! Reseals text in order_db that is plain or sealed under an old key.

use platform::{
    sealing::{DataKeys, ResealedBatch, SealContext},
    vals,
};
use uuid::Uuid;
use wire::{CommandId, OrderId, UserId};

use super::{
    Store, StoreError, cases,
    rows::{ADDRESS, DESCRIPTION, TITLE, reason_place, word_place},
};

const ORDERS: &str =
    "SELECT id, title, description, address FROM orders WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_ORDER: &str = "UPDATE orders SET title = ?, description = ?, address = ? WHERE id = ?";
const LINES: &str = "SELECT id, order_id, command_id, actor_id, reason FROM order_timeline WHERE id > ? \
    ORDER BY id LIMIT ?";
const CASES: &str = "SELECT id, closed_why FROM case_items WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_CASE: &str = "UPDATE case_items SET closed_why = ? WHERE id = ?";
const RESEAL_LINE: &str = "UPDATE order_timeline SET reason = ? WHERE id = ?";

/// Rows per batch.
const BATCH: usize = 200;

impl Store {
    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    /// Reseals the text of a batch of orders after `after`; this text never changes otherwise.
    /// `last` is the last order of a full batch, `None` at the end.
    pub async fn reseal_orders(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        let keys = self.data_keys();
        let rows: Vec<(OrderId, String, String, String)> =
            self.sql.fetch_all(ORDERS, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, ..)| id.0);
        let mut sealed = 0;
        for (id, title, description, address) in rows {
            if ![&title, &description, &address]
                .into_iter()
                .any(|text| keys.is_stale_text(text))
            {
                continue;
            }
            let title = reseal_text(keys, &word_place(TITLE, id), title)?;
            let description = reseal_text(keys, &word_place(DESCRIPTION, id), description)?;
            let address = reseal_text(keys, &word_place(ADDRESS, id), address)?;
            self.sql
                .exec(RESEAL_ORDER, vals![title, description, address, id])
                .await?;
            sealed += 1;
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// The same for the reasons in the timeline.
    pub async fn reseal_reasons(&self, after: u64) -> Result<ResealedBatch<u64>, StoreError> {
        let keys = self.data_keys();
        let rows: Vec<(u64, OrderId, CommandId, UserId, Option<String>)> =
            self.sql.fetch_all(LINES, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, ..)| *id);
        let mut count = 0;
        for (id, order, command, actor, reason) in rows {
            let Some(reason) = reason.filter(|reason| keys.is_stale_text(reason)) else {
                continue;
            };
            let place = reason_place(order, command, actor);
            let sealed = reseal_text(keys, &place, reason)?;
            self.sql.exec(RESEAL_LINE, vals![sealed, id]).await?;
            count += 1;
        }
        Ok(ResealedBatch {
            sealed: count,
            last,
        })
    }

    /// The same for the reasons of closed cases.
    pub async fn reseal_cases(&self, after: u64) -> Result<ResealedBatch<u64>, StoreError> {
        let keys = self.data_keys();
        let rows: Vec<(u64, Option<String>)> =
            self.sql.fetch_all(CASES, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, _)| *id);
        let mut count = 0;
        for (id, why) in rows {
            let Some(why) = why.filter(|why| keys.is_stale_text(why)) else {
                continue;
            };
            let place = cases::case_seal_place(id);
            let sealed = reseal_text(keys, &place, why)?;
            self.sql.exec(RESEAL_CASE, vals![sealed, id]).await?;
            count += 1;
        }
        Ok(ResealedBatch {
            sealed: count,
            last,
        })
    }
}

/// Opens a text under the key it has, and seals it like a new one.
fn reseal_text(
    keys: &DataKeys,
    seal_context: &SealContext,
    text: String,
) -> Result<String, StoreError> {
    let plain = keys.open_text(seal_context, text)?;
    Ok(keys.seal_text(seal_context, &plain))
}
