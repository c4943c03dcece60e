//! Inserts the same rows again as bare bulk inserts: five lanes on MariaDB, with the rows of a
//! thousand ops in each transaction and one statement per table.

use std::{fmt, time::Duration};

use anyhow::{Context, Result};
use process::clock::Clock;
use sqlx::{AssertSqlSafe, Executor, MySqlPool};
use tokio::task::JoinSet;

const LANES: usize = 5;
const OPS_OF_A_TRANSACTION: usize = 1_000;
/// The number of transactions prepared in memory at a time. Preparing them is not measured.
const TRANSACTIONS_OF_A_ROUND: usize = 20;

/// The rows that a drain leaves. An op's row while it waits and updates of existing rows do not
/// count.
const TABLES: [Table; 8] = [
    Table {
        database: "order_db",
        name: "orders",
    },
    Table {
        database: "order_db",
        name: "order_timeline",
    },
    Table {
        database: "order_db",
        name: "commands",
    },
    Table {
        database: "order_db",
        name: "outbox",
    },
    Table {
        database: "sync_db",
        name: "ops",
    },
    Table {
        database: "sync_db",
        name: "outcomes",
    },
    Table {
        database: "sync_db",
        name: "feed",
    },
    Table {
        database: "sync_db",
        name: "inbox",
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    database: &'static str,
    name: &'static str,
}

pub(crate) type Rows = usize;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.name)
    }
}

pub(crate) async fn count(mysql: &str) -> Result<Vec<(Table, Rows)>> {
    let pool = MySqlPool::connect(&format!("{mysql}/order_db")).await?;
    let mut counted = Vec::new();
    for table in TABLES {
        let text = format!("SELECT COUNT(*) FROM {table}");
        let (rows,): (i64,) = sqlx::query_as(AssertSqlSafe(text)).fetch_one(&pool).await?;
        counted.push((table, usize::try_from(rows)?));
    }
    pool.close().await;
    Ok(counted)
}

/// The number of rows added to each table.
pub(crate) fn since(now: &[(Table, Rows)], before: &[(Table, Rows)]) -> Vec<(Table, Rows)> {
    now.iter()
        .zip(before)
        .map(|((table, now), (_, before))| (*table, now.saturating_sub(*before)))
        .collect()
}

/// Inserts the rows of the ops again, into tables of the same shape.
pub(crate) async fn insert(mysql: &str, rows: &[(Table, Rows)], ops: usize) -> Result<Duration> {
    let pool = MySqlPool::connect(&format!("{mysql}/order_db")).await?;
    pool.execute("CREATE DATABASE bare").await?;
    let transactions = ops.div_ceil(OPS_OF_A_TRANSACTION);
    let mut sources = Vec::new();
    for (table, rows) in rows.iter().filter(|(_, rows)| *rows > 0) {
        let copy = format!("CREATE TABLE bare.{} LIKE {table}", table.name);
        pool.execute(AssertSqlSafe(copy)).await?;
        sources.push(Source::of(&pool, *table, rows.div_ceil(transactions)).await?);
    }
    let mut took = Duration::ZERO;
    for first in (0..transactions).step_by(TRANSACTIONS_OF_A_ROUND) {
        let mut round = Vec::new();
        for number in first..transactions.min(first + TRANSACTIONS_OF_A_ROUND) {
            let mut transaction = Vec::new();
            for source in &sources {
                transaction.extend(source.written_out(&pool, number).await?);
            }
            round.push(transaction);
        }
        took += play(&pool, round).await?;
    }
    pool.execute("DROP DATABASE bare").await?;
    Ok(took)
}

/// Each lane takes the next transaction until all are done.
async fn play(pool: &MySqlPool, round: Vec<Vec<String>>) -> Result<Duration> {
    let mut connections = Vec::new();
    for _ in 0..LANES {
        connections.push(pool.acquire().await?);
    }
    let mut of_lanes: Vec<Vec<Vec<String>>> = vec![Vec::new(); LANES];
    for (number, transaction) in round.into_iter().enumerate() {
        of_lanes[number % LANES].push(transaction);
    }
    let clock = Clock::system();
    let begun = clock.elapsed();
    let mut lanes = JoinSet::new();
    for (mut connection, of_lane) in connections.into_iter().zip(of_lanes) {
        lanes.spawn(async move {
            for transaction in of_lane {
                connection.execute("START TRANSACTION").await?;
                for statement in transaction {
                    connection.execute(AssertSqlSafe(statement)).await?;
                }
                connection.execute("COMMIT").await?;
            }
            Ok::<(), sqlx::Error>(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(clock.elapsed().saturating_sub(begun))
}

/// Rows to copy, and their form as SQL.
struct Source {
    table: Table,
    /// The columns that accept a value. The database computes the others, and rejects a value for
    /// them.
    columns: String,
    /// An expression that turns a row into the text between the brackets of VALUES.
    row: String,
    key: String,
    rows_of_a_transaction: usize,
}

impl Source {
    async fn of(pool: &MySqlPool, table: Table, rows_of_a_transaction: usize) -> Result<Self> {
        const COLUMNS: &str = "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR), \
            CAST(column_key AS CHAR) FROM information_schema.columns \
            WHERE table_schema = ? AND table_name = ? AND COALESCE(generation_expression, '') = '' \
            ORDER BY ordinal_position";
        let query = sqlx::query_as(COLUMNS)
            .bind(table.database)
            .bind(table.name);
        let columns: Vec<(String, String, String)> = query
            .fetch_all(pool)
            .await
            .with_context(|| format!("the columns of {table}"))?;
        let values = columns.iter().map(|(name, kind, _)| match kind.as_str() {
            "bigint" | "int" => format!("IFNULL(CAST({name} AS CHAR), 'NULL')"),
            "varchar" | "text" | "mediumtext" => format!("QUOTE({name})"),
            _ => format!("IFNULL(CONCAT('x''', HEX({name}), ''''), 'NULL')"),
        });
        let row = format!("CONCAT({})", values.collect::<Vec<_>>().join(", ',', "));
        let names: Vec<&str> = columns.iter().map(|(name, _, _)| name.as_str()).collect();
        let key = columns
            .iter()
            .filter(|(_, _, key)| key == "PRI")
            .map(|(name, _, _)| name.as_str());
        let key = key.collect::<Vec<_>>().join(", ");
        Ok(Self {
            table,
            columns: names.join(", "),
            row,
            key,
            rows_of_a_transaction,
        })
    }

    /// The rows of one transaction as one statement; `None` after the last row.
    async fn written_out(&self, pool: &MySqlPool, number: usize) -> Result<Option<String>> {
        let Self {
            table,
            columns,
            row,
            key,
            rows_of_a_transaction: limit,
        } = self;
        let text = format!(
            "SELECT CAST({row} AS CHAR) FROM {table} ORDER BY {key} LIMIT {limit} OFFSET {}",
            number * limit
        );
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(text))
            .fetch_all(pool)
            .await
            .with_context(|| format!("the rows of {table}"))?;
        if rows.is_empty() {
            return Ok(None);
        }
        let rows: Vec<String> = rows.into_iter().map(|(row,)| format!("({row})")).collect();
        let rows = rows.join(",");
        Ok(Some(format!(
            "INSERT INTO bare.{} ({columns}) VALUES {rows}",
            table.name
        )))
    }
}
