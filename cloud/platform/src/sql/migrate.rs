//! Schema migrations. DDL differs between the engines, so each has a folder. The platform's tables
//! (outbox, inbox, leases, job runs) come first, with a separate version table, so that their
//! numbers cannot collide with a service's.
//!
//! Invariant: a program runs on tables one step newer than it, so that the previous version works
//! during a rollout and after a rollback. A step therefore only adds; a later step drops the
//! unused.

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;

use super::{Sql, SqlError};

#[derive(Clone, Copy)]
pub struct Migrations {
    pub mysql: &'static Migrator,
    pub sqlite: &'static Migrator,
}

/// The calling crate's migrations, from `migrations/mysql` and `migrations/sqlite`.
#[macro_export]
macro_rules! migrations {
    () => {{
        static MYSQL: ::sqlx::migrate::Migrator = ::sqlx::migrate!("migrations/mysql");
        static SQLITE: ::sqlx::migrate::Migrator = ::sqlx::migrate!("migrations/sqlite");
        $crate::sql::Migrations {
            mysql: &MYSQL,
            sqlite: &SQLITE,
        }
    }};
}

/// The platform's tables, which `Sql::migrate` applies automatically.
pub const GROUND: Migrations = crate::migrations!();

struct VersionTable {
    name: &'static str,
    applied: &'static str,
}

const GROUND_TABLE: &VersionTable = &VersionTable {
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
        self.migrate_ground().await?;
        apply_migrations(self, migrations.for_engine(self), SERVICE_TABLE).await
    }

    /// Migrates the platform's tables alone, for a service without SQL tables.
    pub(crate) async fn migrate_ground(&self) -> Result<(), SqlError> {
        apply_migrations(self, GROUND.for_engine(self), GROUND_TABLE).await
    }

    /// Fails if a step is missing, and names it.
    pub async fn check_schema(&self, migrations: &Migrations) -> Result<(), SqlError> {
        self.check_ground().await?;
        check_versions(self, migrations.for_engine(self), SERVICE_TABLE).await
    }

    pub(crate) async fn check_ground(&self) -> Result<(), SqlError> {
        check_versions(self, GROUND.for_engine(self), GROUND_TABLE).await
    }
}

impl Migrations {
    fn for_engine(&self, sql: &Sql) -> &'static Migrator {
        if sql.is_mysql() {
            self.mysql
        } else {
            self.sqlite
        }
    }
}

async fn apply_migrations(
    sql: &Sql,
    migrator: &Migrator,
    table: &'static VersionTable,
) -> Result<(), SqlError> {
    newer_step(migrator, &read_applied_versions(sql, table).await?)?;
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
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
    migrator: &Migrator,
    table: &'static VersionTable,
) -> Result<(), SqlError> {
    let applied = read_applied_versions(sql, table).await?;
    if let Some(migration) = migrator
        .iter()
        .find(|known| !applied.contains(&known.version))
    {
        let missing = format!("{:04} {}", migration.version, migration.description);
        return Err(SqlError::Outdated { missing });
    }
    if let Some(step) = newer_step(migrator, &applied)? {
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
fn newer_step(migrator: &Migrator, applied: &BTreeSet<i64>) -> Result<Option<i64>, SqlError> {
    let known: BTreeSet<i64> = migrator.iter().map(|migration| migration.version).collect();
    let mut unknown = applied.difference(&known).copied();
    match (unknown.next(), unknown.next()) {
        (None, _) => Ok(None),
        (Some(step), None) if known.last().is_none_or(|last| *last < step) => Ok(Some(step)),
        (Some(step), _) => Err(SqlError::Newer {
            unknown: format!("{step:04}"),
        }),
    }
}
