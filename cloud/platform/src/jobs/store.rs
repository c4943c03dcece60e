//! The statements of jobs.

use wire::UnixMillis;

use crate::{
    columns,
    sql::{Sql, SqlError},
    vals,
};

columns! {
    struct RunRow<'a> in job_runs {
        name: &'a str,
        slot: i64,
        at: UnixMillis,
    }
}

const PURGE: &str = "DELETE FROM job_runs WHERE at < ?";

const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Whether this replica is the first to want the run that was due at `slot`.
pub(super) async fn claim(
    sql: &Sql,
    name: &str,
    slot: i64,
    at: UnixMillis,
) -> Result<bool, SqlError> {
    match sql.insert(RunRow { name, slot, at }).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_unique() => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn purge(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
