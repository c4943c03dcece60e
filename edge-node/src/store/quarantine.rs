//! Starts a new epoch. The ops that the cloud gives back (the tail) are staged until complete; then
//! one transaction starts the epoch and logs undecided commands in it.
//!
//! Invariant: a crash leaves either the old epoch or the new one, whole. A partial tail is
//! discarded when it is sent again.

use engine::edge::{NewEpoch, TailWrite};
use rusqlite::{Connection, OptionalExtension, params};
use wire::{BootNonce, ChainHead, EdgeId, Op, UnixMillis};

use super::{
    alarm, append,
    book::LogBook,
    relog::{self, EndedEpoch, UndecidedCommand},
    sql::{execute_cached, hash, read_cbor, read_u64, to_sql_int},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochStart {
    pub epoch: u64,
    pub relogged: u64,
}

pub fn stage_tail(conn: &Connection, run: TailWrite) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO tail (epoch, seq, hash, bytes) VALUES (?, ?, ?, ?)";
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
        execute_cached(conn, PUT, values)?;
    }
    Ok(())
}

pub fn begin_epoch(
    conn: &Connection,
    book: &mut LogBook,
    new: NewEpoch,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<EpochStart> {
    const NOTE: &str =
        "INSERT INTO epochs (epoch, ended, why, at, relogged) VALUES (?, ?, ?, ?, ?)";
    let edge = book.edge_id.clone();
    let own = relog::load_undecided_commands(conn)?;
    let ended = book.epoch;
    let start = ChainHead::start_renewed_epoch(&edge, new.epoch, new.grant, new.last_accepted);
    reset_to_epoch(conn, book, &edge, new.epoch, start)?;
    // Every epoch starts with a boot op [BOOT_OP].
    append::append_op(conn, book, &Op::Boot { nonce, at: now }, now)?;
    let relogged = relog_all(
        conn,
        book,
        own,
        EndedEpoch {
            edge: &edge,
            why: new.why,
        },
        now,
    )?;
    conn.execute("DELETE FROM tail", [])?;
    conn.execute(
        NOTE,
        params![
            to_sql_int(new.epoch),
            to_sql_int(ended),
            new.why.as_str(),
            now.0,
            to_sql_int(relogged)
        ],
    )?;
    alarm::clear_alarm(conn, book)?;
    book.save(conn)?;
    Ok(EpochStart {
        epoch: new.epoch,
        relogged,
    })
}

/// Sets the book to the start of an empty epoch.
pub(super) fn reset_to_epoch(
    conn: &Connection,
    book: &mut LogBook,
    edge_id: &EdgeId,
    epoch: u64,
    start: ChainHead,
) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET name = ?, start_hash = ? WHERE one = 1";
    conn.execute(PUT, params![edge_id.as_str(), &start.hash.0[..]])?;
    book.edge_id = edge_id.clone();
    book.epoch = epoch;
    book.start = start.hash;
    book.head = start;
    book.outcome_cursor = 0;
    book.settled_seq = 0;
    // The lease belonged to the ended epoch; the feed brings the next.
    book.tenure.held = None;
    book.tenure.proven = false;
    Ok(())
}

/// Order: this log's ops before the tail, the tail, this log's later ops.
fn relog_all(
    conn: &Connection,
    book: &mut LogBook,
    own: Vec<UndecidedCommand>,
    origin: EndedEpoch<'_>,
    now: UnixMillis,
) -> rusqlite::Result<u64> {
    const BEGINS: &str = "SELECT epoch, seq FROM tail ORDER BY epoch, seq LIMIT 1";
    const TAIL: &str = "SELECT epoch, seq, hash, bytes FROM tail ORDER BY epoch, seq";
    let begins = conn
        .prepare(BEGINS)?
        .query_row([], |row| Ok((read_u64(row, 0)?, read_u64(row, 1)?)))
        .optional()?;
    let (before, after): (Vec<UndecidedCommand>, Vec<UndecidedCommand>) = own
        .into_iter()
        .partition(|old| begins.is_none_or(|begins| (old.epoch, old.head.seq) < begins));
    let mut count = 0;
    for old in before {
        count += u64::from(relog::relog_command(conn, book, old, origin, now)?);
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
        let token = relog::find_token(conn, &relog::GIVEN_BACK, epoch, op.token_seq)?;
        let old = UndecidedCommand {
            epoch,
            head: at,
            op,
            token,
        };
        count += u64::from(relog::relog_command(conn, book, old, origin, now)?);
    }
    for old in after {
        count += u64::from(relog::relog_command(conn, book, old, origin, now)?);
    }
    Ok(count)
}
