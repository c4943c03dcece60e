//! Logs undecided commands again when their epoch has ended [RELOG].
//!
//! Invariants: each command is logged again once, under its original id, provisionally and without
//! a fence, with its first receipt for the record. A command with an outcome stays unchanged.
//! Commands new to this file are stored too.

use process::defect::{Defect, is_planted};
use rusqlite::{Connection, OptionalExtension};
use wire::{
    ChainHead, CommandId, CommandOp, EarlierReceipt, EdgeId, Op, QuarantineWhy, UnixMillis, UserId,
    Verdict,
};

use super::{
    append,
    book::LogBook,
    commands::{self, StoredCommand},
    outcomes,
    sql::{hash, read_cbor, read_u64, to_sql_int},
};

pub struct UndecidedCommand {
    pub epoch: u64,
    pub head: ChainHead,
    pub op: CommandOp,
    /// Absent if the log dropped it; the cloud then treats the command as unsigned.
    pub token: Option<String>,
}

#[derive(Clone, Copy)]
pub struct EndedEpoch<'a> {
    pub edge: &'a EdgeId,
    pub why: QuarantineWhy,
}

/// The undecided commands, in log order.
pub fn load_undecided_commands(conn: &Connection) -> rusqlite::Result<Vec<UndecidedCommand>> {
    const ROWS: &str = "SELECT pending.epoch, pending.seq, log.hash, log.bytes FROM pending
        JOIN log ON log.epoch = pending.epoch AND log.seq = pending.seq
        ORDER BY pending.epoch, pending.seq";
    let mut statement = conn.prepare(ROWS)?;
    let rows = statement.query_map([], |row| {
        let at = ChainHead {
            seq: read_u64(row, 1)?,
            hash: hash(row, 2)?,
        };
        Ok((read_u64(row, 0)?, at, read_cbor::<Op>(row, 3)?))
    })?;
    let mut all = Vec::new();
    for row in rows {
        let (epoch, at, op) = row?;
        if let Op::Command(op) = op {
            let token = find_token(conn, &OWN, epoch, op.token_seq)?;
            all.push(UndecidedCommand {
                epoch,
                head: at,
                op,
                token,
            });
        }
    }
    Ok(all)
}

/// Token sources: this log, and the tail. A command from the tail has its token in the tail or in
/// the part that both logs share; elsewhere this log may hold another op at that place.
pub const OWN: [&str; 1] = ["SELECT bytes FROM log WHERE epoch = ? AND seq = ?"];
pub const GIVEN_BACK: [&str; 2] = ["SELECT bytes FROM tail WHERE epoch = ? AND seq = ?", OWN[0]];

/// The token at a place of an ended epoch, from the first statement that finds it.
pub fn find_token(
    conn: &Connection,
    statements: &[&str],
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<Option<String>> {
    for text in statements {
        let found = conn
            .prepare_cached(text)?
            .query_row([to_sql_int(epoch), to_sql_int(seq)], |row| {
                read_cbor::<Op>(row, 0)
            });
        match found.optional() {
            Ok(Some(Op::Token { token })) => return Ok(Some(token)),
            Ok(_) | Err(rusqlite::Error::FromSqlConversionFailure(..)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Moves the command's row.
const NEW_PLACE: &str = "ON CONFLICT (command_id, user_id) DO UPDATE SET epoch = excluded.epoch,
    seq = excluded.seq, op_hash = excluded.op_hash, verdict = excluded.verdict, fence = NULL";

/// False if the command has an outcome or is already in this epoch.
pub fn relog_command(
    conn: &Connection,
    book: &mut LogBook,
    old: UndecidedCommand,
    origin: EndedEpoch<'_>,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    if is_planted(Defect::NothingRelogged) {
        return Ok(false);
    }
    let known = find_logged_position(conn, old.op.command.id, old.op.actor.user_id)?;
    if known.is_some_and(|known| known.decided || known.epoch == book.epoch) {
        return Ok(false);
    }
    let UndecidedCommand {
        epoch,
        head: at,
        op,
        token,
    } = old;
    let token_seq = match &token {
        Some(token) => append::ensure_token_logged(conn, book, token, now, now)?,
        None => 0,
    };
    let EndedEpoch { edge, why } = origin;
    let first_receipt = op.relogged.clone().unwrap_or_else(|| EarlierReceipt {
        edge: edge.clone(),
        epoch,
        at,
        verdict: op.verdict,
        fence: op.fence,
        why,
    });
    let anew = CommandOp {
        token_seq,
        verdict: Verdict::Provisional,
        fence: None,
        relogged: Some(first_receipt),
        ..op
    };
    let at = append::append_op(conn, book, &Op::Command(anew.clone()), now)?;
    if let Some(before) = known {
        outcomes::retire_op(conn, before.epoch, before.seq)?;
    }
    let stored = StoredCommand::from_op(&anew, book.epoch, at);
    commands::insert(conn, &stored, anew.received_at, NEW_PLACE)?;
    Ok(true)
}

#[derive(Clone, Copy)]
struct LoggedPosition {
    epoch: u64,
    seq: u64,
    decided: bool,
}

fn find_logged_position(
    conn: &Connection,
    command_id: CommandId,
    user_id: UserId,
) -> rusqlite::Result<Option<LoggedPosition>> {
    const ROW: &str = "SELECT epoch, seq, outcome IS NOT NULL FROM commands
        WHERE command_id = ? AND user_id = ?";
    let key = [&command_id.as_bytes()[..], &user_id.as_bytes()[..]];
    conn.prepare_cached(ROW)?
        .query_row(key, |row| {
            Ok(LoggedPosition {
                epoch: read_u64(row, 0)?,
                seq: read_u64(row, 1)?,
                decided: row.get(2)?,
            })
        })
        .optional()
}
