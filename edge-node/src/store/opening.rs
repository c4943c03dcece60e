//! Opens the file: migrates it, checks that it belongs to this edge and matches the last answer,
//! then logs the boot op that precedes any command or Hello of this run [BOOT_OP]. Turns a twin
//! into a separate edge: renames its file, and logs its undecided commands again under the new
//! name, provisionally and without a fence.
//!
//! Invariants: only a file that the hub called a twin is ever renamed. A released migration
//! never changes; add a new one.

use std::{io, path::Path};

use journal::{Journal, JournalError, WriteError};
use planted::{Defect, is_planted};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};
use wire::{
    BootNonce, CLOCK_ERROR_MS_MAX, ChainHead, EdgeId, Hash, Op, QuarantineWhy, Region, UnixMillis,
};

use super::{
    EdgeIdentity,
    high_water::{HighWaterMark, MarkFile},
    log::{LogState, append_op, chain_at},
    new_epoch::{self, EndedEpoch},
    path_in,
    sql::{mark_write_error, read_parsed, to_sql_int},
    standing::{self, Alarm},
};

#[derive(Debug, thiserror::Error)]
pub(super) enum IdentityError {
    #[error("the data folder belongs to edge `{0}`, but this is edge `{1}`")]
    OtherEdge(EdgeId, EdgeId),
    #[error("the data folder belongs to region {0}, but this edge is configured for {1}")]
    OtherRegion(Region, Region),
    #[error("could not read which edge the data folder belongs to")]
    Sql(#[from] rusqlite::Error),
    #[error("could not write the first high-water mark")]
    Mark(#[source] io::Error),
}

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

/// The number of migrations.
pub(super) const STEPS: u32 = 8;

const FIRST_EPOCH: u64 = 1;

pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../../migrations/0001_edge.sql")),
        M::up(include_str!("../../migrations/0002_dropped_orders.sql")),
        M::up(include_str!("../../migrations/0003_guards.sql")),
        M::up(include_str!("../../migrations/0004_disk_days.sql")),
        M::up(include_str!("../../migrations/0005_platform_fees.sql")),
        M::up(include_str!("../../migrations/0006_cancel_fees.sql")),
        M::up(include_str!("../../migrations/0007_messages.sql")),
        M::up(include_str!("../../migrations/0008_message_photos.sql")),
    ])
}

/// Loads the state. A new file gets its first mark here, so that a crash between its first commit
/// and that commit's mark does not look like a restore.
pub(super) fn load_log_book(
    conn: &Connection,
    identity: &EdgeIdentity,
    found: MarkFile,
) -> Result<LogState, IdentityError> {
    check_or_write_identity(conn, identity)?;
    let state = <LogState as journal::State>::load(conn)?;
    if state.head.seq == 0 && !matches!(found, MarkFile::Whole(_)) {
        state.mark_now().map_err(IdentityError::Mark)?;
    }
    Ok(state)
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
    state: &LogState,
    found: MarkFile,
) -> rusqlite::Result<Option<Alarm>> {
    let HighWaterMark { epoch, head } = match found {
        MarkFile::Whole(mark) => mark,
        MarkFile::Missing | MarkFile::Torn if state.head.seq == 0 => return Ok(None),
        MarkFile::Missing | MarkFile::Torn => return Ok(Some(Alarm::NoMark)),
    };
    if epoch < state.epoch || is_planted(Defect::HighWaterIgnored) {
        return Ok(None);
    }
    if epoch > state.epoch || head.seq > state.head.seq {
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
    state: &mut LogState,
    found: MarkFile,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<BootResult> {
    let newest = standing::newest_moment(conn)?;
    let at = if newest.ms_since(now) > CLOCK_ERROR_MS_MAX {
        newest
    } else {
        now
    };
    let suspicion = detect_restored_log(conn, state, found)?;
    if let Some(alarm) = suspicion {
        standing::raise_alarm(conn, state, alarm, at)?;
    }
    append_op(conn, state, &Op::Boot { nonce, at }, at)?;
    state.save(conn)?;
    Ok(BootResult { suspicion, at })
}

/// Moves commands out of the old log's numbering: into epoch 0, after those moved earlier.
const MOVE_TO_EPOCH_ZERO: &str =
    "UPDATE commands SET seq = ? + seq + epoch * 1099511627776, epoch = 0
    WHERE epoch > ? OR epoch = ? AND seq > ?";
const LAST_IN_EPOCH_ZERO: &str = "SELECT COALESCE(MAX(seq), 0) FROM commands WHERE epoch = 0";

/// Frees the places behind this one for new ops. The moved commands keep their answers.
pub(super) fn move_commands_behind(
    conn: &Connection,
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<()> {
    let moved_before: i64 = conn.query_row(LAST_IN_EPOCH_ZERO, [], |row| row.get(0))?;
    let epoch = to_sql_int(epoch);
    conn.execute(
        MOVE_TO_EPOCH_ZERO,
        params![moved_before, epoch, epoch, to_sql_int(seq)],
    )
    .map(drop)
}

/// The edge of this region that this file is a copy of, if it is marked as a twin.
pub fn twin_of(data: &Path, identity: &EdgeIdentity) -> Result<Option<EdgeId>, RenameError> {
    let path = path_in(data);
    if path.exists() {
        Ok(twin_of_other_edge(&path, identity)?)
    } else {
        Ok(None)
    }
}

/// True if the file's edge is enrolled with a key at the hub.
pub fn is_enrolled(data: &Path) -> Result<bool, RenameError> {
    const ENROLLED: &str = "SELECT enrolled_at IS NOT NULL FROM edge WHERE one = 1";
    let path = path_in(data);
    if !path.exists() {
        return Ok(false);
    }
    let conn = open_existing_file(&path)?;
    if !is_migrated(&conn)? {
        return Ok(false);
    }
    Ok(conn
        .query_row(ENROLLED, [], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

/// False if a start failed before it created the tables.
fn is_migrated(conn: &Connection) -> rusqlite::Result<bool> {
    conn.table_exists(None, "edge")
}

fn open_existing_file(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Renames the file if `twin_of` finds an edge.
pub async fn rename_twin_file(
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
        migrations(),
        <LogState as journal::State>::load,
        |_| {},
    )?;
    let name = identity.edge_id.clone();
    let renamed = journal
        .write(move |conn, state| rename_edge(conn, state, name, nonce, now))
        .await;
    journal.close();
    Ok(Some(renamed?))
}

fn twin_of_other_edge(path: &Path, identity: &EdgeIdentity) -> rusqlite::Result<Option<EdgeId>> {
    let conn = open_existing_file(path)?;
    if !is_migrated(&conn)? {
        return Ok(None);
    }
    let Some(EdgeIdentity {
        edge_id: name,
        region,
    }) = find_identity(&conn)?
    else {
        return Ok(None);
    };
    let twin = matches!(standing::find_alarm(&conn)?, Some((Alarm::Twin, _)));
    let is_anothers = twin && name != identity.edge_id && region == identity.region;
    Ok(is_anothers.then_some(name))
}

fn rename_edge(
    conn: &Connection,
    state: &mut LogState,
    edge_id: EdgeId,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<RenamedEdge> {
    const NOT_ENROLLED: &str = "UPDATE edge SET enrolled_at = NULL WHERE one = 1";
    let from = state.edge_id.clone();
    let own = new_epoch::load_undecided_commands(conn)?;
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
    move_commands_behind(conn, 0, u64::MAX)?;
    new_epoch::reset_to_epoch(
        conn,
        state,
        &edge_id,
        FIRST_EPOCH,
        ChainHead::start(&edge_id),
    )?;
    append_op(conn, state, &Op::Boot { nonce, at: now }, now)?;
    let origin = EndedEpoch {
        edge: &from,
        why: QuarantineWhy::EdgeCloned,
    };
    let mut relogged = 0;
    for old in own {
        relogged += u64::from(new_epoch::relog_command(conn, state, old, origin, now)?);
    }
    standing::clear_alarm(conn, state)?;
    state.save(conn)?;
    // Before the commit: a crash between the two leaves a twin, which is suspect anyway.
    state.mark_now().map_err(mark_write_error)?;
    Ok(RenamedEdge { from, relogged })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    #[test]
    fn every_migration_runs_on_an_empty_file_and_is_counted() {
        let mut file = Connection::open_in_memory().unwrap();
        super::migrations().to_latest(&mut file).unwrap();
        let steps = file.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
        assert_eq!(steps, Ok(super::STEPS));
    }
}
