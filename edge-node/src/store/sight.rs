//! Reading the view: a confirmed order with the pending ops on it laid over.

use engine::view::{Confirmed, PendingOp, Sight, see};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{EdgeId, Op, OrderId};

use super::sql::{decoded, id, nat, order, unreadable};

/// So many pending ops on one order are laid over it; more come only from a client gone wild, and
/// then the first ones tell enough.
const PENDING_MAX: u32 = 256;
/// So many orders are on the board, those in work before those that are done with.
const BOARD_MAX: u32 = 1_000;

pub fn confirmed(conn: &Connection, order_id: OrderId) -> rusqlite::Result<Option<Confirmed>> {
    const ROW: &str = "SELECT bytes, feed_version FROM orders WHERE id = ?";
    let read = |row: &Row<'_>| Ok(Confirmed { order: order(row, 0)?, feed_version: nat(row, 1)? });
    conn.prepare_cached(ROW)?.query_row([&order_id.as_bytes()[..]], read).optional()
}

/// The order as this edge sees it now.
pub fn sight(conn: &Connection, order_id: OrderId, edge: &EdgeId) -> rusqlite::Result<Sight> {
    let row = confirmed(conn, order_id)?;
    let ops = pending_on(conn, order_id)?;
    Ok(see(row.map(|row| row.order), ops, edge))
}

/// The feed's number, and every order of the view: those with something pending, then those in work,
/// then the others, newest change first.
pub fn board(conn: &Connection, edge: &EdgeId) -> rusqlite::Result<(u64, Vec<Sight>)> {
    const CURSOR: &str = "SELECT feed_cursor FROM edge WHERE one = 1";
    const IDS: &str = "
        SELECT order_id FROM (
            SELECT DISTINCT order_id, 0 AS final, 9223372036854775807 AS updated_at FROM pending
            UNION ALL
            SELECT id, final, updated_at FROM orders WHERE id NOT IN (SELECT order_id FROM pending)
        ) ORDER BY final, updated_at DESC LIMIT ?";
    let cursor = conn.query_row(CURSOR, [], |row| nat(row, 0))?;
    let mut statement = conn.prepare_cached(IDS)?;
    let ids: Vec<OrderId> =
        statement.query_map([BOARD_MAX], |row| id(row, 0))?.collect::<Result<_, _>>()?;
    let sights = ids.into_iter().map(|order_id| sight(conn, order_id, edge));
    Ok((cursor, sights.collect::<Result<_, _>>()?))
}

fn pending_on(conn: &Connection, order_id: OrderId) -> rusqlite::Result<Vec<PendingOp>> {
    const OPS: &str = "SELECT pending.seq, log.bytes FROM pending
        JOIN log ON log.epoch = pending.epoch AND log.seq = pending.seq
        WHERE pending.order_id = ? ORDER BY pending.epoch, pending.seq LIMIT ?";
    let mut statement = conn.prepare_cached(OPS)?;
    let ops = statement.query_map(params![&order_id.as_bytes()[..], PENDING_MAX], pending)?;
    ops.collect()
}

fn pending(row: &Row<'_>) -> rusqlite::Result<PendingOp> {
    let Op::Command(op) = decoded::<Op>(row, 1)? else {
        return Err(unreadable(1, "a pending op is a command"));
    };
    Ok(PendingOp {
        seq: nat(row, 0)?,
        command_id: op.command.id,
        actor: op.actor,
        body: op.command.body,
        verdict: op.verdict,
        fence: op.fence,
        received_at: op.received_at,
    })
}
