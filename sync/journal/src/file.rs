//! Opens the file for its single owner, with durable writes.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::Migrations;

use crate::JournalError;

/// A separate lock file, because closing any other handle of the database would drop SQLite's
/// locks.
pub(crate) struct OwnedFile {
    pub conn: Connection,
    _lock: File,
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A small cache suffices: an edge's state is in memory anyway.
const CACHE_KIB: i64 = 512;
/// Size limit of the write-ahead log after a checkpoint, so a large burst does not keep its space.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

pub(crate) fn open(path: &Path, migrations: &Migrations<'_>) -> Result<OwnedFile, JournalError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(JournalError::wrap_io("create the journal's folder"))?;
    }
    let lock = lock_file(path)?;
    let mut conn = Connection::open(path).map_err(JournalError::wrap_sql("open the journal"))?;
    set_up(&conn, path)?;
    migrations
        .to_latest(&mut conn)
        .map_err(JournalError::schema(path))?;
    Ok(OwnedFile { conn, _lock: lock })
}

pub(crate) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    open_read_only(path).map_err(JournalError::wrap_sql("open the journal for reading"))
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(conn)
}

fn lock_file(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::create(&name).map_err(JournalError::wrap_io("create the journal's lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::Taken(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(JournalError::wrap_io("lock the journal")(error)),
    }
}

fn set_up(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let mode = apply_settings(conn).map_err(JournalError::wrap_sql("set the journal up"))?;
    if mode.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(JournalError::NoWal(path.to_owned()))
    }
}

/// Returns the journal mode that SQLite chose. It persists in the file; the other settings belong
/// to the connection.
fn apply_settings(conn: &Connection) -> rusqlite::Result<String> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let mode = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Overwrites deleted rows, so forgotten data leaves the file.
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
    Ok(mode)
}
