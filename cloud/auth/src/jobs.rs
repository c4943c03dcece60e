//! What auth tidies up: sessions whose token has expired, and wrong passwords that no longer count.

use platform::{
    jobs::{self, Job, JobError},
    sql::Sql,
};
use process::{clock::Clock, tasks::Tasks};

use crate::{
    domain::Lockout,
    store::{BATCH, Store, StoreError},
};

/// Past this many batches, the next run goes on.
const BATCHES_MAX: usize = 200;
/// A session is kept for a while after its end, for whoever asks what became of it.
const KEPT_MS: i64 = 24 * 3600 * 1000;

pub fn start(tasks: &Tasks, sql: &Sql, store: &Store, clock: &Clock) -> Result<(), JobError> {
    let (store, at) = (store.clone(), clock.clone());
    let purge = Job::new("auth-purge", "30 7,37 * * * *", move || {
        let (store, clock) = (store.clone(), at.clone());
        async move {
            let removed = purge(&store, &clock).await?;
            tracing::info!(removed, "Removed what expired");
            Ok(())
        }
    });
    jobs::start(tasks, sql, clock.clone(), vec![purge])
}

/// How many rows it removed.
pub async fn purge(store: &Store, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let sessions = store.purge_sessions(now.plus_ms(-KEPT_MS)).await?;
        let failures = store.purge_failures(Lockout::horizon(now)).await?;
        removed += sessions + failures;
        if sessions < BATCH && failures < BATCH {
            break;
        }
    }
    Ok(removed)
}
