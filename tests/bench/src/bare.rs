//! The same rows once more, without anything around them: what MariaDB takes in five lanes, a thousand
//! ops to a transaction.

use std::time::Duration;

use anyhow::{Context, Result};
use process::clock::Clock;
use sqlx::{AssertSqlSafe, Executor, MySqlPool};
use tokio::task::JoinSet;

const LANES: usize = 5;
const OPS_OF_A_TRANSACTION: usize = 1_000;
/// What a drained op leaves, by database. The row that it has while it waits is not counted.
const TABLES: [(&str, &str); 6] = [
    ("order_db", "orders"),
    ("order_db", "order_timeline"),
    ("order_db", "commands"),
    ("order_db", "outbox"),
    ("sync_db", "ops"),
    ("sync_db", "outcomes"),
];

pub struct Bare {
    pub ops: usize,
    pub took: Duration,
}

/// Inserts the rows of so many ops again, into tables of the same shape.
pub async fn insert(mysql: &str, ops: usize) -> Result<Bare> {
    let pool = MySqlPool::connect(&format!("{mysql}/order_db")).await?;
    pool.execute("CREATE DATABASE bare").await?;
    let mut statements = Vec::new();
    for (database, table) in TABLES {
        let copy = format!("CREATE TABLE bare.{table} LIKE {database}.{table}");
        pool.execute(AssertSqlSafe(copy)).await?;
        statements.push(written_out(&pool, database, table, ops).await?);
    }
    let transactions = ops.div_ceil(OPS_OF_A_TRANSACTION);
    let clock = Clock::system();
    let begun = clock.elapsed();
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let pool = pool.clone();
        let of_lane: Vec<Vec<String>> = (lane..transactions)
            .step_by(LANES)
            .map(|n| statements.iter().filter_map(|of_table| of_table.get(n).cloned()).collect())
            .collect();
        lanes.spawn(async move {
            for transaction in of_lane {
                let mut connection = pool.acquire().await?;
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
    let took = clock.elapsed().saturating_sub(begun);
    pool.execute("DROP DATABASE bare").await?;
    Ok(Bare { ops, took })
}

/// So many rows of a table, whichever, as statements of a thousand rows each.
async fn written_out(
    pool: &MySqlPool,
    database: &str,
    table: &str,
    rows: usize,
) -> Result<Vec<String>> {
    let columns: Vec<(String,)> = sqlx::query_as(
        "SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
         WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
    )
    .bind(database)
    .bind(table)
    .fetch_all(pool)
    .await
    .with_context(|| format!("the columns of {table}"))?;
    let written = columns.iter().map(|(name,)| {
        // Numbers are quoted as well, which every column takes; bytes go as hexadecimal digits.
        format!("IF({name} IS NULL, 'NULL', CONCAT('x''', HEX(CAST({name} AS BINARY)), ''''))")
    });
    let written = written.collect::<Vec<_>>().join(", ',', ");
    let text = format!(
        "SELECT CAST(CONCAT('(', {written}, ')') AS CHAR) FROM {database}.{table} LIMIT {rows}"
    );
    let values: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(text))
        .fetch_all(pool)
        .await
        .with_context(|| format!("the rows of {table}"))?;
    let part = |part: &[(String,)]| {
        let rows = part.iter().map(|(row,)| row.as_str()).collect::<Vec<_>>().join(", ");
        format!("INSERT INTO bare.{table} VALUES {rows}")
    };
    Ok(values.chunks(OPS_OF_A_TRANSACTION).map(part).collect())
}
