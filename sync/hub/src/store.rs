//! Owns sync_db: edges, received ops, outcomes, feeds, gates, and the accepts that wait for a
//! region's holder.
//!
//! Invariants: the term guards a session's writes and the work token a worker's, so if two both
//! believe they own an edge, only one can write. A feed is written under the lock of its region's
//! row, so its numbers have no gap and no reader skips a late commit.

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

/// Row bytes of one downlink frame. An edge drops a line that delivers no whole frame in fifteen
/// seconds, and the next session would resend it. This size passes at 3 kB/s.
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

/// Counts the rows that fit in one frame: always at least one, or the stream would stop there.
fn count_rows_in_frame(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let mut rows = 0;
    for size in sizes {
        bytes += size;
        if rows > 0 && bytes > FRAME_BYTES_MAX {
            break;
        }
        rows += 1;
    }
    rows
}

fn decode_stored<'b, T: minicbor::Decode<'b, ()>>(
    bytes: &'b [u8],
    what: &'static str,
) -> Result<T> {
    minicbor::decode(bytes).map_err(|_| StoreError::Unreadable(what))
}

/// The database stores link messages in their wire encoding.
fn encode_stored(word: &impl minicbor::Encode<()>) -> Result<Vec<u8>> {
    minicbor::to_vec(word)
        .map_err(|_| StoreError::Contradiction("a message that cannot be encoded"))
}

#[cfg(test)]
mod tests;
