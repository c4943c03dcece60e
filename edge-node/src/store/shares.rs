//! Counts the shares of the work that a provider has used up, as far as this edge can see: open
//! jobs, accepts and withdrawals.

use rusqlite::{Connection, Row, Transaction, params};
use wire::{
    EdgeId, LimitReached, Order, OrderId, Outcome, ProviderWorkload, ShareAct, ShareLimits,
    UnixMillis, UserId,
};

use super::{
    commands::CheckedCommand,
    sight::load_order_view,
    sql::{execute_cached, id, read_cbor, read_optional, read_order, read_parsed, to_sql_int},
};

/// Far above the limits.
const LOOKED_AT_MAX: u32 = 1_000;

pub enum ShareCheck {
    /// The command uses up no share of the work.
    NoShare,
    WithinLimit(ShareAct),
    OverLimit(LimitReached),
}

pub fn check_share_limits(
    conn: &Connection,
    edge: &EdgeId,
    checked: &CheckedCommand,
    before: Option<&Order>,
) -> rusqlite::Result<ShareCheck> {
    let actor = checked.actor;
    let at = checked.received_at;
    let Some(act) = ShareAct::from_command(actor, &checked.command.body, before) else {
        return Ok(ShareCheck::NoShare);
    };
    // Never refuse a command that an edge has already taken.
    if checked.limits == ShareLimits::OFF || checked.receipt.is_some() {
        return Ok(ShareCheck::WithinLimit(act));
    }
    let load = load_workload(conn, edge, actor.user_id, at)?;
    match checked.limits.find_reached_limit(&load, act, at) {
        Some(reached) => Ok(ShareCheck::OverLimit(reached)),
        None => Ok(ShareCheck::WithinLimit(act)),
    }
}

/// Records the share that the op used up.
pub fn record_share(
    conn: &Connection,
    epoch: u64,
    seq: u64,
    act: ShareAct,
) -> rusqlite::Result<()> {
    const NOTE: &str = "UPDATE commands SET act = ? WHERE epoch = ? AND seq = ?";
    execute_cached(
        conn,
        NOTE,
        params![act.as_str(), to_sql_int(epoch), to_sql_int(seq)],
    )
}

pub fn active_worker(order: &Order) -> Option<UserId> {
    order.provider_id.filter(|_| order.status.is_at_work())
}

/// Files of older versions lack the worker column.
pub fn fill_workers(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut statement = tx.prepare("SELECT bytes FROM orders")?;
    let orders = statement.query_map([], |row| read_order(row, 0))?;
    for order in orders {
        let order: Order = order?;
        if let Some(worker) = active_worker(&order) {
            let values = params![&worker.as_bytes()[..], &order.id.as_bytes()[..]];
            execute_cached(tx, "UPDATE orders SET worker = ? WHERE id = ?", values)?;
        }
    }
    Ok(())
}

fn load_workload(
    conn: &Connection,
    edge: &EdgeId,
    user: UserId,
    at: UnixMillis,
) -> rusqlite::Result<ProviderWorkload> {
    const ACTS: &str = "SELECT act, received_at, outcome FROM commands
        WHERE user_id = ? AND act IS NOT NULL AND received_at > ?
        ORDER BY received_at DESC LIMIT ?";
    let mut load = ProviderWorkload {
        open_jobs: open_jobs(conn, edge, user)?,
        ..ProviderWorkload::default()
    };
    let mut statement = conn.prepare_cached(ACTS)?;
    let values = params![
        &user.as_bytes()[..],
        ProviderWorkload::window_start(at).0,
        LOOKED_AT_MAX
    ];
    let acts = statement.query_map(values, read_counted_act)?;
    for (act, at) in acts
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
    {
        load.add(act, at);
    }
    Ok(load)
}

/// Acts that the cloud rejected do not count.
fn read_counted_act(row: &Row<'_>) -> rusqlite::Result<Option<(ShareAct, UnixMillis)>> {
    let outcome: Option<Outcome> = read_optional(row, 2, read_cbor)?;
    let counts = outcome.is_none_or(|outcome| outcome.has_succeeded());
    if !counts {
        return Ok(None);
    }
    Ok(Some((read_parsed(row, 0)?, UnixMillis(row.get(1)?))))
}

/// Confirmed jobs, adjusted by the provider's undecided commands here.
fn open_jobs(conn: &Connection, edge: &EdgeId, user: UserId) -> rusqlite::Result<u32> {
    const IDS: &str = "SELECT id FROM orders WHERE worker = ?1
        UNION SELECT order_id FROM commands
        WHERE user_id = ?1 AND act = 'accept' AND outcome IS NULL LIMIT ?2";
    let mut statement = conn.prepare_cached(IDS)?;
    let ids = statement.query_map(params![&user.as_bytes()[..], LOOKED_AT_MAX], |row| {
        id(row, 0)
    })?;
    let ids: Vec<OrderId> = ids.collect::<rusqlite::Result<_>>()?;
    let mut jobs = 0;
    for order_id in ids {
        let seen = load_order_view(conn, order_id, edge)?.order;
        jobs += u32::from(seen.as_ref().and_then(active_worker) == Some(user));
    }
    Ok(jobs)
}
