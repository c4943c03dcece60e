//! Claims by which one of several replicas does the work: the lease of the outbox relay, and the
//! runs of jobs.

use mongodb::bson::{DateTime, doc};
use planted::{Defect, is_planted};
use uuid::Uuid;
use wire::UnixMillis;

use crate::{
    columns,
    documents::{DocumentsError, Mongo, false_if_duplicate, mongo::uuid_to_bson},
    ledger::Database,
    sql::{Sql, SqlError},
    vals,
};

const RENEW: &str = "UPDATE leases SET holder = ?, until_ms = ? \
    WHERE name = ? AND (holder = ? OR until_ms < ? OR until_ms > ?)";
const GIVE_UP: &str = "UPDATE leases SET until_ms = 0 WHERE name = ? AND holder = ?";
const PURGE_RUNS: &str = "DELETE FROM job_runs WHERE at < ?";

columns! {
    struct LeaseRow in leases {
        name: &'static str,
        holder: Uuid,
        until_ms: UnixMillis,
    }
}

/// The name of the relay's lease.
pub(super) const LEASE: &str = "outbox-relay";
/// Replica clocks differ slightly, which must not cost a replica its live ten-second lease. A lease
/// that ends later than this comes from a wrong clock and would block all events until then.
pub(super) const LEASE_AHEAD_MAX_MS: i64 = 60_000;
/// How long job runs stay. Replicas claim within seconds; the rest is for people who investigate
/// later.
pub(in crate::ledger) const RUNS_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
pub(super) const LEASES: &str = "_leases";
pub(in crate::ledger) const JOB_RUNS: &str = "_job_runs";

columns! {
    struct RunRow<'a> in job_runs {
        name: &'a str,
        slot: i64,
        at: UnixMillis,
    }
}

/// Acquires or renews the relay's lease until `until`. Returns true if `holder` has it.
pub(super) async fn acquire_lease(
    sql: &Sql,
    holder: Uuid,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<bool, SqlError> {
    let too_far = now.plus_ms(LEASE_AHEAD_MAX_MS);
    if sql
        .exec(RENEW, vals![holder, until, LEASE, holder, now, too_far])
        .await?
        == 1
    {
        return Ok(true);
    }
    sql.insert_new(LeaseRow {
        name: LEASE,
        holder,
        until_ms: until,
    })
    .await
}

/// Gives up the lease, so that another replica can take over at once.
pub(super) async fn give_up_lease(sql: &Sql, holder: Uuid) -> Result<(), SqlError> {
    sql.exec(GIVE_UP, vals![LEASE, holder]).await.map(drop)
}

/// Returns true if this replica is the first to claim the run due at `slot`.
pub(crate) async fn claim_run(
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

pub(crate) async fn purge_old_runs(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE_RUNS, vals![now.plus_ms(-RUNS_KEPT_MS)])
        .await
}

impl Mongo {
    /// Returns true if `holder` gets the lease, which then lasts until `until`. A lease beyond
    /// `too_far` came from a wrong clock and counts as expired.
    pub(super) async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: UnixMillis,
        until: UnixMillis,
        too_far: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let free = doc! {"_id": name, "$or": [
            {"holder": uuid_to_bson(holder)},
            {"until_ms": {"$lt": now.0}},
            {"until_ms": {"$gt": too_far.0}},
        ]};
        let taken = doc! {"$set": {"holder": uuid_to_bson(holder), "until_ms": until.0}};
        // If another holder has it, the upsert's insert collides with its id.
        let done = self
            .collection(LEASES)
            .update_one(free, taken)
            .upsert(true)
            .await;
        false_if_duplicate(done.map(|_| true).map_err(Into::into))
    }

    pub(super) async fn give_up_lease(
        &self,
        name: &str,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        let own = doc! {"_id": name, "holder": uuid_to_bson(holder)};
        let free = doc! {"$set": {"until_ms": 0_i64}};
        self.collection(LEASES).update_one(own, free).await?;
        Ok(())
    }

    /// Returns true if this is the first claim of the run.
    async fn claim_run(
        &self,
        job: &str,
        due_at: i64,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let run = doc! {"_id": {"name": job, "slot": due_at}, "at": DateTime::from_millis(now.0)};
        let done = self.collection(JOB_RUNS).insert_one(run).await;
        false_if_duplicate(done.map(|_| true).map_err(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use process::random;
    use rstest::rstest;

    use super::*;
    use crate::sql::{Migrations, create_database};

    const PLATFORM_TABLES_ALONE: Migrations = Migrations {
        mysql: &[],
        sqlite: &[],
    };

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

    #[rstest]
    #[case::sqlite(false)]
    #[case::mariadb(true)]
    #[tokio::test]
    async fn no_clock_that_is_far_ahead_keeps_the_lease_from_the_others(#[case] mysql: bool) {
        let folder = tempfile::tempdir().unwrap();
        let name: String = random::draw_bytes::<8>()
            .map(|b| format!("{b:02x}"))
            .concat();
        let url = if mysql {
            format!("{}/lease_{name}", support::servers().mysql)
        } else {
            format!("sqlite:{}", folder.path().join("lease.db").display())
        };
        create_database(&url).await.unwrap();
        let sql = Sql::open(&url).await.unwrap();
        sql.migrate(&PLATFORM_TABLES_ALONE).await.unwrap();
        let leased = async |n, ahead_ms| {
            let now = NOW.plus_ms(ahead_ms);
            acquire_lease(&sql, Uuid::from_u128(n), now, now.plus_ms(10_000))
                .await
                .unwrap()
        };
        assert!(leased(1, 0).await);
        assert!(!leased(2, 0).await);
        assert!(leased(1, 45_000).await);
        assert!(
            !leased(2, 0).await,
            "that clock is no more than a little ahead"
        );
        assert!(leased(1, 3_600_000).await);
        assert!(leased(2, 0).await);
    }
}
