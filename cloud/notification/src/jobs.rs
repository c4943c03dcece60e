//! Owns what runs by the clock: lines that were read long ago are removed.
//!
//! MongoDB removes them by its own expiry index, so the job is for the SQLite arm.

use platform::jobs::{self, Job, JobError};
use process::{clock::Clock, tasks::Tasks};

use crate::{
    domain::READ_KEPT_MS,
    store::{InboxStore, SqliteInbox},
};

/// At night, in UTC.
const PURGE_CRON: &str = "0 20 3 * * *";

pub fn start(tasks: &Tasks, store: &InboxStore, clock: &Clock) -> Result<(), JobError> {
    match store {
        InboxStore::Mongo(_) => Ok(()),
        InboxStore::Sqlite(store) => {
            let purge = purge(store.clone(), clock.clone());
            jobs::start(tasks, store.sql(), clock.clone(), vec![purge])
        }
    }
}

fn purge(store: SqliteInbox, clock: Clock) -> Job {
    Job::new("purge_read_notifications", PURGE_CRON, move || {
        let (store, before) = (store.clone(), clock.now().plus_ms(-READ_KEPT_MS));
        async move {
            let purged = store.purge_read(before).await?;
            tracing::info!(purged, "Removed {purged} notifications read long ago");
            Ok(())
        }
    })
}
