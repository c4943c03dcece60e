//! The writing thread's in-memory state.

use std::io;

use rusqlite::Connection;

/// A cache of the file. Only the writing thread holds it, and passes it to every write.
pub trait State: Sized + Send + 'static {
    type Error: 'static;

    /// Returns the SQLite error inside a refusal: it may mean a full disk. A bare `rusqlite::Error`
    /// is detected without this.
    fn sqlite_error(_refusal: &Self::Error) -> Option<&rusqlite::Error> {
        None
    }

    fn load(conn: &Connection) -> rusqlite::Result<Self>;

    /// Rebuilds the cache after a rolled-back write. Override it to keep parts outside the file,
    /// such as a channel.
    fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        *self = Self::load(conn)?;
        Ok(())
    }

    /// Runs after each commit is on disk, before its writes are answered. If it fails, the commit
    /// stays, but every write of the group gets a fault.
    fn committed(&mut self, _conn: &Connection) -> Result<(), io::Error> {
        Ok(())
    }
}
