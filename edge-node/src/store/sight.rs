//! Reads the view: a confirmed order overlaid with its pending ops.

use engine::view::{
    ConfirmedOrder, EdgeOrderView, PendingOp, PendingOpStatus, overlay_pending_ops,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{AcceptanceCertainty, EdgeId, Op, Order, OrderId};

use super::{
    sql::{column_error, id, read_cbor, read_order, read_u64},
    standing::offline_rules,
};

const BOARD_MAX: u32 = 4_000;

/// An order on a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardItem {
    #[serde(flatten)]
    pub order: Order,
    /// True if the order rests on something that the cloud has not decided.
    pub pending: bool,
}

pub fn find_confirmed_order(
    conn: &Connection,
    order_id: OrderId,
) -> rusqlite::Result<Option<ConfirmedOrder>> {
    const ROW: &str = "SELECT bytes, feed_version FROM orders WHERE id = ?";
    conn.prepare_cached(ROW)?
        .query_row([&order_id.as_bytes()[..]], |row| {
            Ok(ConfirmedOrder {
                order: read_order(row, 0)?,
                feed_version: read_u64(row, 1)?,
            })
        })
        .optional()
}

pub fn load_order_view(
    conn: &Connection,
    order_id: OrderId,
    edge: &EdgeId,
) -> rusqlite::Result<EdgeOrderView> {
    let row = find_confirmed_order(conn, order_id)?;
    let mut ops = pending_on(conn, order_id)?;
    let beyond = (ops.len() > LAID_MAX).then(|| ops.pop()).flatten();
    let mut sight = overlay_pending_ops(row.map(|row| row.order), ops, edge);
    // An op past the limit may do anything, so no firm answer rests on it [FIRM_BASE].
    if let Some(PendingOp {
        seq, command_id, ..
    }) = beyond
    {
        sight.pending.push(PendingOpStatus {
            seq,
            command_id,
            fence: None,
            doubt: None,
            is_idle: false,
        });
    }
    if sight.certainty == AcceptanceCertainty::UnsureStarted
        && offline_rules(conn)?.address_at_start
    {
        sight.certainty = AcceptanceCertainty::Sure;
    }
    Ok(sight)
}

/// Returns the feed cursor and the orders: pending ones first, then those in work, then the rest,
/// newest change first.
pub fn load_board(
    conn: &Connection,
    edge: &EdgeId,
) -> rusqlite::Result<(u64, Vec<(BoardItem, AcceptanceCertainty)>)> {
    const CURSOR: &str = "SELECT feed_cursor FROM edge WHERE one = 1";
    const IDS: &str = "
        SELECT order_id FROM (
            SELECT DISTINCT order_id, 0 AS final, 9223372036854775807 AS updated_at FROM pending
            UNION ALL
            SELECT id, final, updated_at FROM orders WHERE id NOT IN (SELECT order_id FROM pending)
        ) ORDER BY final, updated_at DESC LIMIT ?";
    let cursor = conn.query_row(CURSOR, [], |row| read_u64(row, 0))?;
    let mut statement = conn.prepare_cached(IDS)?;
    let ids: Vec<OrderId> = statement
        .query_map([BOARD_MAX], |row| id(row, 0))?
        .collect::<Result<_, _>>()?;
    let mut shown = Vec::new();
    for order_id in ids {
        let sight = load_order_view(conn, order_id, edge)?;
        let pending = !sight.pending.is_empty();
        if let Some(order) = sight.order {
            shown.push((BoardItem { order, pending }, sight.certainty));
        }
    }
    Ok((cursor, shown))
}

/// Only a faulty client sends more for one order.
const LAID_MAX: usize = 256;

/// Reads one op past `LAID_MAX`, to detect more. The limit is in the text because SQLite replans
/// the statement for each value bound to LIMIT.
fn pending_on(conn: &Connection, order_id: OrderId) -> rusqlite::Result<Vec<PendingOp>> {
    const OPS: &str = "SELECT pending.seq, log.bytes FROM pending
        JOIN log ON log.epoch = pending.epoch AND log.seq = pending.seq
        WHERE pending.order_id = ? ORDER BY pending.epoch, pending.seq LIMIT 257";
    let mut statement = conn.prepare_cached(OPS)?;
    let ops = statement.query_map([&order_id.as_bytes()[..]], read_pending_op)?;
    ops.collect()
}

fn read_pending_op(row: &Row<'_>) -> rusqlite::Result<PendingOp> {
    let Op::Command(op) = read_cbor::<Op>(row, 1)? else {
        return Err(column_error(1, "a pending op must be a command"));
    };
    Ok(PendingOp {
        seq: read_u64(row, 0)?,
        command_id: op.command.id,
        actor: op.actor,
        body: op.command.body,
        verdict: op.verdict,
        fence: op.fence,
        received_at: op.received_at,
        cut_off: op.cut_off,
    })
}
