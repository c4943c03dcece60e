//! Owns auth_db: accounts, the sessions given out, and wrong passwords.
//!
//! Invariant: an account and a revocation are written together with the event that tells of them.

mod failures;
mod sessions;
mod users;

#[cfg(test)]
mod tests;

use platform::sql::{Migrations, Sql, SqlError};
use sqlx::migrate::Migrator;

pub use failures::NameHash;
pub use sessions::{Session, SessionKind};
pub use users::{Account, Added, Closing};

static MYSQL: Migrator = sqlx::migrate!("migrations/mysql");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

pub const MIGRATIONS: Migrations = Migrations { mysql: &MYSQL, sqlite: &SQLITE };

/// Rows taken or removed by one statement of the jobs.
pub const BATCH: usize = 500;

#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("auth_db did not do as asked")]
    Sql(#[from] SqlError),
    #[error("auth_db holds what this version cannot read: {0}")]
    Unreadable(&'static str),
}

impl Store {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }
}
