//! Owns sync_db: edges and their standing, received ops, outcomes, feeds and gates, and the accepts
//! that wait for a region's holder.
//!
//! Invariants: a session's writes are guarded by its term and a worker's by its work token, so that
//! of two that believe to own an edge one changes nothing. A feed is written under the lock of its
//! region's row, so that its numbers leave no gap and no reader passes over a late commit.

pub mod asks;
pub mod compact;
mod compare;
pub mod disabling;
pub mod edges;
pub mod enrol;
mod epochs;
pub mod feed;
pub mod firsts;
mod left_behind;
mod news;
mod oplog;
mod ops;
mod probes;
mod put_accepts;
mod regions;
pub mod reseal;
pub mod retry;
mod sealed;
mod snapshot;
mod status;
pub mod work;

pub use platform::StoreError;
use platform::sql::{Migrations, Sql};

pub const MIGRATIONS: Migrations = platform::migrations!();

/// Row bytes of one frame that goes down. An edge gives a line up that brings no whole frame in
/// fifteen seconds, and would meet the same frame in the next session: this much arrives at 3 kB/s.
const FRAME_BYTES_MAX: usize = 32 * 1024;

#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

type Result<T, E = StoreError> = std::result::Result<T, E>;

impl Store {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    pub fn sql(&self) -> &Sql {
        &self.sql
    }
}

/// The number of these rows that one frame takes; the first row always, or its stream would end
/// there.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fits = |(index, size): &(usize, usize)| {
        bytes += size;
        *index == 0 || bytes <= FRAME_BYTES_MAX
    };
    sizes.enumerate().take_while(fits).count()
}

fn decoded<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8], what: &'static str) -> Result<T> {
    minicbor::decode(bytes).map_err(|_| StoreError::Unreadable(what))
}

/// Words of the link are stored as they are sent.
fn encoded(word: &impl minicbor::Encode<()>) -> Result<Vec<u8>> {
    minicbor::to_vec(word).map_err(|_| StoreError::Contradiction("a word that cannot be written"))
}

#[cfg(test)]
mod tests;
