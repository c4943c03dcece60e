//! Starts a new epoch of the log after a restore or a clone. The ops that the cloud gives back (the
//! tail) are staged until complete; then one transaction starts the epoch and logs the undecided
//! commands again in it [RELOG].
//!
//! Invariants: a crash leaves either the old epoch or the new one, whole. A partial tail is
//! discarded when it is sent again. Each undecided command is logged again once, under its original
//! id, provisionally and without a fence, with its first receipt for the record. A command with an
//! outcome stays unchanged. Commands new to this file are stored too.

use std::sync::atomic::Ordering;

use engine::edge::{NewEpoch, TailWrite};
use planted::{Defect, is_planted};
use rusqlite::{Connection, OptionalExtension, params};
use wire::{
    BootNonce, ChainHead, CommandId, CommandOp, EarlierReceipt, EdgeId, Op, QuarantineWhy,
    UnixMillis, UserId, Verdict,
};

use super::{
    Store, StoreWriteResult,
    log::{LogState, append_op, ensure_token_logged},
    sql::{execute_cached, hash, read_cbor, read_u64, to_sql_int},
    standing,
    stored_commands::{self, StoredCommand},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochStart {
    pub epoch: u64,
    pub relogged: u64,
}

pub(super) struct UndecidedCommand {
    pub epoch: u64,
    pub head: ChainHead,
    pub op: CommandOp,
    /// Absent if the log dropped it; the cloud then treats the command as unsigned.
    pub token: Option<String>,
}

#[derive(Clone, Copy)]
pub(super) struct EndedEpoch<'a> {
    pub edge: &'a EdgeId,
    pub why: QuarantineWhy,
}

impl Store {
    pub async fn stage_tail(&self, run: TailWrite) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| stage_tail(conn, run))
            .await
    }

    pub async fn begin_epoch(
        &self,
        new: NewEpoch,
        now: UnixMillis,
    ) -> StoreWriteResult<EpochStart> {
        let nonce = self.nonce;
        let start = self
            .journal
            .write(move |conn, state| begin_epoch(conn, state, new, nonce, now))
            .await?;
        self.is_twin.store(false, Ordering::Release);
        Ok(start)
    }
}

fn stage_tail(conn: &Connection, run: TailWrite) -> rusqlite::Result<()> {
    const INSERT_TAIL: &str =
        "INSERT OR REPLACE INTO tail (epoch, seq, hash, bytes) VALUES (?, ?, ?, ?)";
    if run.begins {
        conn.execute("DELETE FROM tail", [])?;
    }
    let mut head: Option<ChainHead> = None;
    for op in run.ops {
        let here = match head {
            None => ChainHead {
                seq: run.first_seq,
                hash: run.first_hash,
            },
            Some(before) => before.append_op(&op),
        };
        head = Some(here);
        let values = params![
            to_sql_int(run.epoch),
            to_sql_int(here.seq),
            &here.hash.0[..],
            op
        ];
        execute_cached(conn, INSERT_TAIL, values)?;
    }
    Ok(())
}

fn begin_epoch(
    conn: &Connection,
    state: &mut LogState,
    new: NewEpoch,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<EpochStart> {
    const INSERT_EPOCH: &str =
        "INSERT INTO epochs (epoch, ended, why, at, relogged) VALUES (?, ?, ?, ?, ?)";
    let edge = state.edge_id.clone();
    let own = load_undecided_commands(conn)?;
    let ended = state.epoch;
    let start = ChainHead::start_renewed_epoch(&edge, new.epoch, new.grant, new.last_accepted);
    reset_to_epoch(conn, state, &edge, new.epoch, start)?;
    // Every epoch starts with a boot op [BOOT_OP].
    append_op(conn, state, &Op::Boot { nonce, at: now }, now)?;
    let relogged = relog_undecided_commands(
        conn,
        state,
        own,
        EndedEpoch {
            edge: &edge,
            why: new.why,
        },
        now,
    )?;
    conn.execute("DELETE FROM tail", [])?;
    conn.execute(
        INSERT_EPOCH,
        params![
            to_sql_int(new.epoch),
            to_sql_int(ended),
            new.why.as_str(),
            now.0,
            to_sql_int(relogged)
        ],
    )?;
    standing::clear_alarm(conn, state)?;
    state.save(conn)?;
    Ok(EpochStart {
        epoch: new.epoch,
        relogged,
    })
}

/// Sets the state to the start of an empty epoch.
pub(super) fn reset_to_epoch(
    conn: &Connection,
    state: &mut LogState,
    edge_id: &EdgeId,
    epoch: u64,
    start: ChainHead,
) -> rusqlite::Result<()> {
    const RESET_EDGE: &str = "UPDATE edge SET name = ?, start_hash = ? WHERE one = 1";
    conn.execute(RESET_EDGE, params![edge_id.as_str(), &start.hash.0[..]])?;
    state.edge_id = edge_id.clone();
    state.epoch = epoch;
    state.start = start.hash;
    state.head = start;
    state.outcome_cursor = 0;
    state.settled_seq = 0;
    // The lease belonged to the ended epoch; the feed brings the next.
    state.lease.held = None;
    state.lease.proven = false;
    Ok(())
}

/// Order: this log's ops before the tail, the tail, this log's later ops.
fn relog_undecided_commands(
    conn: &Connection,
    state: &mut LogState,
    own: Vec<UndecidedCommand>,
    origin: EndedEpoch<'_>,
    now: UnixMillis,
) -> rusqlite::Result<u64> {
    const TAIL_START: &str = "SELECT epoch, seq FROM tail ORDER BY epoch, seq LIMIT 1";
    const TAIL: &str = "SELECT epoch, seq, hash, bytes FROM tail ORDER BY epoch, seq";
    let tail_start = conn
        .prepare(TAIL_START)?
        .query_row([], |row| Ok((read_u64(row, 0)?, read_u64(row, 1)?)))
        .optional()?;
    let (before, after): (Vec<UndecidedCommand>, Vec<UndecidedCommand>) = own
        .into_iter()
        .partition(|old| tail_start.is_none_or(|start| (old.epoch, old.head.seq) < start));
    let mut count = 0;
    for old in before {
        count += u64::from(relog_command(conn, state, old, origin, now)?);
    }
    let mut statement = conn.prepare(TAIL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let epoch = read_u64(row, 0)?;
        let at = ChainHead {
            seq: read_u64(row, 1)?,
            hash: hash(row, 2)?,
        };
        // Skip ops that this version cannot decode; the cloud has them and reports them.
        let Ok(Op::Command(op)) = read_cbor::<Op>(row, 3) else {
            continue;
        };
        let token = find_token(conn, &TOKEN_IN_TAIL_OR_LOG, epoch, op.token_seq)?;
        let old = UndecidedCommand {
            epoch,
            head: at,
            op,
            token,
        };
        count += u64::from(relog_command(conn, state, old, origin, now)?);
    }
    for old in after {
        count += u64::from(relog_command(conn, state, old, origin, now)?);
    }
    Ok(count)
}

/// The undecided commands, in log order.
pub(super) fn load_undecided_commands(
    conn: &Connection,
) -> rusqlite::Result<Vec<UndecidedCommand>> {
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
            let token = find_token(conn, &TOKEN_IN_LOG, epoch, op.token_seq)?;
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
pub(super) const TOKEN_IN_LOG: [&str; 1] = ["SELECT bytes FROM log WHERE epoch = ? AND seq = ?"];
pub(super) const TOKEN_IN_TAIL_OR_LOG: [&str; 2] = [
    "SELECT bytes FROM tail WHERE epoch = ? AND seq = ?",
    TOKEN_IN_LOG[0],
];

/// The token at a place of an ended epoch, from the first statement that finds it.
fn find_token(
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
const MOVE_ROW: &str = "ON CONFLICT (command_id, user_id) DO UPDATE SET epoch = excluded.epoch,
    seq = excluded.seq, op_hash = excluded.op_hash, verdict = excluded.verdict, fence = NULL";

/// False if the command has an outcome or is already in this epoch.
pub(super) fn relog_command(
    conn: &Connection,
    state: &mut LogState,
    old: UndecidedCommand,
    origin: EndedEpoch<'_>,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    if is_planted(Defect::NothingRelogged) {
        return Ok(false);
    }
    let known = find_logged_position(conn, old.op.command.id, old.op.actor.user_id)?;
    if known.is_some_and(|known| known.decided || known.epoch == state.epoch) {
        return Ok(false);
    }
    let UndecidedCommand {
        epoch,
        head: at,
        op,
        token,
    } = old;
    let token_seq = match &token {
        Some(token) => ensure_token_logged(conn, state, token, now, now)?,
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
    let relogged_op = CommandOp {
        token_seq,
        verdict: Verdict::Provisional,
        fence: None,
        relogged: Some(first_receipt),
        ..op
    };
    let at = append_op(conn, state, &Op::Command(relogged_op.clone()), now)?;
    if let Some(before) = known {
        stored_commands::retire_op(conn, before.epoch, before.seq)?;
    }
    let stored = StoredCommand::from_op(&relogged_op, state.epoch, at);
    stored_commands::insert_command(conn, &stored, relogged_op.received_at, MOVE_ROW)?;
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
