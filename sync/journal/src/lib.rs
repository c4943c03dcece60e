//! Owns a SQLite file through one thread with group commit: when free, it drains up to 256 waiting
//! writes, runs each in a savepoint and commits them together, without delay.
//!
//! Invariants: a write is answered only after its commit is on disk (WAL, `synchronous=FULL`); a
//! failed write rolls back only itself; the in-memory state is always a cache of the file.

mod error;
mod journal;
mod writer;

// Tests have no shutdown signal for their tasks.
#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;

pub use error::{
    JournalError, WriteError, is_full, is_of_damage, is_of_full_disk, is_of_newer_version,
};
pub use journal::Journal;
pub use writer::State;
