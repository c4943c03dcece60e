//! Owns sync_db: edges and their standing, received ops, outcomes, the feeds and the gates; and
//! the accepts that wait for a region's holder.
//!
//! Invariants: what a session writes is guarded by its term, what a worker writes by its work token,
//! so that of two that believe to own an edge one changes nothing; a feed is written under the lock
//! of its region's row, so that its numbers leave no gap and no reader passes over a late commit.

mod asks;
mod compact;
mod compare;
mod due;
mod edges;
mod enrol;
mod epochs;
mod feed;
mod left_behind;
mod oplog;
mod ops;
mod outcomes;
mod probes;
mod regions;
mod retry;
mod snapshot;
mod status;
mod work;

use platform::sql::{Migrations, Sql};
use wire::{EdgeId, Hash, Region};

pub use asks::{AskName, Asked};
pub use compact::{BATCH, LookedAt};
pub use edges::LinkKey;
pub use enrol::{Enrolled, Invited};
pub use feed::{Fed, Gone, Revocations, Revoked};
pub use platform::StoreError;
pub use retry::Retried;
pub use work::Claim;

pub const MIGRATIONS: Migrations = platform::migrations!();

/// Row bytes of one frame that goes down. An edge takes a line for dead that brings it no whole frame in
/// fifteen seconds, and would meet the same frame again in each session: this much arrives at 3 kB/s.
const FRAME_BYTES_MAX: usize = 32 * 1024;

#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

impl Store {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    pub fn sql(&self) -> &Sql {
        &self.sql
    }
}

fn region(text: &str) -> Result<Region, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("a region"))
}

fn edge(text: String) -> Result<EdgeId, StoreError> {
    EdgeId::new(text).map_err(|_| StoreError::Unreadable("the name of an edge"))
}

fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|_| StoreError::Unreadable("a hash"))
}

/// How many of these rows go into one frame; the first in any case, or its stream would end there.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fits = |(index, size): &(usize, usize)| {
        bytes += size;
        *index == 0 || bytes <= FRAME_BYTES_MAX
    };
    sizes.enumerate().take_while(fits).count()
}

/// Counters are never negative; one that is shows as zero.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The words of the link are kept as they are sent.
fn encoded(word: &impl minicbor::Encode<()>) -> Result<Vec<u8>, StoreError> {
    minicbor::to_vec(word).map_err(|_| StoreError::Contradiction("a word that cannot be written"))
}

#[cfg(test)]
mod tests;
