//! Owns order_db: orders and their timeline, commands with their answers, the assignment of regions,
//! and cases for a person to look at.
//!
//! Invariant: one transaction reads the basis of a decision and writes all of it: order, timeline,
//! answer, outbox row.

mod cases;
mod compare;
mod conflicts;
mod decide;
mod lists;
mod read;
mod rights;
mod rows;
mod turn;
mod write;

use platform::sql::{Migrations, Sql, SqlError};
use process::clock::Clock;
use sqlx::migrate::Migrator;

pub use decide::Publication;
pub use lists::{Cursor, Listing, Slice};
pub use rights::{Assign, RegionRecord};

static MYSQL: Migrator = sqlx::migrate!("migrations/mysql");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

pub const MIGRATIONS: Migrations = Migrations { mysql: &MYSQL, sqlite: &SQLITE };

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    clock: Clock,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("order_db did not do as asked")]
    Sql(#[from] SqlError),
    #[error("order_db holds what this version cannot read: {0}")]
    Unreadable(&'static str),
    #[error("an order changed under its lock")]
    Overtaken,
    #[error("an event has no text")]
    Event(#[from] serde_json::Error),
}

impl Store {
    pub fn new(sql: Sql, clock: Clock) -> Self {
        Self { sql, clock }
    }
}
