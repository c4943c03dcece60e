//! A migrated database from which others are made: migrations are a hundred statements, a copy is one.

use std::path::Path;

use sqlx::AssertSqlSafe;

use super::{Sql, SqlError, create_database};

/// Enough to make a database like another one, its rows included.
pub(crate) enum Template {
    Script(String),
    File(Vec<u8>),
}

impl Template {
    /// Reads the database at `url`, on which nobody works.
    pub(crate) async fn of(url: &str) -> Result<Self, SqlError> {
        if let Some(path) = path_of(url) {
            let sql = Sql::open(url).await?;
            sql.one::<(i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)", Vec::new()).await?;
            sql.close().await;
            return tokio::fs::read(path).await.map(Self::File).map_err(|e| unread(url, e));
        }
        let sql = Sql::open(url).await?;
        let script = script(&sql).await?;
        sql.close().await;
        Ok(Self::Script(script))
    }

    /// Makes the database at `url`, where there is none.
    pub(crate) async fn copy(&self, url: &str) -> Result<Sql, SqlError> {
        match (self, path_of(url)) {
            (Self::File(bytes), Some(path)) => {
                tokio::fs::write(path, bytes).await.map_err(|e| unread(url, e))?;
            }
            (Self::Script(_), None) => create_database(url).await?,
            _ => return Err(SqlError::Address),
        }
        let sql = Sql::open(url).await?;
        if let (Self::Script(script), Sql::MySql { pool, .. }) = (self, &sql) {
            let ran = sqlx::raw_sql(AssertSqlSafe(script.clone())).execute(pool).await;
            ran.map_err(|source| SqlError::statement("the script of a template", source))?;
        }
        Ok(sql)
    }
}

fn path_of(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)))
}

fn unread(url: &str, error: std::io::Error) -> SqlError {
    SqlError::Open { address: url.to_owned(), source: error.into() }
}

async fn script(sql: &Sql) -> Result<String, SqlError> {
    const DATABASE: &str = "SELECT DATABASE()";
    const TABLES: &str = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
        WHERE table_schema = DATABASE()";
    let Sql::MySql { pool, .. } = sql else { return Err(SqlError::Address) };
    let database = sql.one::<(String,)>(DATABASE, Vec::new()).await?;
    let (database,) = database.ok_or(SqlError::Address)?;
    let failed = |source| SqlError::statement("SHOW CREATE TABLE", source);
    // Tables may refer to later ones.
    let mut script = String::from("SET FOREIGN_KEY_CHECKS = 0;\n");
    for (table,) in sql.all::<(String,)>(TABLES, Vec::new()).await? {
        let shown = AssertSqlSafe(format!("SHOW CREATE TABLE `{table}`"));
        let (_, made): (String, String) =
            sqlx::query_as(shown).fetch_one(pool).await.map_err(failed)?;
        let counted = AssertSqlSafe(format!("SELECT COUNT(*) FROM `{table}`"));
        let (rows,): (i64,) = sqlx::query_as(counted).fetch_one(pool).await.map_err(failed)?;
        script += &format!("{made};\n");
        if rows > 0 {
            script += &format!("INSERT INTO `{table}` SELECT * FROM `{database}`.`{table}`;\n");
        }
    }
    Ok(script + "SET FOREIGN_KEY_CHECKS = 1")
}
