//! Owns auth_db: accounts, the sessions given out, and wrong passwords.
//!
//! Invariant: an account and a revocation are written together with the event that tells of them.

mod failures;
mod sessions;
mod users;

#[cfg(test)]
mod tests;

use platform::sql::{Migrations, Sql};

pub use failures::NameHash;
pub use platform::StoreError;
pub use sessions::{Session, SessionKind};
pub use users::{Account, Added, Closing};

pub const MIGRATIONS: Migrations = platform::migrations!();

/// Rows taken or removed by one statement of the jobs.
pub const BATCH: usize = 500;

#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

impl Store {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }
}
