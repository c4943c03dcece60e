//! Relational storage: one hand-written SQL text for MySQL and SQLite, values through the closed
//! `Val`, rows through `Row`. Every statement passes through here, so timing and limits apply in
//! one place.
//!
//! Invariants: a text is static (`Statement` only repeats static parts); a transaction on SQLite
//! holds the single write lock from its start; MySQL runs at READ COMMITTED, because under
//! REPEATABLE READ the loser of a guarded update would see the old row.

mod columns;
mod error;
mod follower;
mod migrate;
mod open;
mod retry;
mod row;
mod statement;
mod tx;
mod value;

pub use columns::Columns;
pub use error::SqlError;
pub use follower::ReplicaReader;
pub use migrate::{GROUND, Migrations};
pub use open::{WRITER_LIMIT, create_database};
pub(crate) use retry::LOCK_WAITS;
pub use retry::TransactionRetry;
pub use row::{Plain, ReadError, Row, StoredRow};
pub use statement::{NAMES_MAX, ROWS_MAX, Statement, in_list, split_batches};
pub use tx::Tx;
pub use value::{Column, ColumnError, Val, to_bigint};

use std::sync::Arc;

use process::config::SecretUrl;
use sqlx::{MySqlPool, SqlitePool};
use tokio::sync::Notify;

use crate::sealing::DataKeys;
use statement::{bind_mysql, bind_sqlite, run_with_timeout};

/// A service's database. Clones share the pool.
#[derive(Clone)]
pub enum Sql {
    MySql {
        pool: MySqlPool,
        outbox: Arc<Notify>,
        keys: DataKeys,
    },
    /// Writers queue for one connection: eight stall each other for seconds, one does not.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
        outbox: Arc<Notify>,
        keys: DataKeys,
    },
}

impl Sql {
    /// Opens a database whose personal columns these keys seal. Fails if `migrate` has not brought
    /// it up to date.
    pub async fn open_current(
        url: &SecretUrl,
        migrations: &Migrations,
        keys: &DataKeys,
    ) -> Result<Self, SqlError> {
        let sql = Self::open(url.reveal()).await?.sealed_by(keys);
        sql.check_schema(migrations).await?;
        Ok(sql)
    }

    pub async fn update(url: &SecretUrl, migrations: &Migrations) -> Result<(), SqlError> {
        let sql = Self::open(url.reveal()).await?;
        sql.migrate(migrations).await?;
        sql.close().await;
        Ok(())
    }

    /// Seals personal columns from now on.
    #[must_use]
    pub fn sealed_by(mut self, by: &DataKeys) -> Self {
        let (Self::MySql { keys, .. } | Self::Sqlite { keys, .. }) = &mut self;
        *keys = by.clone();
        self
    }

    pub fn data_keys(&self) -> &DataKeys {
        match self {
            Self::MySql { keys, .. } | Self::Sqlite { keys, .. } => keys,
        }
    }

    pub fn is_mysql(&self) -> bool {
        matches!(self, Self::MySql { .. })
    }

    pub fn engine(&self) -> &'static str {
        if self.is_mysql() { "mysql" } else { "sqlite" }
    }

    /// Runs one statement outside a transaction.
    pub async fn exec(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<u64, SqlError> {
        let text = text.into();
        let work = async {
            Ok(match self {
                Self::MySql { pool, .. } => bind_mysql(&text, values)
                    .execute(pool)
                    .await?
                    .rows_affected(),
                Self::Sqlite { write, .. } => bind_sqlite(&text, values)
                    .execute(write)
                    .await?
                    .rows_affected(),
            })
        };
        run_with_timeout(&text, work).await
    }

    /// Reads the first row outside a transaction.
    pub async fn fetch_optional<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let work = async {
            match self {
                Self::MySql { pool, keys, .. } => {
                    let row = bind_mysql(&text, values).fetch_optional(pool).await?;
                    row.map(|row| R::read(&StoredRow::from_mysql(&row, keys)))
                        .transpose()
                }
                Self::Sqlite { read, keys, .. } => {
                    let row = bind_sqlite(&text, values).fetch_optional(read).await?;
                    row.map(|row| R::read(&StoredRow::from_sqlite(&row, keys)))
                        .transpose()
                }
            }
        };
        run_with_timeout(&text, work).await
    }

    /// Reads every row outside a transaction; the text carries the LIMIT.
    pub async fn fetch_all<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let work = async {
            match self {
                Self::MySql { pool, keys, .. } => {
                    let rows = bind_mysql(&text, values).fetch_all(pool).await?;
                    rows.iter()
                        .map(|row| R::read(&StoredRow::from_mysql(row, keys)))
                        .collect()
                }
                Self::Sqlite { read, keys, .. } => {
                    let rows = bind_sqlite(&text, values).fetch_all(read).await?;
                    rows.iter()
                        .map(|row| R::read(&StoredRow::from_sqlite(row, keys)))
                        .collect()
                }
            }
        };
        run_with_timeout(&text, work).await
    }

    pub async fn ping(&self) -> Result<(), SqlError> {
        self.fetch_optional::<i64>("SELECT 1", Vec::new())
            .await
            .map(drop)
    }

    /// Returns once a transaction of this process has committed an event since the last call.
    pub(crate) async fn outbox_written(&self) {
        self.outbox().notified().await;
    }

    fn outbox(&self) -> &Arc<Notify> {
        match self {
            Self::MySql { outbox, .. } | Self::Sqlite { outbox, .. } => outbox,
        }
    }

    /// Waits for connections in use, then closes the pool.
    pub async fn close(&self) {
        match self {
            Self::MySql { pool, .. } => pool.close().await,
            Self::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}
