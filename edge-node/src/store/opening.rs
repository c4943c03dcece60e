//! Opens the file: checks that it belongs to this edge and matches the last answer, then logs the
//! boot op that precedes any command or Hello of this run [BOOT_OP].

use std::io;

use process::defect::{Defect, is_planted};
use rusqlite::{Connection, OptionalExtension, params};
use wire::{BootNonce, CLOCK_ERROR_MS_MAX, ChainHead, EdgeId, Hash, Op, Region, UnixMillis};

use super::{
    alarm::{self, Alarm},
    append,
    book::{LogBook, chain_at},
    clock,
    high_water::{HighWaterMark, MarkFile},
    sql::{read_parsed, to_sql_int},
};

#[derive(Debug, Clone)]
pub struct EdgeIdentity {
    pub edge_id: EdgeId,
    pub region: Region,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the data folder belongs to edge `{0}`, but this is edge `{1}`")]
    OtherEdge(EdgeId, EdgeId),
    #[error("the data folder belongs to region {0}, but this edge is configured for {1}")]
    OtherRegion(Region, Region),
    #[error("could not read which edge the data folder belongs to")]
    Sql(#[from] rusqlite::Error),
    #[error("could not write the first high-water mark")]
    Mark(#[source] io::Error),
}

const FIRST_EPOCH: u64 = 1;

/// Loads the state. A new file gets its first mark here, so that a crash between its first commit
/// and that commit's mark does not look like a restore.
pub(super) fn load(
    conn: &Connection,
    identity: &EdgeIdentity,
    found: MarkFile,
) -> Result<LogBook, IdentityError> {
    check_or_write_identity(conn, identity)?;
    let book = <LogBook as journal::State>::load(conn)?;
    if book.head.seq == 0 && !matches!(found, MarkFile::Whole(_)) {
        book.mark_now().map_err(IdentityError::Mark)?;
    }
    Ok(book)
}

/// Writes the edge's identity into a new file; refuses another edge's file.
fn check_or_write_identity(
    conn: &Connection,
    identity: &EdgeIdentity,
) -> Result<(), IdentityError> {
    const INSERT: &str = "INSERT INTO edge (one, name, region, epoch, start_hash, digest)
        VALUES (1, ?, ?, ?, ?, ?)";
    match find_identity(conn)? {
        Some(found) if found.edge_id != identity.edge_id => Err(IdentityError::OtherEdge(
            found.edge_id,
            identity.edge_id.clone(),
        )),
        Some(found) if found.region != identity.region => {
            Err(IdentityError::OtherRegion(found.region, identity.region))
        }
        Some(_) => Ok(()),
        None => {
            conn.execute(
                INSERT,
                params![
                    identity.edge_id.as_str(),
                    identity.region.as_str(),
                    to_sql_int(FIRST_EPOCH),
                    &ChainHead::start(&identity.edge_id).hash.0[..],
                    &Hash::ZERO.0[..],
                ],
            )?;
            Ok(())
        }
    }
}

/// The edge that the file belongs to. Absent in a new file.
pub(super) fn find_identity(conn: &Connection) -> rusqlite::Result<Option<EdgeIdentity>> {
    const FIND: &str = "SELECT name, region FROM edge WHERE one = 1";
    conn.query_row(FIND, [], |row| {
        Ok(EdgeIdentity {
            edge_id: read_parsed(row, 0)?,
            region: read_parsed(row, 1)?,
        })
    })
    .optional()
}

fn detect_restored_log(
    conn: &Connection,
    book: &LogBook,
    found: MarkFile,
) -> rusqlite::Result<Option<Alarm>> {
    let HighWaterMark { epoch, head } = match found {
        MarkFile::Whole(mark) => mark,
        MarkFile::Missing | MarkFile::Torn if book.head.seq == 0 => return Ok(None),
        MarkFile::Missing | MarkFile::Torn => return Ok(Some(Alarm::NoMark)),
    };
    if epoch < book.epoch || is_planted(Defect::HighWaterIgnored) {
        return Ok(None);
    }
    if epoch > book.epoch || head.seq > book.head.seq {
        return Ok(Some(Alarm::Older));
    }
    // Ops that the log dropped were settled long ago.
    let here = chain_at(conn, epoch, head.seq)?;
    Ok(here.filter(|here| *here != head).map(|_| Alarm::Different))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BootResult {
    pub suspicion: Option<Alarm>,
    /// Never before an earlier run's newest moment.
    pub at: UnixMillis,
}

/// A suspect edge stays suspect until a quarantine gives it a new epoch.
pub(super) fn log_boot(
    conn: &Connection,
    book: &mut LogBook,
    found: MarkFile,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<BootResult> {
    let newest = clock::newest_moment(conn)?;
    let at = if newest.ms_since(now) > CLOCK_ERROR_MS_MAX {
        newest
    } else {
        now
    };
    let suspicion = detect_restored_log(conn, book, found)?;
    if let Some(alarm) = suspicion {
        alarm::raise_alarm(conn, book, alarm, at)?;
    }
    append::append_op(conn, book, &Op::Boot { nonce, at }, at)?;
    book.save(conn)?;
    Ok(BootResult { suspicion, at })
}
