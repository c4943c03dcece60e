//! Owns the work done by the clock: lines that were read long ago are removed. MongoDB expires them by
//! itself, and the job finds none.

use platform::{
    documents::Documents,
    jobs::{self, Job, JobError},
};
use process::{clock::Clock, tasks::Tasks};

use crate::store::InboxStore;

/// At night, in UTC.
const PURGE_CRON: &str = "0 20 3 * * *";

pub fn start(
    tasks: &Tasks,
    documents: &Documents,
    store: &InboxStore,
    clock: &Clock,
) -> Result<(), JobError> {
    jobs::start(tasks, documents, clock.clone(), vec![purge(store.clone(), clock.clone())])
}

fn purge(store: InboxStore, clock: Clock) -> Job {
    Job::new("purge_read_notifications", PURGE_CRON, move || {
        let (store, now) = (store.clone(), clock.now());
        async move {
            let purged = store.purge_read(now).await?;
            tracing::info!(purged, "Removed {purged} notifications read long ago");
            Ok(())
        }
    })
}
