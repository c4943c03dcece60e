//! Owns a SQLite file through one thread that commits in groups: whenever it is free it takes the
//! waiting writes, at most 256, runs each in a savepoint of its own and commits them together. It
//! never waits for company.
//!
//! Invariants: an answer is given only after its commit is on disk (WAL, `synchronous=FULL`); a
//! write that fails undoes itself and nothing else; the state in memory is always a cache of the
//! file.

mod error;
mod file;
mod journal;
mod state;
mod writer;

// Tests have no process stop for their tasks to obey.
#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;

pub use error::{
    JournalError, WriteError, is_full, is_of_damage, is_of_full_disk, is_of_newer_version,
};
pub use journal::Journal;
pub use state::State;
