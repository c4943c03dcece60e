//! Checks that the file still holds what was written to it. SQLite's integrity check compares the
//! tables with their indexes, and the guards of migration 3 hold a copy of every row. The bytes
//! of orders are compared with the view's digest, the ops with the log's chain, and the schema with
//! a new file's.
//!
//! Invariant: a check changes nothing, and a check that was broken off proves nothing.

use std::path::Path;

use engine::view::ViewDigest;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use wire::{ChainHead, Op};

use super::{
    closed_orders::read_stored_order,
    log::op_kind,
    opening::{STEPS, migrations},
    sql::{hash, read_saturated_u32, read_u64},
};

/// The state of a database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileCheck {
    Sound,
    /// The time was too short.
    Unfinished,
    /// The first fault found.
    Damaged(String),
    /// The log contains an undamaged op that this program cannot decode.
    NewerProgram,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Found(String),
    #[error("an op of a newer program")]
    NewerProgram,
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

/// SQLite checks for a stop after this many steps of its virtual machine.
const STEPS_PER_QUESTION: i32 = 1_000;

/// Checks the whole file until `is_over`. There is nothing to check before the first start.
pub fn check_file(path: &Path, is_over: impl FnMut() -> bool + Send + 'static) -> FileCheck {
    if !path.exists() {
        return FileCheck::Sound;
    }
    match find_fault(path, is_over) {
        Ok(()) => FileCheck::Sound,
        Err(Fault::Found(fault)) => FileCheck::Damaged(fault),
        Err(Fault::NewerProgram) => FileCheck::NewerProgram,
        Err(Fault::Sql(error))
            if journal::is_of_damage(&error) || error.sqlite_error_code().is_none() =>
        {
            let is_other_file = error.sqlite_error_code() == Some(ErrorCode::NotADatabase);
            FileCheck::Damaged(if is_other_file {
                "it is no database".to_owned()
            } else {
                error.to_string()
            })
        }
        // The time was over, another process has the file, or the system lacks something or failed
        // once: no finding.
        Err(Fault::Sql(error)) => {
            tracing::warn!(%error, "Could not finish the check of the database");
            FileCheck::Unfinished
        }
    }
}

fn find_fault(path: &Path, is_over: impl FnMut() -> bool + Send + 'static) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.progress_handler(STEPS_PER_QUESTION, Some(is_over))?;
    let snapshot = conn.unchecked_transaction()?;
    let finding: String = snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if finding != "ok" {
        return Err(Fault::Found(finding));
    }
    let steps: u32 = snapshot.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // An older file has no guards yet; a newer one belongs to a newer program.
    if steps != STEPS {
        return Ok(());
    }
    check_schema(&snapshot)?;
    check_orders(&snapshot)?;
    check_log(&snapshot)
}

fn check_schema(conn: &Connection) -> Result<(), Fault> {
    let mut new = Connection::open_in_memory()?;
    migrations()
        .to_latest(&mut new)
        .map_err(|error| Fault::Found(error.to_string()))?;
    if read_schema(conn)? == read_schema(&new)? {
        Ok(())
    } else {
        Err(Fault::Found("the schema has changed".to_owned()))
    }
}

type SchemaEntry = (String, String, Option<String>);

fn read_schema(conn: &Connection) -> rusqlite::Result<Vec<SchemaEntry>> {
    const ENTRIES: &str = "SELECT name, tbl_name, sql FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name";
    conn.prepare(ENTRIES)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Compares the confirmed orders with the digest that the cloud compares too.
fn check_orders(conn: &Connection) -> Result<(), Fault> {
    const ORDERS: &str = "SELECT version, feed_version, dropped_digest, bytes FROM orders";
    let mut tally = ViewDigest::default();
    let mut statement = conn.prepare(ORDERS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        read_stored_order(row)?.join_tally(&mut tally);
    }
    if load_tally(conn)?.is_none_or(|stored| stored == tally) {
        Ok(())
    } else {
        let fault = "the orders differ from the digest of the view";
        Err(Fault::Found(fault.to_owned()))
    }
}

/// `None` in a file without an edge.
fn load_tally(conn: &Connection) -> rusqlite::Result<Option<ViewDigest>> {
    const ROW: &str = "SELECT digest, orders, ahead FROM edge WHERE one = 1";
    let mut statement = conn.prepare(ROW)?;
    let mut rows = statement.query_map([], |row| {
        Ok(ViewDigest {
            digest: hash(row, 0)?,
            orders: read_u64(row, 1)?,
            ahead: read_saturated_u32(row, 2)?,
        })
    })?;
    rows.next().transpose()
}

/// An op whose predecessor the log has dropped starts a new run of the chain.
fn check_log(conn: &Connection) -> Result<(), Fault> {
    const OPS: &str = "SELECT epoch, seq, hash, kind, bytes FROM log ORDER BY epoch, seq";
    let start = load_chain_start(conn)?;
    let mut before: Option<(u64, ChainHead)> = None;
    let mut statement = conn.prepare(OPS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let epoch = read_u64(row, 0)?;
        let seq = read_u64(row, 1)?;
        let here = ChainHead {
            seq,
            hash: hash(row, 2)?,
        };
        let kind: String = row.get(3)?;
        let bytes: Vec<u8> = row.get(4)?;
        let continues = [start, before]
            .into_iter()
            .flatten()
            .find(|(known_epoch, known)| *known_epoch == epoch && known.seq + 1 == seq)
            .map(|(_, known)| known.append_op(&bytes) == here);
        let op = Op::from_bytes(&bytes);
        if continues == Some(true) && op.is_err() {
            return Err(Fault::NewerProgram);
        }
        let is_kind = op.is_ok_and(|op| op_kind(&op) == kind);
        if continues == Some(false) || !is_kind {
            let fault = format!("op {seq} of epoch {epoch} is not the one that was logged");
            return Err(Fault::Found(fault));
        }
        before = Some((epoch, here));
    }
    Ok(())
}

fn load_chain_start(conn: &Connection) -> rusqlite::Result<Option<(u64, ChainHead)>> {
    const START: &str = "SELECT epoch, start_hash FROM edge WHERE one = 1";
    let mut statement = conn.prepare(START)?;
    let mut rows = statement.query_map([], |row| {
        let start = ChainHead {
            seq: 0,
            hash: hash(row, 1)?,
        };
        Ok((read_u64(row, 0)?, start))
    })?;
    rows.next().transpose()
}
