//! Owns a SQLite file through one thread that commits in groups: whenever it is free it takes what
//! waits, at most 256 writes, runs each in a savepoint of its own and commits them together, without
//! ever waiting for company.
//!
//! Invariants: an answer is given only after the commit that it rests on is on disk (WAL,
//! `synchronous=FULL`); a write that fails undoes itself and nothing else; the state in memory is
//! always a cache of the file.

mod error;
mod file;
mod journal;
mod reader;
mod state;
mod writer;

// A test has no process whose stop its tasks would have to hear.
#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;

pub use error::{JournalError, WriteError, is_full};
pub use journal::Journal;
pub use state::State;
