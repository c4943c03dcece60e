//! The region's lease (the right to assign) in the file. A grant is compared with the feed in the
//! transaction that applies it; the transaction that brings a release request also logs the
//! release.
//!
//! Invariant: the release is the last op under its fence. The thread that answers commands logs it
//! in the transaction that ends the lease [RELEASE_OP].

use engine::right::RegionLeaseChange;
use rusqlite::{Connection, Row};
use wire::{Hash, Op, OrderId, RegionAssignment, UnixMillis, is_open, open_digest};

use super::{
    append,
    book::LogBook,
    sql::{id, read_order, read_u64},
};

pub fn apply_assignment(
    conn: &Connection,
    book: &mut LogBook,
    assignment: RegionAssignment,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let name = book.edge_id.clone();
    let epoch = book.epoch;
    match book
        .tenure
        .apply_assignment(&name, epoch, assignment, || compute_feed_digest(conn))?
    {
        RegionLeaseChange::Granted {
            fence,
            proven: true,
        } => {
            tracing::info!(edge = %name, fence, "This edge was granted the region lease");
        }
        RegionLeaseChange::Granted {
            fence,
            proven: false,
        } => tracing::error!(
            edge = %name, fence,
            "The feed does not match the lease; this edge gives no firm answers under it"
        ),
        RegionLeaseChange::Ended { fence } => {
            tracing::warn!(edge = %name, fence, "The region lease was revoked from this edge");
        }
        RegionLeaseChange::Stale | RegionLeaseChange::Noted => {}
    }
    if let Some(fence) = book.tenure.release_fence() {
        append::append_op(conn, book, &Op::LeaseReleased { fence }, now)?;
        tracing::info!(edge = %name, fence, "Released the region lease");
    }
    Ok(())
}

/// The digest of the open orders at the versions that the feed brought, without newer ones from
/// outcomes [GRANT_DIGEST].
fn compute_feed_digest(conn: &Connection) -> rusqlite::Result<Hash> {
    const ROWS: &str = "SELECT id, feed_version, feed_open, bytes FROM orders
        WHERE feed_version > 0 AND feed_open IS NOT 0";
    let mut statement = conn.prepare_cached(ROWS)?;
    let rows = statement.query_map([], open)?;
    let open: Vec<_> = rows
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    Ok(open_digest(open))
}

/// Rows of older versions lack the open flag; the order's status decides.
fn open(row: &Row<'_>) -> rusqlite::Result<Option<(OrderId, u64)>> {
    let said: Option<bool> = row.get(2)?;
    let open = match said {
        Some(open) => open,
        None => is_open(read_order(row, 3)?.status),
    };
    Ok(if open {
        Some((id(row, 0)?, read_u64(row, 1)?))
    } else {
        None
    })
}
