//! Drops this edge's copies of orders that were closed long ago. The cloud has them, and the edge
//! needs the space.
//!
//! Invariants: the view's digest still covers a dropped order, by the digest of the copy; only a
//! copy that the feed brought is dropped, never one that a pending op needs or whose customer owes
//! for the work; any newer version of the order brings the copy back. The order's messages go with
//! the copy.

use engine::view::{self, ConfirmedOrder, MergeResult, OrderSource, ViewDigest};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use wire::{Hash, Order, OrderId, UnixMillis, is_open};

use super::{
    Store, StoreWriteResult,
    message_rows::delete_messages_of,
    sql::{execute_cached, hash, read_optional, read_order, read_u64, to_sql_int},
};

/// Rows per run, so that commands never wait long.
const DROPPED_AT_ONCE: u32 = 500;

/// A confirmed order's row.
pub(super) enum StoredOrder {
    Whole(Box<ConfirmedOrder>),
    Dropped(DroppedOrder),
}

/// A closed order whose copy is gone.
pub(super) struct DroppedOrder {
    version: u64,
    feed_version: u64,
    digest: Hash,
}

impl Store {
    /// Drops the copies of some orders that closed before `before`; returns how many. 0 means that
    /// none is left.
    pub async fn drop_closed_orders(&self, before: UnixMillis) -> StoreWriteResult<usize> {
        self.journal
            .write(move |conn, _| drop_closed_orders(conn, before))
            .await
    }
}

/// Deletes the rows and inserts them again without their copies: SQLite joins emptied pages only
/// when it deletes.
fn drop_closed_orders(conn: &Connection, before: UnixMillis) -> rusqlite::Result<usize> {
    const CLOSED: &str = "SELECT id, version, feed_version, final, updated_at, worker, customer,
        owed, bytes FROM orders
        WHERE feed_open = 0 AND dropped_digest IS NULL AND updated_at < ?
        AND version = feed_version AND owed IS NOT 1
        AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.order_id = orders.id)
        ORDER BY updated_at LIMIT ?";
    const DELETE: &str = "DELETE FROM orders WHERE id = ?";
    const INSERT: &str = "INSERT INTO orders (id, version, feed_version, final, updated_at, worker,
        customer, owed, dropped_digest, feed_open, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, x'')";
    let closed: Vec<(Vec<Value>, Order)> = conn
        .prepare_cached(CLOSED)?
        .query_map(params![before.0, DROPPED_AT_ONCE], |row| {
            let kept = (0..8).map(|column| row.get(column));
            Ok((kept.collect::<rusqlite::Result<_>>()?, read_order(row, 8)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (kept, order) in &closed {
        execute_cached(conn, DELETE, [&kept[0]])?;
        delete_messages_of(conn, order.id)?;
    }
    for (kept, order) in &closed {
        let digest = Value::Blob(order.compute_digest().0.to_vec());
        execute_cached(conn, INSERT, params_from_iter(kept.iter().chain([&digest])))?;
    }
    Ok(closed.len())
}

pub(super) fn find_stored_order(
    conn: &Connection,
    order_id: OrderId,
) -> rusqlite::Result<Option<StoredOrder>> {
    const ROW: &str =
        "SELECT version, feed_version, dropped_digest, bytes FROM orders WHERE id = ?";
    conn.prepare_cached(ROW)?
        .query_row([&order_id.as_bytes()[..]], read_stored_order)
        .optional()
}

/// From the columns `version, feed_version, dropped_digest, bytes`, which come first.
pub(super) fn read_stored_order(row: &Row<'_>) -> rusqlite::Result<StoredOrder> {
    let feed_version = read_u64(row, 1)?;
    Ok(match read_optional(row, 2, hash)? {
        Some(digest) => StoredOrder::Dropped(DroppedOrder {
            version: read_u64(row, 0)?,
            feed_version,
            digest,
        }),
        None => StoredOrder::Whole(Box::new(ConfirmedOrder {
            order: read_order(row, 3)?,
            feed_version,
        })),
    })
}

impl StoredOrder {
    pub(super) fn feed_version(&self) -> u64 {
        match self {
            Self::Whole(row) => row.feed_version,
            Self::Dropped(dropped) => dropped.feed_version,
        }
    }

    pub(super) fn with_feed_version(self, feed_version: u64) -> Self {
        match self {
            Self::Whole(row) => Self::Whole(Box::new(ConfirmedOrder {
                feed_version,
                ..*row
            })),
            Self::Dropped(dropped) => Self::Dropped(DroppedOrder {
                feed_version,
                ..dropped
            }),
        }
    }

    pub(super) fn leaves_view(&self, gone_version: u64) -> bool {
        match self {
            Self::Whole(row) => view::leaves_view(row, gone_version),
            Self::Dropped(dropped) => gone_version >= dropped.version,
        }
    }

    pub(super) fn join_tally(&self, tally: &mut ViewDigest) {
        match self {
            Self::Whole(row) => tally.replace_row(None, Some(row)),
            Self::Dropped(dropped) => {
                tally.digest.toggle_member(dropped.digest);
                tally.orders += 1;
                tally.ahead += u32::from(dropped.is_ahead());
            }
        }
    }

    pub(super) fn leave_tally(&self, tally: &mut ViewDigest) {
        match self {
            Self::Whole(row) => tally.replace_row(Some(row), None),
            Self::Dropped(dropped) => dropped.leave_tally(tally),
        }
    }
}

impl DroppedOrder {
    /// Only a snapshot of a cloud that lost the newest version puts a dropped order ahead.
    fn is_ahead(&self) -> bool {
        self.version > self.feed_version
    }

    pub(super) fn leave_tally(&self, tally: &mut ViewDigest) {
        tally.digest.toggle_member(self.digest);
        tally.orders = tally.orders.saturating_sub(1);
        tally.ahead = tally.ahead.saturating_sub(u32::from(self.is_ahead()));
    }

    /// Returns the result for a version that changes nothing, and `None` for one that brings the
    /// copy back.
    pub(super) fn merge_repeat(
        &self,
        conn: &Connection,
        incoming: &Order,
        via: OrderSource,
    ) -> rusqlite::Result<Option<MergeResult>> {
        const FED: &str = "UPDATE orders SET feed_version = ?, feed_open = ? WHERE id = ?";
        if incoming.version > self.version || incoming.version == self.version && self.is_ahead() {
            return Ok(None);
        }
        if incoming.version == self.version {
            let is_same = incoming.compute_digest() == self.digest;
            return Ok(Some(if is_same {
                MergeResult::Kept
            } else {
                tracing::error!(
                    order.id = %incoming.id, order.version = self.version,
                    "Order `{}` arrived with the stored version but different content", incoming.id
                );
                MergeResult::Conflict
            }));
        }
        if via == OrderSource::Feed && incoming.version > self.feed_version {
            let fed = to_sql_int(incoming.version);
            let feed_open = is_open(incoming.status);
            execute_cached(
                conn,
                FED,
                params![fed, feed_open, &incoming.id.as_bytes()[..]],
            )?;
        }
        Ok(Some(MergeResult::Kept))
    }
}
