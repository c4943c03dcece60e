//! Schema versions. DDL is where the engines truly differ, so there are two folders of it; the
//! platform's own tables (outbox, inbox, leases, job runs) come first, under a table of their own,
//! so that their numbers never meet a service's.

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;

use super::{Sql, SqlError};

/// One service's migrations, made by `migrations!()`.
#[derive(Clone, Copy)]
pub struct Migrations {
    pub mysql: &'static Migrator,
    pub sqlite: &'static Migrator,
}

/// The migrations of the crate that says so, from its folders `migrations/mysql` and
/// `migrations/sqlite`.
#[macro_export]
macro_rules! migrations {
    () => {{
        static MYSQL: ::sqlx::migrate::Migrator = ::sqlx::migrate!("migrations/mysql");
        static SQLITE: ::sqlx::migrate::Migrator = ::sqlx::migrate!("migrations/sqlite");
        $crate::sql::Migrations { mysql: &MYSQL, sqlite: &SQLITE }
    }};
}

/// The tables every service's database has. `Sql::migrate` applies them by itself.
pub const GROUND: Migrations = crate::migrations!();

const GROUND_TABLE: &str = "_ground_migrations";
const GROUND_APPLIED: &str = "SELECT version FROM _ground_migrations WHERE success = 1";
const SERVICE_APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success = 1";

impl Sql {
    /// Brings the platform's tables and then the service's own up to date.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), SqlError> {
        self.migrate_ground().await?;
        apply(self, migrations.of(self)).await
    }

    /// Brings the platform's tables alone up to date, for a service whose own are no SQL.
    pub(crate) async fn migrate_ground(&self) -> Result<(), SqlError> {
        let ours = GROUND.of(self);
        let mut ground = Migrator::with_migrations(ours.iter().cloned().collect());
        ground.dangerous_set_table_name(GROUND_TABLE);
        apply(self, &ground).await
    }

    /// Refuses a database that `migrate` has not brought up to date, naming what is missing.
    pub async fn check(&self, migrations: &Migrations) -> Result<(), SqlError> {
        self.check_ground().await?;
        compare(self, migrations.of(self), SERVICE_APPLIED).await
    }

    pub(crate) async fn check_ground(&self) -> Result<(), SqlError> {
        compare(self, GROUND.of(self), GROUND_APPLIED).await
    }
}

impl Migrations {
    fn of(&self, sql: &Sql) -> &'static Migrator {
        if sql.is_mysql() { self.mysql } else { self.sqlite }
    }
}

async fn apply(sql: &Sql, migrator: &Migrator) -> Result<(), SqlError> {
    match sql {
        Sql::MySql { pool, .. } => migrator.run(pool).await,
        Sql::Sqlite { write, .. } => migrator.run(write).await,
    }
    .map_err(SqlError::Migrate)
}

async fn compare(sql: &Sql, migrator: &Migrator, applied: &'static str) -> Result<(), SqlError> {
    let applied: BTreeSet<i64> = match sql.all(applied, Vec::new()).await {
        Ok(versions) => versions.into_iter().collect(),
        Err(error) if error.is_unavailable() => return Err(error),
        // The table of versions is not there: nothing has been applied.
        Err(_) => BTreeSet::new(),
    };
    let known: BTreeSet<i64> = migrator.iter().map(|migration| migration.version).collect();
    if let Some(version) = known.difference(&applied).next() {
        let name = migrator.iter().find(|m| m.version == *version).map(|m| &*m.description);
        let missing = format!("{version:04} {}", name.unwrap_or_default());
        return Err(SqlError::Outdated { missing });
    }
    match applied.difference(&known).next() {
        Some(version) => Err(SqlError::Newer { unknown: format!("{version:04}") }),
        None => Ok(()),
    }
}
