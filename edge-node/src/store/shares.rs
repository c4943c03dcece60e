//! Counts the shares of the work that a provider has used up, as far as this edge can see: open
//! jobs, accepts and withdrawals.

use rusqlite::{Connection, Row, Transaction, params};
use wire::{
    EdgeId, LimitReached, Order, OrderId, Outcome, ShareAct, ShareLimits, UnixMillis, UserId,
    Workload,
};

use super::{
    commands::CheckedCommand,
    sight::sight,
    sql::{decoded, execute, id, int, opt, order, parsed},
};

/// Far above the limits.
const LOOKED_AT_MAX: u32 = 1_000;

/// Returns the limit that the command would break, or the share that it uses up.
pub fn judge(
    conn: &Connection,
    edge: &EdgeId,
    entry: &CheckedCommand,
    before: Option<&Order>,
) -> rusqlite::Result<Result<Option<ShareAct>, LimitReached>> {
    let (actor, at) = (entry.actor, entry.received_at);
    let Some(act) = ShareAct::of(actor, &entry.command.body, before) else { return Ok(Ok(None)) };
    // Never refuse a command that an edge has already taken.
    if entry.limits == ShareLimits::OFF || entry.receipt.is_some() {
        return Ok(Ok(Some(act)));
    }
    let load = workload(conn, edge, actor.user_id, at)?;
    Ok(entry.limits.reached(&load, act, at).map_or(Ok(Some(act)), Err))
}

/// Records the share that the op used up.
pub fn note(conn: &Connection, epoch: u64, seq: u64, act: ShareAct) -> rusqlite::Result<()> {
    const NOTE: &str = "UPDATE commands SET act = ? WHERE epoch = ? AND seq = ?";
    execute(conn, NOTE, params![act.as_str(), int(epoch), int(seq)])
}

pub fn worker(order: &Order) -> Option<UserId> {
    order.provider_id.filter(|_| order.status.is_at_work())
}

/// Files of older versions lack the worker column.
pub fn fill_workers(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut statement = tx.prepare("SELECT bytes FROM orders")?;
    let orders = statement.query_map([], |row| order(row, 0))?;
    for order in orders {
        let order: Order = order?;
        if let Some(worker) = worker(&order) {
            let values = params![&worker.as_bytes()[..], &order.id.as_bytes()[..]];
            execute(tx, "UPDATE orders SET worker = ? WHERE id = ?", values)?;
        }
    }
    Ok(())
}

fn workload(
    conn: &Connection,
    edge: &EdgeId,
    user: UserId,
    at: UnixMillis,
) -> rusqlite::Result<Workload> {
    const ACTS: &str = "SELECT act, received_at, outcome FROM commands
        WHERE user_id = ? AND act IS NOT NULL AND received_at > ?
        ORDER BY received_at DESC LIMIT ?";
    let mut load = Workload { open_jobs: open_jobs(conn, edge, user)?, ..Workload::default() };
    let mut statement = conn.prepare_cached(ACTS)?;
    let values = params![&user.as_bytes()[..], Workload::since(at).0, LOOKED_AT_MAX];
    let acts = statement.query_map(values, counted)?;
    for (act, at) in acts.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten() {
        load.add(act, at);
    }
    Ok(load)
}

/// Acts that the cloud rejected do not count.
fn counted(row: &Row<'_>) -> rusqlite::Result<Option<(ShareAct, UnixMillis)>> {
    let outcome: Option<Outcome> = opt(row, 2, decoded)?;
    let counts = outcome.is_none_or(|outcome| outcome.succeeded());
    Ok(if counts { Some((parsed(row, 0)?, UnixMillis(row.get(1)?))) } else { None })
}

/// Confirmed jobs, adjusted by the provider's undecided commands here.
fn open_jobs(conn: &Connection, edge: &EdgeId, user: UserId) -> rusqlite::Result<u32> {
    const IDS: &str = "SELECT id FROM orders WHERE worker = ?1
        UNION SELECT order_id FROM commands
        WHERE user_id = ?1 AND act = 'accept' AND outcome IS NULL LIMIT ?2";
    let mut statement = conn.prepare_cached(IDS)?;
    let ids =
        statement.query_map(params![&user.as_bytes()[..], LOOKED_AT_MAX], |row| id(row, 0))?;
    let ids: Vec<OrderId> = ids.collect::<rusqlite::Result<_>>()?;
    let mut jobs = 0;
    for order_id in ids {
        let seen = sight(conn, order_id, edge)?.order;
        jobs += u32::from(seen.as_ref().and_then(worker) == Some(user));
    }
    Ok(jobs)
}
