//! The copy of the database in a backup: whole, checked, and taken while the edge runs.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{EdgeIdentity, opening::find_identity};

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("{} is not the database of an edge", .0.display())]
    NotAnEdge(PathBuf),
    #[error("{} is damaged: {finding}", path.display())]
    Damaged { path: PathBuf, finding: String },
    #[error("could not read {}", .0.display())]
    Read(PathBuf, #[source] rusqlite::Error),
    #[error("could not write {}", .0.display())]
    Write(PathBuf, #[source] rusqlite::Error),
}

/// Copies one moment of the database, also while the edge writes. The target must not exist.
pub(crate) fn copy_database(from: &Path, to: &Path) -> Result<EdgeIdentity, CopyError> {
    let source = open_read_only(from).map_err(|error| CopyError::Read(from.into(), error))?;
    source
        .execute("VACUUM INTO ?", [to.display().to_string()])
        .map_err(|error| match journal::is_of_damage(&error) {
            true => CopyError::Read(from.into(), error),
            false => CopyError::Write(to.into(), error),
        })?;
    check_database(to)
}

/// Reads every page, and returns the database's edge.
pub(crate) fn check_database(path: &Path) -> Result<EdgeIdentity, CopyError> {
    let read = |error| CopyError::Read(path.into(), error);
    let conn = open_read_only(path).map_err(read)?;
    let finding: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(read)?;
    if finding != "ok" {
        return Err(CopyError::Damaged {
            path: path.into(),
            finding,
        });
    }
    find_identity(&conn)
        .map_err(read)?
        .ok_or_else(|| CopyError::NotAnEdge(path.into()))
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(conn)
}
