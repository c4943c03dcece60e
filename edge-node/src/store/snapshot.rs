//! The region's snapshot (image): staged chunk by chunk, then swapped in as the view in one
//! transaction.
//!
//! Invariants: the view changes only with the last chunk. A swap lowers no version, keeps orders
//! that an outcome brought ahead of the snapshot, and leaves log, pending ops and overlay alone. At
//! an equal version with other content the snapshot wins, because the cloud owns the order; this
//! logs an error and is the only repair for such a row.

use engine::{
    edge::SnapshotRun,
    view::{ConfirmedOrder, Tally},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{Change, Order, OrderId, UnixMillis, is_open};

use super::{
    book::LogBook,
    customers::finished,
    orders::{self, FeedEffects},
    shares::worker,
    sight::sight,
    sql::{decoded, encoded, execute, hash, id, int, nat, opt, order},
};

/// Changed orders sent one by one; beyond that, a tablet reloads the board.
const TOLD_MAX: u32 = 256;

/// Returns the effects of the swap after the last chunk.
pub fn stage(
    conn: &Connection,
    book: &mut LogBook,
    run: SnapshotRun,
    now: UnixMillis,
) -> rusqlite::Result<Option<FeedEffects>> {
    if run.begins {
        forget(conn)?;
    }
    let staged = run.staged();
    let SnapshotRun { feed_generation, feed_seq, hash, changes, .. } = run;
    let mut image = tally(conn)?;
    for change in changes {
        keep(conn, change, &mut image)?;
    }
    match staged {
        Some(staged) => {
            const PUT: &str = "INSERT OR REPLACE INTO snapshot (one, staged, digest, orders)
                VALUES (1, ?, ?, ?)";
            let values = params![encoded(&staged), &image.digest.0[..], int(image.orders)];
            execute(conn, PUT, values)?;
            Ok(None)
        }
        None => {
            orders::count_anew(book, feed_generation);
            let applied = swap(conn, book, image, now)?;
            book.feed_cursor = feed_seq;
            book.save(conn)?;
            conn.execute("UPDATE edge SET snapshot = ? WHERE one = 1", [&hash.0[..]])?;
            forget(conn)?;
            Ok(Some(applied))
        }
    }
}

fn forget(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "DELETE FROM snapshot; DELETE FROM staged_orders; DELETE FROM staged_changes",
    )
}

fn tally(conn: &Connection) -> rusqlite::Result<Tally> {
    let read = |row: &Row<'_>| Ok(Tally { digest: hash(row, 0)?, orders: nat(row, 1)?, ahead: 0 });
    let mut statement = conn.prepare_cached("SELECT digest, orders FROM snapshot")?;
    Ok(statement.query_row([], read).optional()?.unwrap_or_default())
}

/// A snapshot contains each entity once.
fn keep(conn: &Connection, change: Change, image: &mut Tally) -> rusqlite::Result<()> {
    const ORDER: &str = "INSERT INTO staged_orders (id, version, final, open, updated_at, bytes,
        worker, customer, owed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const OTHER: &str = "INSERT INTO staged_changes (bytes) VALUES (?)";
    let Change::Order(order) = change else {
        execute(conn, OTHER, [encoded(&change)])?;
        return Ok(());
    };
    let (customer, owed) = finished(&order);
    conn.prepare_cached(ORDER)?.execute(params![
        &order.id.as_bytes()[..],
        int(order.version),
        order.status.is_final(),
        is_open(order.status),
        order.updated_at.0,
        encoded(&order),
        worker(&order).as_ref().map(|worker| &worker.as_bytes()[..]),
        customer,
        owed,
    ])?;
    image.digest.toggle(order.digest());
    image.orders += 1;
    Ok(())
}

/// Replaces the view. A few hundred thousand orders take about a second, during which commands
/// wait; only rows that differ are written.
fn swap(
    conn: &Connection,
    book: &mut LogBook,
    image: Tally,
    now: UnixMillis,
) -> rusqlite::Result<FeedEffects> {
    const RAISED: &str = "SELECT s.id FROM staged_orders s LEFT JOIN orders o ON o.id = s.id
        WHERE o.id IS NULL OR o.version < s.version LIMIT ?";
    const GONE: &str = "SELECT o.id FROM orders o LEFT JOIN staged_orders s ON s.id = o.id
        WHERE s.id IS NULL AND o.version <= o.feed_version LIMIT ?";
    alarm(conn)?;
    let (raised, gone) = (ids(conn, RAISED)?, ids(conn, GONE)?);
    book.tally = with_what_is_ahead(conn, image)?;
    replace(conn)?;
    let mut applied = FeedEffects { gone, ..FeedEffects::default() };
    for order_id in raised {
        applied.sights.push(sight(conn, order_id, &book.name)?);
    }
    // Orders first: a grant is compared with them.
    let mut statement = conn.prepare("SELECT bytes FROM staged_changes ORDER BY number")?;
    let others = statement.query_map([], |row| decoded(row, 0))?;
    for change in others {
        orders::take(conn, book, change?, now, &mut applied)?;
    }
    Ok(applied)
}

fn alarm(conn: &Connection) -> rusqlite::Result<()> {
    const EQUAL: &str = "SELECT o.bytes, s.bytes FROM orders o JOIN staged_orders s ON s.id = o.id
        WHERE s.version = o.version AND s.bytes <> o.bytes";
    let mut statement = conn.prepare(EQUAL)?;
    let pairs = statement.query_map([], |row| Ok((order(row, 0)?, order(row, 1)?)))?;
    for pair in pairs {
        let (ours, theirs): (Order, Order) = pair?;
        if ours != theirs {
            tracing::error!(
                order.id = %ours.id, order.version = ours.version,
                "Order `{}` stood here with equal version and other content; the cloud's counts",
                ours.id
            );
        }
    }
    Ok(())
}

fn ids(conn: &Connection, text: &str) -> rusqlite::Result<Vec<OrderId>> {
    conn.prepare(text)?.query_map([TOLD_MAX], |row| id(row, 0))?.collect()
}

/// The tally of the new view: the snapshot, plus the rows that are ahead of it.
fn with_what_is_ahead(conn: &Connection, image: Tally) -> rusqlite::Result<Tally> {
    const AHEAD: &str = "SELECT o.bytes, s.bytes FROM orders o
        LEFT JOIN staged_orders s ON s.id = o.id
        WHERE s.version < o.version OR (s.id IS NULL AND o.version > o.feed_version)";
    let mut tally = image;
    let mut statement = conn.prepare(AHEAD)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let staged: Option<Order> = opt(row, 1, decoded)?;
        let staged = staged.map(|order| ConfirmedOrder { feed_version: order.version, order });
        let brought = staged.as_ref().map_or(0, |staged| staged.feed_version);
        let kept = ConfirmedOrder { order: order(row, 0)?, feed_version: brought };
        tally.replace(staged.as_ref(), Some(&kept));
    }
    Ok(tally)
}

/// `feed_version` comes from this feed's snapshot alone.
fn replace(conn: &Connection) -> rusqlite::Result<()> {
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
        worker = excluded.worker, customer = excluded.customer, owed = excluded.owed";
    for text in [DROP, KEEP, STAND, PUT] {
        conn.execute(text, [])?;
    }
    Ok(())
}
