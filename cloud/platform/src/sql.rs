//! Relational storage: one hand-written SQL text for MySQL and SQLite, values through the closed
//! `Val`, rows through `Row`. Every statement passes through here, so timing and limits apply in
//! one place.
//!
//! Invariants: a text is static (`Statement` only repeats static parts); a transaction on SQLite
//! holds the single write lock from its start; MySQL runs at READ COMMITTED, because under
//! REPEATABLE READ the loser of a guarded update would see the old row.
//!
//! Schema migrations: DDL differs between the engines, so each has a folder. The platform's tables
//! (outbox, inbox, leases, job runs) come first, with a separate version table, so that their
//! numbers cannot collide with a service's. A program runs on tables one step newer than it, so
//! that the previous version works during a rollout and after a rollback. A step therefore only
//! adds; a later step drops the unused.

mod columns;
pub(crate) mod events;
mod open;
mod replica;
mod reseal;
mod row;
mod sealed;
mod statement;
mod transaction;
mod value;

pub use columns::Columns;
pub use open::{WRITER_LIMIT, create_database};
pub use replica::ReplicaReader;
pub use reseal::{ResealError, SqlResealer};
pub use row::{Plain, ReadError, Row, StoredRow};
pub use sealed::{KeyColumn, SealedColumn, SealedTable};
pub use statement::{NAMES_MAX, ROWS_MAX, SqlError, Statement, in_list, split_batches};
pub(crate) use transaction::LOCK_WAITS;
pub use transaction::{TransactionRetry, Tx};
pub use value::{Column, ColumnError, Val, to_bigint};

use std::{collections::BTreeSet, sync::Arc};

use futures::future::BoxFuture;
use process::config::SecretUrl;
use sqlx::{
    MySqlPool, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};
use tokio::sync::Notify;

use crate::sealing::DataKeys;
use row::EngineRow;
use statement::{RowCount, bind_mysql, bind_sqlite, run_with_timeout};

/// Boxed, so that a caller's future does not contain the driver's: the compiler would examine its
/// many types again for each caller.
pub type SqlFuture<'a, T> = BoxFuture<'a, Result<T, SqlError>>;

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
    pub fn open_current<'a>(
        url: &'a SecretUrl,
        migrations: &'a Migrations,
        keys: &'a DataKeys,
    ) -> SqlFuture<'a, Self> {
        Box::pin(async move {
            let sql = Self::open(url.reveal()).await?.sealed_by(keys);
            sql.check_schema(migrations).await?;
            Ok(sql)
        })
    }

    pub fn update<'a>(url: &'a SecretUrl, migrations: &'a Migrations) -> SqlFuture<'a, ()> {
        Box::pin(async move {
            let sql = Self::open(url.reveal()).await?;
            sql.migrate(migrations).await?;
            sql.close().await;
            Ok(())
        })
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
    pub fn exec(&self, text: impl Into<Statement>, values: Vec<Val>) -> SqlFuture<'_, u64> {
        self.run_statement(text.into(), values)
    }

    fn run_statement(&self, text: Statement, values: Vec<Val>) -> SqlFuture<'_, u64> {
        Box::pin(async move {
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
        })
    }

    /// Reads the first row outside a transaction.
    pub async fn fetch_optional<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let rows = self.fetch_rows(&text, values, RowCount::First).await?;
        let mut rows = text.read_rows(&rows, self.data_keys(), R::read)?;
        Ok(rows.pop())
    }

    /// Reads every row outside a transaction; the text carries the LIMIT.
    pub async fn fetch_all<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        self.fetch_all_with(text.into(), values, R::read).await
    }

    /// Like `fetch_all`, with the caller's own function to read a row.
    async fn fetch_all_with<T>(
        &self,
        text: Statement,
        values: Vec<Val>,
        read_row: impl Fn(&StoredRow<'_>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, SqlError> {
        let rows = self.fetch_rows(&text, values, RowCount::All).await?;
        text.read_rows(&rows, self.data_keys(), read_row)
    }

    fn fetch_rows<'s>(
        &'s self,
        text: &'s Statement,
        values: Vec<Val>,
        count: RowCount,
    ) -> SqlFuture<'s, Vec<EngineRow>> {
        Box::pin(async move {
            let work = async {
                match self {
                    Self::MySql { pool, .. } => count.fetch_mysql(text, values, pool).await,
                    Self::Sqlite { read, .. } => count.fetch_sqlite(text, values, read).await,
                }
            };
            run_with_timeout(text, work).await
        })
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

/// A crate's migrations for each engine, oldest first.
#[derive(Clone, Copy)]
pub struct Migrations {
    pub mysql: &'static [MigrationFile],
    pub sqlite: &'static [MigrationFile],
}

/// A file such as `0001_order.sql`.
#[derive(Debug, Clone, Copy)]
pub struct MigrationFile {
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

/// The calling crate's migrations, by the names that their files have in `migrations/mysql` and
/// `migrations/sqlite`. sqlx's macro would build sqlx and SQLite again, for the compiler.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),+) => {
        $crate::sql::Migrations {
            mysql: &[$($crate::migration_file!("mysql", $name)),+],
            sqlite: &[$($crate::migration_file!("sqlite", $name)),+],
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! migration_file {
    ($engine:literal, $name:literal) => {
        $crate::sql::MigrationFile {
            version: $crate::sql::parse_version($name),
            name: $name,
            sql: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/",
                $engine,
                "/",
                $name,
                ".sql"
            )),
        }
    };
}

/// The four digits at the start of a migration's name. Any other name does not compile.
pub const fn parse_version(name: &str) -> i64 {
    let digits = name.as_bytes();
    assert!(digits.len() > 5 && digits[4] == b'_', "not like 0001_name");
    let mut version = 0;
    let mut at = 0;
    while at < 4 {
        assert!(digits[at].is_ascii_digit(), "not like 0001_name");
        version = version * 10 + (digits[at] - b'0') as i64;
        at += 1;
    }
    version
}

/// The platform's tables, which `Sql::migrate` applies automatically.
pub const PLATFORM_TABLES: Migrations = crate::migrations!("0001_platform", "0002_order_events");

struct VersionTable {
    name: &'static str,
    applied: &'static str,
}

const PLATFORM_TABLE: &VersionTable = &VersionTable {
    name: "_ground_migrations",
    applied: "SELECT version FROM _ground_migrations WHERE success = 1",
};
const SERVICE_TABLE: &VersionTable = &VersionTable {
    name: "_sqlx_migrations",
    applied: "SELECT version FROM _sqlx_migrations WHERE success = 1",
};

impl Sql {
    /// Migrates the platform's tables, then the service's.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), SqlError> {
        self.migrate_platform_tables().await?;
        apply_migrations(self, migrations.for_engine(self), SERVICE_TABLE).await
    }

    /// Migrates the platform's tables alone, for a service without SQL tables.
    pub(crate) async fn migrate_platform_tables(&self) -> Result<(), SqlError> {
        apply_migrations(self, PLATFORM_TABLES.for_engine(self), PLATFORM_TABLE).await
    }

    /// Fails if a step is missing, and names it.
    pub async fn check_schema(&self, migrations: &Migrations) -> Result<(), SqlError> {
        self.check_platform_tables().await?;
        check_versions(self, migrations.for_engine(self), SERVICE_TABLE).await
    }

    pub(crate) async fn check_platform_tables(&self) -> Result<(), SqlError> {
        check_versions(self, PLATFORM_TABLES.for_engine(self), PLATFORM_TABLE).await
    }
}

impl MigrationFile {
    fn to_migration(self) -> Migration {
        let (_, name) = self.name.split_at(5);
        let description = name.replace('_', " ");
        let sql = self.sql.into_sql_str();
        Migration::new(
            self.version,
            description.into(),
            MigrationType::Simple,
            sql,
            false,
        )
    }
}

impl Migrations {
    fn for_engine(&self, sql: &Sql) -> &'static [MigrationFile] {
        if sql.is_mysql() {
            self.mysql
        } else {
            self.sqlite
        }
    }
}

async fn apply_migrations(
    sql: &Sql,
    files: &'static [MigrationFile],
    table: &'static VersionTable,
) -> Result<(), SqlError> {
    newer_step(files, &read_applied_versions(sql, table).await?)?;
    let migrations = files.iter().map(|file| file.to_migration()).collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator
        .set_ignore_missing(true)
        .dangerous_set_table_name(table.name);
    match sql {
        Sql::MySql { pool, .. } => migrator.run(pool).await,
        Sql::Sqlite { write, .. } => migrator.run(write).await,
    }
    .map_err(SqlError::Migrate)
}

async fn check_versions(
    sql: &Sql,
    files: &[MigrationFile],
    table: &'static VersionTable,
) -> Result<(), SqlError> {
    let applied = read_applied_versions(sql, table).await?;
    let missing = files.iter().find(|file| !applied.contains(&file.version));
    if let Some(file) = missing {
        let missing = file.name.replace('_', " ");
        return Err(SqlError::Outdated { missing });
    }
    if let Some(step) = newer_step(files, &applied)? {
        let step = format!("{step:04}");
        tracing::info!(
            step,
            "The tables are one step newer than this program, which supports that"
        );
    }
    Ok(())
}

async fn read_applied_versions(
    sql: &Sql,
    table: &'static VersionTable,
) -> Result<BTreeSet<i64>, SqlError> {
    match sql.fetch_all(table.applied, Vec::new()).await {
        Ok(versions) => Ok(versions.into_iter().collect()),
        Err(error) if error.is_unavailable() => Err(error),
        // Without a version table, no step has been applied.
        Err(_) => Ok(BTreeSet::new()),
    }
}

/// The single step by which the tables are ahead of the program, if any.
fn newer_step(files: &[MigrationFile], applied: &BTreeSet<i64>) -> Result<Option<i64>, SqlError> {
    let known: BTreeSet<i64> = files.iter().map(|file| file.version).collect();
    let mut unknown = applied.difference(&known).copied();
    match (unknown.next(), unknown.next()) {
        (None, _) => Ok(None),
        (Some(step), None) if known.last().is_none_or(|last| *last < step) => Ok(Some(step)),
        (Some(step), _) => Err(SqlError::Newer {
            unknown: format!("{step:04}"),
        }),
    }
}
