//! A migrated database as a template: migrations take a hundred statements, a copy takes one.

use std::path::Path;

use platform::sql::{Sql, create_database};
use sqlx::{AssertSqlSafe, MySqlPool};

/// Enough to recreate a database, rows included.
pub(crate) enum Template {
    Script(String),
    File(Vec<u8>),
}

impl Template {
    /// Reads the database at `url`, which must be idle.
    pub(crate) async fn of(url: &str) -> Self {
        let sql = Sql::open(url).await.expect("the migrated database");
        let Some(path) = path_of(url) else {
            let script = script(pool(&sql)).await;
            sql.close().await;
            return Self::Script(script);
        };
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        sql.fetch_optional::<(i64, i64, i64)>(checkpoint, Vec::new())
            .await
            .expect("a whole file");
        sql.close().await;
        Self::File(tokio::fs::read(path).await.expect("the migrated file"))
    }

    /// Creates the database at `url`, which must not exist.
    pub(crate) async fn copy(&self, url: &str) -> Sql {
        match (self, path_of(url)) {
            (Self::File(bytes), Some(path)) => {
                tokio::fs::write(path, bytes)
                    .await
                    .expect("a copy of the file");
                Sql::open(url).await.expect("the copied file")
            }
            (Self::Script(script), None) => {
                create_database(url).await.expect("a new database");
                let sql = Sql::open(url).await.expect("the new database");
                let ran = sqlx::raw_sql(AssertSqlSafe(script.clone()))
                    .execute(pool(&sql))
                    .await;
                ran.expect("a copy of the migrated database");
                sql
            }
            _ => panic!("{url} is of another engine than its template"),
        }
    }
}

/// Drops a guard trigger, to test the code behind it. MySQL cannot prepare this statement.
pub async fn drop_trigger(sql: &Sql, name: &str) {
    let drop = sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}")));
    let dropped = match sql {
        Sql::MySql { pool, .. } => drop.execute(pool).await.map(|_| ()),
        Sql::Sqlite { write, .. } => drop.execute(write).await.map(|_| ()),
    };
    dropped.expect("a trigger of this name");
}

fn path_of(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite:")
        .map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)))
}

fn pool(sql: &Sql) -> &MySqlPool {
    match sql {
        Sql::MySql { pool, .. } => pool,
        Sql::Sqlite { .. } => panic!("a database of MySQL was asked for"),
    }
}

async fn script(pool: &MySqlPool) -> String {
    const TABLES: &str = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
        WHERE table_schema = DATABASE()";
    let database: String = sqlx::query_scalar("SELECT DATABASE()")
        .fetch_one(pool)
        .await
        .expect("its name");
    let tables: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(pool)
        .await
        .expect("its tables");
    // Tables may refer to later ones.
    let mut script = String::from("SET FOREIGN_KEY_CHECKS = 0;\n");
    for table in tables {
        let shown = AssertSqlSafe(format!("SHOW CREATE TABLE `{table}`"));
        let (_, made): (String, String) = sqlx::query_as(shown)
            .fetch_one(pool)
            .await
            .expect("how it was made");
        let counted = AssertSqlSafe(format!("SELECT COUNT(*) FROM `{table}`"));
        let rows: i64 = sqlx::query_scalar(counted)
            .fetch_one(pool)
            .await
            .expect("its rows");
        script += &format!("{made};\n");
        if rows > 0 {
            script += &format!("INSERT INTO `{table}` SELECT * FROM `{database}`.`{table}`;\n");
        }
    }
    script += &triggers(pool).await;
    script + "SET FOREIGN_KEY_CHECKS = 1"
}

async fn triggers(pool: &MySqlPool) -> String {
    const TRIGGERS: &str = "SELECT CAST(trigger_name AS CHAR), CAST(action_timing AS CHAR), \
        CAST(event_manipulation AS CHAR), CAST(event_object_table AS CHAR), CAST(action_statement AS CHAR) \
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()";
    type Trigger = (String, String, String, String, String);
    let triggers: Vec<Trigger> = sqlx::query_as(TRIGGERS)
        .fetch_all(pool)
        .await
        .expect("its triggers");
    let made = |(name, timing, event, table, does): Trigger| {
        // MySQL stores the statement with its final semicolon.
        let does = does.trim_end_matches(';');
        format!("CREATE TRIGGER `{name}` {timing} {event} ON `{table}` FOR EACH ROW {does};\n")
    };
    triggers.into_iter().map(made).collect()
}
