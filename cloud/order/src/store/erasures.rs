//! The progress of erasing the texts of deleted people, order by order.
//!
//! Invariant: a person is done only once the job has gone through all their orders since the last
//! request and left no texts.

use platform::{row, sql::Columns, transact, vals};
use wire::{OrderId, UnixMillis, UserId};

use super::{Store, StoreError, calendar_feeds::end_feed, message_blocks::delete_blocks};

row! {
    struct ErasureRow in erasures {
        user_id: UserId,
        asked_at: UnixMillis,
        next_at: Option<UnixMillis>,
        after_order: Option<OrderId>,
        has_left: bool,
        is_repeat: bool,
        done_at: Option<UnixMillis>,
    }
}

const START_ANEW: &str = "UPDATE erasures SET asked_at = ?, next_at = ?, after_order = NULL, \
    has_left = ?, is_repeat = ?, done_at = NULL WHERE user_id = ?";

const DELETE_MARK: &str = "DELETE FROM provider_marks WHERE user_id = ?";

const DUE: &str = "WHERE next_at <= ? ORDER BY next_at, user_id LIMIT ?";

const FIRST_ORDERS: &str =
    "SELECT DISTINCT order_id FROM order_timeline WHERE actor_id = ? ORDER BY order_id LIMIT ?";

const FURTHER_ORDERS: &str = "SELECT DISTINCT order_id FROM order_timeline WHERE actor_id = ? \
    AND order_id > ? ORDER BY order_id LIMIT ?";

const PASS: &str = "UPDATE erasures SET after_order = ?, has_left = ? WHERE user_id = ? \
    AND asked_at = ? AND done_at IS NULL";

const FINISH: &str = "UPDATE erasures SET done_at = ?, next_at = NULL WHERE user_id = ? \
    AND asked_at = ?";

const LOOK_AGAIN: &str = "UPDATE erasures SET next_at = ?, after_order = NULL, has_left = ?, \
    is_repeat = ? WHERE user_id = ? AND asked_at = ?";

/// An open order may take weeks to close.
const LOOK_AGAIN_AFTER_MS: i64 = 60 * 60 * 1_000;

/// A person with orders to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueErasure {
    pub person: UserId,
    /// A later request starts the work again.
    asked_at: UnixMillis,
    after_order: Option<OrderId>,
    has_left: bool,
    /// Orders that were erased before are published again.
    pub is_repeat: bool,
}

impl Store {
    /// Starts the erasure of a deleted person, from the beginning if it was requested before: a
    /// restored backup may have brought texts back. Deletes their other data here at once.
    pub async fn start_erasure(
        &self,
        person: UserId,
        asked_at: UnixMillis,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let row = ErasureRow {
                user_id: person,
                asked_at,
                next_at: Some(now),
                after_order: None,
                has_left: false,
                is_repeat: false,
                done_at: None,
            };
            if !tx.insert_new(row).await? {
                tx.exec(START_ANEW, vals![asked_at, now, false, true, person]).await?;
            }
            end_feed(tx, person).await?;
            delete_blocks(tx, person).await?;
            tx.exec(DELETE_MARK, vals![person]).await?;
            Ok(())
        })
    }

    /// Up to `limit` people who are due, the longest-waiting first.
    pub async fn list_due_erasures(&self, limit: usize) -> Result<Vec<DueErasure>, StoreError> {
        let values = vals![self.clock.now(), limit];
        let rows: Vec<ErasureRow> = self.sql.fetch_all(ErasureRow::select(DUE), values).await?;
        let due = rows.into_iter().map(|row| DueErasure {
            person: row.user_id,
            asked_at: row.asked_at,
            after_order: row.after_order,
            has_left: row.has_left,
            is_repeat: row.is_repeat,
        });
        Ok(due.collect())
    }

    /// Up to `limit` orders that the person has acted on, after those gone through already.
    pub async fn list_orders_to_erase(
        &self,
        erasure: &DueErasure,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let person = erasure.person;
        let (text, values) = match erasure.after_order {
            Some(order) => (FURTHER_ORDERS, vals![person, order, limit]),
            None => (FIRST_ORDERS, vals![person, limit]),
        };
        Ok(self.sql.fetch_all(text, values).await?)
    }

    /// Records that the job has gone through the person's orders up to this one. `is_left` if it
    /// still has texts.
    pub async fn pass_order(
        &self,
        erasure: &mut DueErasure,
        order_id: OrderId,
        is_left: bool,
    ) -> Result<(), StoreError> {
        erasure.has_left |= is_left;
        erasure.after_order = Some(order_id);
        let DueErasure {
            person, asked_at, ..
        } = *erasure;
        let values = vals![order_id, erasure.has_left, person, asked_at];
        self.sql.exec(PASS, values).await?;
        Ok(())
    }

    /// Call it after the person's last order. Returns false if one of them still has texts: the job
    /// goes through all of them again later.
    pub async fn finish_erasure(&self, erasure: &DueErasure) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let DueErasure {
            person, asked_at, ..
        } = *erasure;
        if erasure.has_left {
            let next_at = now.plus_ms(LOOK_AGAIN_AFTER_MS);
            let values = vals![next_at, false, false, person, asked_at];
            self.sql.exec(LOOK_AGAIN, values).await?;
        } else {
            self.sql.exec(FINISH, vals![now, person, asked_at]).await?;
        }
        Ok(!erasure.has_left)
    }
}
