//! Databases of a previous version, with its rows: today's migrations upgrade them, and today's
//! code reads the old rows and continues with them.
//!
//! The rows are SQL for both engines. Never change them: old data stays as it was written.

mod auth;
mod hub;
mod order;
mod payment;

use std::path::{Path, PathBuf};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
};
use platform::sql::{Sql, create_database};
use process::clock::Clock;
use serde_json::Value;
use sqlx::{
    migrate::Migrator,
    mysql::MySqlPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use support::Engine;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;
use wire::UnixMillis;

/// One hour after all times in the rows.
const NOW: UnixMillis = UnixMillis(1_764_003_600_000);

/// A part's tables after an old migration, with the rows of that time.
struct Former {
    part: &'static str,
    /// The folder of its crate.
    home: &'static str,
    step: i64,
    /// The migration of the tables common to all databases.
    ground: i64,
    rows: &'static str,
    /// Tables that today's code fills itself.
    empty: &'static [&'static str],
}

/// The old database; `folder` keeps its file.
struct FormerDatabase {
    url: String,
    folder: TempDir,
}

/// Works on both pools, which have different types.
macro_rules! prepared {
    ($former:ident, $engine:ident, $pool:ident) => {{
        let ground = ("cloud/platform", "_ground_migrations", $former.ground);
        let own = ($former.home, "_sqlx_migrations", $former.step);
        for (home, table, last) in [ground, own] {
            let steps = up_to(home, $engine, last).await;
            let mut steps = Migrator::with_migrations(steps);
            steps.dangerous_set_table_name(table);
            steps.run(&$pool).await.unwrap();
        }
        for statement in $former
            .rows
            .split(";\n")
            .filter(|text| !text.trim().is_empty())
        {
            let done = sqlx::raw_sql(statement).execute(&$pool).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        $pool.close().await;
    }};
}

impl Former {
    async fn make(&self, engine: Engine) -> FormerDatabase {
        let folder = tempfile::tempdir().unwrap();
        let url = engine.address(folder.path(), self.part);
        create_database(&url).await.unwrap();
        match engine {
            Engine::Sqlite => {
                let path = url.strip_prefix("sqlite:").unwrap();
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true);
                let pool = SqlitePoolOptions::new()
                    .connect_with(options)
                    .await
                    .unwrap();
                prepared!(self, engine, pool);
            }
            Engine::MariaDb => {
                let pool = MySqlPoolOptions::new().connect(&url).await.unwrap();
                prepared!(self, engine, pool);
            }
        }
        let former = FormerDatabase { url, folder };
        former.has_rows_in_each_table(engine, self).await;
        former
    }
}

impl FormerDatabase {
    async fn open(&self) -> Sql {
        Sql::open(&self.url)
            .await
            .unwrap()
            .sealed_by(&testing::data_keys())
    }

    /// A table without a row would prove nothing about its rows.
    async fn has_rows_in_each_table(&self, engine: Engine, former: &Former) {
        let sql = self.open().await;
        let tables = match engine {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Engine::MariaDb => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() ORDER BY table_name"
            }
        };
        let tables: Vec<String> = sql.fetch_all(tables, Vec::new()).await.unwrap();
        let own = |name: &&String| !name.starts_with('_') && !name.starts_with("sqlite_");
        let known = |name: &&String| {
            let name = name.as_str();
            !GROUND.contains(&name) && !former.empty.contains(&name)
        };
        for table in tables.iter().filter(own).filter(known) {
            let text: &'static str = format!("SELECT COUNT(*) FROM {table}").leak();
            let count: Option<i64> = sql.fetch_optional(text, Vec::new()).await.unwrap();
            assert_ne!(count, Some(0), "{}: nothing stands in {table}", former.part);
        }
        sql.close().await;
    }
}

/// The tables common to all databases, with rows that last for minutes or days, and a MySQL table
/// used only for locks.
const GROUND: [&str; 6] = [
    "outbox",
    "inbox",
    "leases",
    "job_runs",
    "answers",
    "provider_locks",
];

async fn up_to(home: &str, engine: Engine, last: i64) -> Vec<sqlx::migrate::Migration> {
    let kind = if engine == Engine::MariaDb {
        "mysql"
    } else {
        "sqlite"
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder: PathBuf = root.join(home).join("migrations").join(kind);
    let all = Migrator::new(folder).await.unwrap();
    let newest = all.iter().map(|step| step.version).max().unwrap();
    assert!(
        home == "cloud/platform" || last < newest,
        "{home} is as it was: no step is tried"
    );
    all.iter()
        .filter(|step| step.version <= last)
        .cloned()
        .collect()
}

const fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0193_6000_0000_7000_8000_0000_0000_0000 + n)
}

/// A part's routes, and a caller.
struct Asker {
    router: Router,
    token: String,
}

impl Asker {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = match self.token.as_str() {
            "" => request,
            token => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        };
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }
}

fn clock() -> Clock {
    Clock::fixed_at(NOW)
}

macro_rules! on_both_engines {
    ($part:ident, $claim:ident) => {
        mod $claim {
            #[tokio::test]
            async fn on_sqlite() {
                super::$part::goes_on(support::Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn on_mariadb() {
                super::$part::goes_on(support::Engine::MariaDb).await;
            }
        }
    };
}

on_both_engines!(order, orders_of_before_are_read_and_go_on);
on_both_engines!(payment, money_of_before_is_read_and_goes_on);
on_both_engines!(auth, accounts_of_before_are_let_in);
on_both_engines!(hub, edges_of_before_are_known);
