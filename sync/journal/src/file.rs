//! Opening the file: who owns it, and how it is written.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::Migrations;

use crate::JournalError;

/// Held for as long as the file is written. The lock stands on a file of its own: closing any other
/// handle of the database itself would drop the locks SQLite holds on it.
pub(crate) struct Owned {
    pub conn: Connection,
    _lock: File,
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages kept by a connection, in KiB: an edge is to be small, and its state is in memory anyway.
const CACHE_KIB: i64 = 512;
/// The log is cut back to this after a checkpoint, so that one large burst does not keep its space.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

pub(crate) fn open(path: &Path, migrations: &Migrations<'_>) -> Result<Owned, JournalError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(JournalError::io("make the journal's folder"))?;
    }
    let lock = lock(path)?;
    let mut conn = Connection::open(path).map_err(JournalError::sql("open the journal"))?;
    set_up(&conn, path)?;
    let schema = |source| JournalError::Schema { path: path.to_owned(), source: source_of(source) };
    migrations.to_latest(&mut conn).map_err(schema)?;
    Ok(Owned { conn, _lock: lock })
}

pub(crate) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(conn)
    };
    open().map_err(JournalError::sql("open the journal for reading"))
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::create(&name).map_err(JournalError::io("make the journal's lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::Taken(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(JournalError::io("lock the journal")(error)),
    }
}

/// All of these but the first are the connection's, not the file's, so each open sets them.
fn set_up(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let set = || {
        conn.busy_timeout(BUSY_TIMEOUT)?;
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
        conn.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
        Ok(mode)
    };
    let mode = set().map_err(JournalError::sql("set the journal up"))?;
    if mode.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(JournalError::NoWal(path.to_owned()))
    }
}

fn source_of(error: rusqlite_migration::Error) -> std::sync::Arc<rusqlite_migration::Error> {
    std::sync::Arc::new(error)
}
