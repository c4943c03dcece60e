//! Turns a twin into a separate edge: renames its file, and logs its undecided commands again under
//! the new name, provisionally and without a fence.
//!
//! Invariant: only a file that the hub called a twin is ever renamed.

use std::path::Path;

use journal::{Journal, JournalError, WriteError};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use wire::{BootNonce, ChainHead, EdgeId, Op, QuarantineWhy, UnixMillis};

use super::{
    alarm::{self, Alarm},
    append,
    book::LogBook,
    opening::{self, EdgeIdentity},
    path_in, quarantine,
    relog::{self, EndedEpoch},
    schema,
    sql::mark_write_error,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedEdge {
    pub from: EdgeId,
    pub relogged: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    #[error("could not open the database of the edge that this one was copied from")]
    Journal(#[from] JournalError),
    #[error("could not read which edge the data folder belongs to")]
    Read(#[from] rusqlite::Error),
    #[error("could not rename the edge in its database")]
    Write(#[from] WriteError<rusqlite::Error>),
}

/// Moves decided commands out of the old log's numbering: into epoch 0, after those of earlier
/// renamings.
const PUT_BY: &str = "UPDATE commands SET seq = ? + seq + epoch * 1099511627776, epoch = 0
    WHERE epoch > 0";
const PUT_BY_BEFORE: &str = "SELECT COALESCE(MAX(seq), 0) FROM commands WHERE epoch = 0";

/// The edge of this region that this file is a copy of, if it is marked as a twin.
pub fn twin_of(data: &Path, identity: &EdgeIdentity) -> Result<Option<EdgeId>, RenameError> {
    let path = path_in(data);
    if path.exists() {
        Ok(anothers_twin(&path, identity)?)
    } else {
        Ok(None)
    }
}

/// True if the hub knows the file's edge by a key.
pub fn is_enrolled(data: &Path) -> Result<bool, RenameError> {
    const TABLE: &str = "SELECT count(*) FROM sqlite_master WHERE name = 'edge'";
    const ENROLLED: &str = "SELECT enrolled_at IS NOT NULL FROM edge WHERE one = 1";
    let path = path_in(data);
    if !path.exists() {
        return Ok(false);
    }
    let conn = open_unowned(&path)?;
    let tables: u32 = conn.query_row(TABLE, [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(false);
    }
    Ok(conn
        .query_row(ENROLLED, [], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

fn open_unowned(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Renames the file if `twin_of` finds an edge.
pub async fn enrol_anew(
    data: &Path,
    identity: &EdgeIdentity,
    nonce: BootNonce,
    now: UnixMillis,
) -> Result<Option<RenamedEdge>, RenameError> {
    if twin_of(data, identity)?.is_none() {
        return Ok(None);
    }
    let path = path_in(data);
    let journal = Journal::open(
        &path,
        schema::migrations(),
        <LogBook as journal::State>::load,
        |_| {},
    )?;
    let name = identity.edge_id.clone();
    let renamed = journal
        .write(move |conn, book| rename_edge(conn, book, name, nonce, now))
        .await;
    journal.close();
    Ok(Some(renamed?))
}

/// Files without the `alarm` table cannot be marked as twins.
fn anothers_twin(path: &Path, identity: &EdgeIdentity) -> rusqlite::Result<Option<EdgeId>> {
    const TABLE: &str = "SELECT count(*) FROM sqlite_master WHERE name IN ('alarm', 'edge')";
    let conn = open_unowned(path)?;
    let tables: u32 = conn.query_row(TABLE, [], |row| row.get(0))?;
    if tables < 2 {
        return Ok(None);
    }
    let Some(EdgeIdentity {
        edge_id: name,
        region,
    }) = opening::find_identity(&conn)?
    else {
        return Ok(None);
    };
    let twin = matches!(alarm::find_alarm(&conn)?, Some((Alarm::Twin, _)));
    let is_anothers = twin && name != identity.edge_id && region == identity.region;
    Ok(is_anothers.then_some(name))
}

fn rename_edge(
    conn: &Connection,
    book: &mut LogBook,
    edge_id: EdgeId,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<RenamedEdge> {
    const NOT_ENROLLED: &str = "UPDATE edge SET enrolled_at = NULL WHERE one = 1";
    const FIRST_EPOCH: u64 = 1;
    let from = book.edge_id.clone();
    let own = relog::load_undecided_commands(conn)?;
    for text in [
        "DELETE FROM log",
        "DELETE FROM tokens",
        "DELETE FROM pending",
        "DELETE FROM tail",
        // The new edge reuses these epoch numbers.
        "DELETE FROM epochs",
        NOT_ENROLLED,
    ] {
        conn.execute(text, [])?;
    }
    let before: i64 = conn.query_row(PUT_BY_BEFORE, [], |row| row.get(0))?;
    conn.execute(PUT_BY, [before])?;
    quarantine::reset_to_epoch(
        conn,
        book,
        &edge_id,
        FIRST_EPOCH,
        ChainHead::start(&edge_id),
    )?;
    append::append_op(conn, book, &Op::Boot { nonce, at: now }, now)?;
    let origin = EndedEpoch {
        edge: &from,
        why: QuarantineWhy::EdgeCloned,
    };
    let mut relogged = 0;
    for old in own {
        relogged += u64::from(relog::relog_command(conn, book, old, origin, now)?);
    }
    alarm::clear_alarm(conn, book)?;
    book.save(conn)?;
    // Before the commit: a crash between the two leaves a twin, which is suspect anyway.
    book.mark_now().map_err(mark_write_error)?;
    Ok(RenamedEdge { from, relogged })
}
