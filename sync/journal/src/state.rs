//! The writing thread's memory beside the file.

use std::io;

use rusqlite::Connection;

/// A cache of the file, held by the writing thread alone and handed to every write.
pub trait State: Sized + Send + 'static {
    /// The error of refused writes on this state.
    type Error: 'static;

    /// SQLite's error inside a refusal, for it may be a full disk. A bare `rusqlite::Error` needs
    /// no help.
    fn sql(_refusal: &Self::Error) -> Option<&rusqlite::Error> {
        None
    }

    fn load(conn: &Connection) -> rusqlite::Result<Self>;

    /// Builds the cache anew after an undone write. A state with parts outside the file, such as a
    /// channel, keeps those parts here.
    fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        *self = Self::load(conn)?;
        Ok(())
    }

    /// Runs after each commit is on disk and before its writes are answered. If it fails, the
    /// commit stands, but every write of the group is answered with a fault.
    fn committed(&mut self, _conn: &Connection) -> Result<(), io::Error> {
        Ok(())
    }
}
