//! Logging anew what has no outcome, when the epoch it was logged in is over [RELOG].
//!
//! Invariants: each command is logged anew once, under its own id, without fence and provisionally,
//! with its first receipt for the record; what has an outcome is left as it is; a command that this
//! file never had is known from here on.

use process::defect::{Defect, planted};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{
    Chain, CommandId, CommandOp, DeviceId, EdgeId, Hash, Op, QuarantineWhy, Relogged, UnixMillis,
    UserId, Verdict,
};

use super::{
    append,
    book::Book,
    outcomes,
    sql::{decoded, hash, int, nat},
};

/// A command as it was logged before.
pub struct Old {
    pub epoch: u64,
    pub at: Chain,
    pub op: CommandOp,
    /// Absent where the log no longer holds it; then the cloud answers that nobody signed.
    pub token: Option<String>,
}

/// Whose log it was, and why its epoch is over.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub edge: &'a EdgeId,
    pub why: QuarantineWhy,
}

/// What waits for an outcome, in log order.
pub fn pending(conn: &Connection) -> rusqlite::Result<Vec<Old>> {
    const ROWS: &str = "SELECT pending.epoch, pending.seq, log.hash, log.bytes FROM pending
        JOIN log ON log.epoch = pending.epoch AND log.seq = pending.seq
        ORDER BY pending.epoch, pending.seq";
    let mut statement = conn.prepare(ROWS)?;
    let rows = statement.query_map([], |row| {
        let at = Chain { seq: nat(row, 1)?, hash: hash(row, 2)? };
        Ok((nat(row, 0)?, at, decoded::<Op>(row, 3)?))
    })?;
    let mut all = Vec::new();
    for row in rows {
        let (epoch, at, op) = row?;
        if let Op::Command(op) = op {
            let token = token(conn, epoch, op.token_seq)?;
            all.push(Old { epoch, at, op, token });
        }
    }
    Ok(all)
}

/// The token at a place of the old log.
fn token(conn: &Connection, epoch: u64, seq: u64) -> rusqlite::Result<Option<String>> {
    const ROW: &str = "SELECT bytes FROM log WHERE epoch = ? AND seq = ?";
    token_in(conn, ROW, epoch, seq)
}

/// The token that a command refers to which the cloud gave back: it came back too, unless it stands in
/// what both logs share. Elsewhere this log may have gone on in another way, with another's token at that
/// place.
pub fn token_given_back(
    conn: &Connection,
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<Option<String>> {
    const ROW: &str = "SELECT bytes FROM tail WHERE epoch = ? AND seq = ?";
    match token_in(conn, ROW, epoch, seq)? {
        Some(token) => Ok(Some(token)),
        None => token(conn, epoch, seq),
    }
}

fn token_in(
    conn: &Connection,
    text: &str,
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<Option<String>> {
    let row = |row: &Row<'_>| decoded::<Op>(row, 0);
    let found = conn.prepare_cached(text)?.query_row([int(epoch), int(seq)], row);
    Ok(match found.optional() {
        Ok(Some(Op::Token { token })) => Some(token),
        Ok(_) | Err(rusqlite::Error::FromSqlConversionFailure(..)) => None,
        Err(error) => return Err(error),
    })
}

/// Whether it was logged anew: not what has an outcome, nor what was logged in this epoch already.
pub fn relog(
    conn: &Connection,
    book: &mut Book,
    old: Old,
    origin: Origin<'_>,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    if planted(Defect::NothingRelogged) {
        return Ok(false);
    }
    let known = known(conn, old.op.command.id, old.op.actor.user_id)?;
    if matches!(known, Some(Known { decided: true, .. })) || is_logged(known, book) {
        return Ok(false);
    }
    let Old { epoch, at, op, token } = old;
    let token_seq = match &token {
        Some(token) => append::token(conn, book, token, now, now)?,
        None => 0,
    };
    let (edge, why) = (origin.edge.clone(), origin.why);
    let (verdict, fence) = (op.verdict, op.fence);
    let first = op.relogged.clone();
    let relogged = first.unwrap_or(Relogged { edge, epoch, at, verdict, fence, why });
    let anew = CommandOp {
        token_seq,
        verdict: Verdict::Provisional,
        fence: None,
        relogged: Some(relogged),
        ..op
    };
    let at = append::append(conn, book, &Op::Command(anew.clone()), now)?;
    if let Some(before) = known {
        outcomes::retire(conn, before.epoch, before.seq)?;
    }
    remember(conn, book, &anew, at)?;
    Ok(true)
}

#[derive(Clone, Copy)]
struct Known {
    epoch: u64,
    seq: u64,
    decided: bool,
}

fn known(
    conn: &Connection,
    command_id: CommandId,
    user_id: UserId,
) -> rusqlite::Result<Option<Known>> {
    const ROW: &str = "SELECT epoch, seq, outcome IS NOT NULL FROM commands
        WHERE command_id = ? AND user_id = ?";
    let read =
        |row: &Row<'_>| Ok(Known { epoch: nat(row, 0)?, seq: nat(row, 1)?, decided: row.get(2)? });
    let key = [&command_id.as_bytes()[..], &user_id.as_bytes()[..]];
    conn.prepare_cached(ROW)?.query_row(key, read).optional()
}

fn is_logged(known: Option<Known>, book: &Book) -> bool {
    known.is_some_and(|known| known.epoch == book.epoch)
}

/// The command stands under its new place, and waits there.
fn remember(conn: &Connection, book: &Book, op: &CommandOp, at: Chain) -> rusqlite::Result<()> {
    const COMMAND: &str =
        "INSERT INTO commands (command_id, user_id, hash, order_id, device, epoch,
        seq, op_hash, verdict, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (command_id, user_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq,
        op_hash = excluded.op_hash, verdict = excluded.verdict, fence = NULL";
    const PENDING: &str = "INSERT INTO pending (epoch, seq, order_id, command_id, received_at)
        VALUES (?, ?, ?, ?, ?)";
    let (epoch, seq) = (int(book.epoch), int(at.seq));
    let command = &op.command;
    let (id, order_id) = (command.id, command.body.order_id());
    let body: Hash = command.body.hash();
    conn.prepare_cached(COMMAND)?.execute(params![
        &id.as_bytes()[..],
        &op.actor.user_id.as_bytes()[..],
        &body.0[..],
        &order_id.as_bytes()[..],
        command.device.as_ref().map(DeviceId::as_str),
        epoch,
        seq,
        &at.hash.0[..],
        op.verdict.as_str(),
        op.received_at.0,
    ])?;
    conn.prepare_cached(PENDING)?.execute(params![
        epoch,
        seq,
        &order_id.as_bytes()[..],
        &id.as_bytes()[..],
        op.received_at.0,
    ])?;
    Ok(())
}
