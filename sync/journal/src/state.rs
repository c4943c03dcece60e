//! What the writing thread keeps in memory beside the file.

use std::io;

use rusqlite::Connection;

/// A cache of the file, held by the writing thread alone and handed to every write.
pub trait State: Sized + Send + 'static {
    /// What writes on this state are refused with.
    type Error: 'static;

    /// SQLite's error in a refusal, where it is one: then a full disk is known for what it is, for this
    /// write and for those that shared its group. A write refused with a bare `rusqlite::Error` needs
    /// no help.
    fn sql(_refusal: &Self::Error) -> Option<&rusqlite::Error> {
        None
    }

    /// Builds the cache from the file.
    fn load(conn: &Connection) -> rusqlite::Result<Self>;

    /// Builds the cache anew after a write was undone. A state that also holds what is not in the
    /// file, such as a channel, keeps that here.
    fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        *self = Self::load(conn)?;
        Ok(())
    }

    /// Runs after each commit is on disk and before any of its writes is answered. When it fails, the
    /// commit stands, yet every write of the group is answered with a fault.
    fn committed(&mut self, _conn: &Connection) -> Result<(), io::Error> {
        Ok(())
    }
}

/// For a journal that keeps nothing in memory.
impl State for () {
    type Error = rusqlite::Error;

    fn load(_: &Connection) -> rusqlite::Result<Self> {
        Ok(())
    }
}
