//! The SQL statements of jobs.

use process::defect::{Defect, is_planted};
use wire::UnixMillis;

use super::KEPT_MS;
use crate::{
    Database, columns,
    documents::DocumentsError,
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

/// Returns true if this replica is the first to claim the run due at `slot`.
pub(super) async fn claim_run(
    database: &Database,
    name: &str,
    slot: i64,
    at: UnixMillis,
) -> Result<bool, DocumentsError> {
    let is_first = match database {
        Database::Sql(sql) => sql.insert_new(RunRow { name, slot, at }).await?,
        Database::Mongo(mongo) => mongo.claim_run(name, slot, at).await?,
    };
    Ok(is_first || is_planted(Defect::JobClaimIgnored))
}

pub(super) async fn purge_old_runs(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
