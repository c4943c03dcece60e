//! Owns relational storage: one hand-written SQL text for MySQL and SQLite, values through the
//! closed `Val`, rows through `Row`. Every statement of every service passes through here, so it is
//! timed and limited in one place.
//!
//! Invariants: a text is static (`Statement` can only repeat static parts); a transaction on SQLite
//! holds the one write lock from its start; MySQL runs at READ COMMITTED, because under REPEATABLE
//! READ the loser of a guarded update is shown the old row.

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
pub use follower::Reads;
pub use migrate::{GROUND, Migrations};
pub use open::{WRITER_LIMIT, create_database};
pub use retry::Attempts;
pub(crate) use retry::LOCK_WAITS;
pub use row::{Plain, ReadError, Row, StoredRow};
pub use statement::{NAMES_MAX, ROWS_MAX, Statement, in_list, parts};
pub use tx::Tx;
pub use value::{Column, ColumnError, Val, bigint};

use std::sync::Arc;

use process::config::SecretUrl;
use sqlx::{MySqlPool, SqlitePool};
use tokio::sync::Notify;

use crate::sealing::DataKeys;
use statement::{limited, mysql, sqlite};

/// A service's own database. Cloning shares the pool.
#[derive(Clone)]
pub enum Sql {
    MySql {
        pool: MySqlPool,
        outbox: Arc<Notify>,
        keys: DataKeys,
    },
    /// Writers queue for one connection: eight of them stall each other for seconds, one does not.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
        outbox: Arc<Notify>,
        keys: DataKeys,
    },
}

impl Sql {
    /// Opens a database whose personal columns these keys seal, and refuses one that `migrate` has
    /// not brought up to date.
    pub async fn open_current(
        url: &SecretUrl,
        migrations: &Migrations,
        keys: &DataKeys,
    ) -> Result<Self, SqlError> {
        let sql = Self::open(url.reveal()).await?.sealed_by(keys);
        sql.check(migrations).await?;
        Ok(sql)
    }

    /// Opens a database, brings it up to date and closes it.
    pub async fn update(url: &SecretUrl, migrations: &Migrations) -> Result<(), SqlError> {
        let sql = Self::open(url.reveal()).await?;
        sql.migrate(migrations).await?;
        sql.close().await;
        Ok(())
    }

    /// The same database, whose personal columns are sealed from now on.
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

    /// One statement on its own, committed when it returns.
    pub async fn exec(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<u64, SqlError> {
        let text = text.into();
        let work = async {
            Ok(match self {
                Self::MySql { pool, .. } => {
                    mysql(&text, values).execute(pool).await?.rows_affected()
                }
                Self::Sqlite { write, .. } => {
                    sqlite(&text, values).execute(write).await?.rows_affected()
                }
            })
        };
        limited(&text, work).await
    }

    /// The first row, read outside a transaction.
    pub async fn one<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let work = async {
            match self {
                Self::MySql { pool, keys, .. } => {
                    let row = mysql(&text, values).fetch_optional(pool).await?;
                    row.map(|row| R::read(&StoredRow::mysql(&row, keys))).transpose()
                }
                Self::Sqlite { read, keys, .. } => {
                    let row = sqlite(&text, values).fetch_optional(read).await?;
                    row.map(|row| R::read(&StoredRow::sqlite(&row, keys))).transpose()
                }
            }
        };
        limited(&text, work).await
    }

    /// Every row, read outside a transaction; the text carries the LIMIT.
    pub async fn all<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let work = async {
            match self {
                Self::MySql { pool, keys, .. } => {
                    let rows = mysql(&text, values).fetch_all(pool).await?;
                    rows.iter().map(|row| R::read(&StoredRow::mysql(row, keys))).collect()
                }
                Self::Sqlite { read, keys, .. } => {
                    let rows = sqlite(&text, values).fetch_all(read).await?;
                    rows.iter().map(|row| R::read(&StoredRow::sqlite(row, keys))).collect()
                }
            }
        };
        limited(&text, work).await
    }

    pub async fn ping(&self) -> Result<(), SqlError> {
        self.one::<i64>("SELECT 1", Vec::new()).await.map(drop)
    }

    /// Returns when a transaction of this process has committed an event, since last asked.
    pub(crate) async fn outbox_written(&self) {
        self.outbox().notified().await;
    }

    fn outbox(&self) -> &Arc<Notify> {
        match self {
            Self::MySql { outbox, .. } | Self::Sqlite { outbox, .. } => outbox,
        }
    }

    /// Waits for connections in use and closes the pool.
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
