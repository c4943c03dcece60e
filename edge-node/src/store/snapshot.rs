//! The region's snapshot (image): staged chunk by chunk, then swapped in as the view in one
//! transaction.
//!
//! Invariants: the view changes only with the last chunk. A swap lowers no version, keeps orders
//! that an outcome brought ahead of the snapshot, and leaves log, pending ops and overlay alone. At
//! an equal version with other content the snapshot wins, because the cloud owns the order; this
//! logs an error and is the only repair for such a row. Messages go with their orders.

use engine::{
    edge::SnapshotChunkWrite,
    view::{ConfirmedOrder, ViewDigest},
};
use rusqlite::{Connection, OptionalExtension, params};
use wire::{FeedChange, Order, OrderId, UnixMillis, is_open};

use super::{
    Store, StoreWriteResult,
    closed_orders::read_stored_order,
    log::LogState,
    message_rows::delete_messages_without_order,
    orders::{self, FeedEffects, finished_work_columns, load_order_view},
    sql::{
        encode_cbor, execute_cached, hash, id, read_cbor, read_optional, read_order, read_u64,
        to_sql_int,
    },
};

/// Changed orders sent one by one; beyond that, a tablet reloads the board.
const CHANGED_MAX: u32 = 256;

impl Store {
    pub async fn stage_snapshot_chunk(
        &self,
        run: SnapshotChunkWrite,
        now: UnixMillis,
    ) -> StoreWriteResult<Option<FeedEffects>> {
        self.write_and_wake_link(move |conn, state| stage_snapshot_chunk(conn, state, run, now))
            .await
    }
}

/// Returns the effects of the swap after the last chunk.
fn stage_snapshot_chunk(
    conn: &Connection,
    state: &mut LogState,
    run: SnapshotChunkWrite,
    now: UnixMillis,
) -> rusqlite::Result<Option<FeedEffects>> {
    if run.begins {
        clear_staging(conn)?;
    }
    let staged = run.as_staged();
    let SnapshotChunkWrite {
        feed_generation,
        feed_seq,
        hash,
        changes,
        ..
    } = run;
    let mut image = load_staged_tally(conn)?;
    for change in changes {
        stage_change(conn, change, &mut image)?;
    }
    match staged {
        Some(staged) => {
            const PUT: &str = "INSERT OR REPLACE INTO snapshot (one, staged, digest, orders)
                VALUES (1, ?, ?, ?)";
            let values = params![
                encode_cbor(&staged),
                &image.digest.0[..],
                to_sql_int(image.orders)
            ];
            execute_cached(conn, PUT, values)?;
            Ok(None)
        }
        None => {
            orders::enter_generation(conn, state, feed_generation)?;
            let applied = swap_in_snapshot(conn, state, image, now)?;
            state.feed_cursor = feed_seq;
            state.save(conn)?;
            conn.execute("UPDATE edge SET snapshot = ? WHERE one = 1", [&hash.0[..]])?;
            clear_staging(conn)?;
            Ok(Some(applied))
        }
    }
}

fn clear_staging(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "DELETE FROM snapshot; DELETE FROM staged_orders; DELETE FROM staged_changes",
    )
}

fn load_staged_tally(conn: &Connection) -> rusqlite::Result<ViewDigest> {
    let mut statement = conn.prepare_cached("SELECT digest, orders FROM snapshot")?;
    let staged = statement
        .query_row([], |row| {
            Ok(ViewDigest {
                digest: hash(row, 0)?,
                orders: read_u64(row, 1)?,
                ahead: 0,
            })
        })
        .optional()?;
    Ok(staged.unwrap_or_default())
}

/// A snapshot contains each entity once.
fn stage_change(
    conn: &Connection,
    change: FeedChange,
    image: &mut ViewDigest,
) -> rusqlite::Result<()> {
    const ORDER: &str = "INSERT INTO staged_orders (id, version, final, open, updated_at, bytes,
        worker, customer, owed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const OTHER: &str = "INSERT INTO staged_changes (bytes) VALUES (?)";
    let FeedChange::Order(order) = change else {
        execute_cached(conn, OTHER, [encode_cbor(&change)])?;
        return Ok(());
    };
    let (customer, owed) = finished_work_columns(&order);
    conn.prepare_cached(ORDER)?.execute(params![
        &order.id.as_bytes()[..],
        to_sql_int(order.version),
        order.status.is_final(),
        is_open(order.status),
        order.updated_at.0,
        encode_cbor(&order),
        order
            .provider_at_work()
            .as_ref()
            .map(|worker| &worker.as_bytes()[..]),
        customer,
        owed,
    ])?;
    image.digest.toggle_member(order.compute_digest());
    image.orders += 1;
    Ok(())
}

/// Replaces the view. A few hundred thousand orders take about a second, during which commands
/// wait; only rows that differ are written.
fn swap_in_snapshot(
    conn: &Connection,
    state: &mut LogState,
    image: ViewDigest,
    now: UnixMillis,
) -> rusqlite::Result<FeedEffects> {
    const RAISED: &str = "SELECT s.id FROM staged_orders s LEFT JOIN orders o ON o.id = s.id
        WHERE o.id IS NULL OR o.version < s.version LIMIT ?";
    const GONE: &str = "SELECT o.id FROM orders o LEFT JOIN staged_orders s ON s.id = o.id
        WHERE s.id IS NULL AND o.version <= o.feed_version LIMIT ?";
    const MESSAGES_AFTER_END: &str = "DELETE FROM messages WHERE order_id IN (SELECT o.id
        FROM orders o JOIN staged_orders s ON s.id = o.id WHERE s.version > o.version AND NOT s.open)";
    log_conflicts(conn)?;
    let raised = load_order_ids(conn, RAISED)?;
    let gone = load_order_ids(conn, GONE)?;
    state.tally = add_orders_ahead(conn, image)?;
    conn.execute(MESSAGES_AFTER_END, [])?;
    replace_orders(conn)?;
    delete_messages_without_order(conn)?;
    let mut applied = FeedEffects {
        gone,
        ..FeedEffects::default()
    };
    for order_id in raised {
        applied
            .views
            .push(load_order_view(conn, order_id, &state.edge_id)?);
    }
    // Orders first: a grant is compared with them.
    let mut statement = conn.prepare("SELECT bytes FROM staged_changes ORDER BY number")?;
    let others = statement.query_map([], |row| read_cbor(row, 0))?;
    for change in others {
        orders::apply_change(conn, state, change?, now, &mut applied)?;
    }
    Ok(applied)
}

fn log_conflicts(conn: &Connection) -> rusqlite::Result<()> {
    const EQUAL: &str = "SELECT o.bytes, s.bytes FROM orders o JOIN staged_orders s ON s.id = o.id
        WHERE s.version = o.version AND s.bytes <> o.bytes AND o.dropped_digest IS NULL";
    let mut statement = conn.prepare(EQUAL)?;
    let pairs = statement.query_map([], |row| Ok((read_order(row, 0)?, read_order(row, 1)?)))?;
    for pair in pairs {
        let (ours, theirs): (Order, Order) = pair?;
        if ours != theirs {
            tracing::error!(
                order.id = %ours.id, order.version = ours.version,
                "Order `{}` was stored with the cloud's version but different content; using the \
                 cloud's copy",
                ours.id
            );
        }
    }
    Ok(())
}

fn load_order_ids(conn: &Connection, text: &str) -> rusqlite::Result<Vec<OrderId>> {
    conn.prepare(text)?
        .query_map([CHANGED_MAX], |row| id(row, 0))?
        .collect()
}

/// The tally of the new view: the snapshot, plus the rows that are ahead of it.
fn add_orders_ahead(conn: &Connection, image: ViewDigest) -> rusqlite::Result<ViewDigest> {
    const AHEAD: &str = "SELECT o.version, o.feed_version, o.dropped_digest, o.bytes, s.bytes
        FROM orders o
        LEFT JOIN staged_orders s ON s.id = o.id
        WHERE s.version < o.version OR (s.id IS NULL AND o.version > o.feed_version)";
    let mut tally = image;
    let mut statement = conn.prepare(AHEAD)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let staged: Option<Order> = read_optional(row, 4, read_cbor)?;
        let staged = staged.map(|order| ConfirmedOrder {
            feed_version: order.version,
            order,
        });
        let brought = staged.as_ref().map_or(0, |staged| staged.feed_version);
        tally.replace_row(staged.as_ref(), None);
        read_stored_order(row)?
            .with_feed_version(brought)
            .join_tally(&mut tally);
    }
    Ok(tally)
}

/// `feed_version` comes from this feed's snapshot alone.
fn replace_orders(conn: &Connection) -> rusqlite::Result<()> {
    const DROP: &str = "DELETE FROM orders WHERE version <= feed_version
        AND NOT EXISTS (SELECT 1 FROM staged_orders s WHERE s.id = orders.id)";
    const KEEP: &str = "UPDATE orders SET feed_version = 0, feed_open = NULL
        WHERE NOT EXISTS (SELECT 1 FROM staged_orders s WHERE s.id = orders.id)";
    const STAND: &str = "UPDATE orders SET feed_version = s.version, feed_open = s.open
        FROM staged_orders s WHERE s.id = orders.id
        AND (feed_version <> s.version OR feed_open IS NOT s.open)";
    const PUT: &str = "INSERT INTO orders
        (id, version, feed_version, final, updated_at, bytes, feed_open, worker, customer, owed)
        SELECT s.id, s.version, s.version, s.final, s.updated_at, s.bytes, s.open, s.worker,
            s.customer, s.owed
        FROM staged_orders s LEFT JOIN orders o ON o.id = s.id
        WHERE o.id IS NULL OR s.version > o.version
            OR (s.version = o.version AND s.bytes <> o.bytes)
        ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        feed_version = excluded.feed_version, final = excluded.final,
        updated_at = excluded.updated_at, bytes = excluded.bytes, feed_open = excluded.feed_open,
        worker = excluded.worker, customer = excluded.customer, owed = excluded.owed,
        dropped_digest = NULL";
    for text in [DROP, KEEP, STAND, PUT] {
        conn.execute(text, [])?;
    }
    Ok(())
}
