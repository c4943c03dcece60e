//! Owns the work done by the clock: lines that were read long ago and old deliveries are removed (MongoDB expires them by
//! itself, and the job finds none), and what is plain or of a former data key is sealed.

use platform::{
    documents::Documents,
    jobs::{self, Job, JobError},
    sealing::SealWalk,
};
use process::{clock::Clock, tasks::Tasks};

use crate::store::{DeliveryStore, InboxStore};

/// At night, in UTC.
const PURGE_CRON: &str = "0 20 3 * * *";

const INBOXES: [&str; 3] =
    ["notification.customer_inbox", "notification.provider_inbox", "notification.admin_inbox"];

pub fn start(
    tasks: &Tasks,
    documents: &Documents,
    store: &InboxStore,
    log: &DeliveryStore,
    clock: &Clock,
) -> Result<(), JobError> {
    let jobs = vec![purge(store.clone(), log.clone(), clock.clone()), seal(store.clone())];
    jobs::start(tasks, documents, clock.clone(), jobs)
}

fn seal(store: InboxStore) -> Job {
    let walks = INBOXES.map(SealWalk::of);
    Job::new("notification-seal", "45 */5 * * * *", move || {
        let (store, walks) = (store.clone(), walks.clone());
        async move { Ok(store.seal(&walks).await?) }
    })
}

fn purge(store: InboxStore, log: DeliveryStore, clock: Clock) -> Job {
    Job::new("purge_read_notifications", PURGE_CRON, move || {
        let (store, log, now) = (store.clone(), log.clone(), clock.now());
        async move {
            let purged = store.purge_read(now).await?;
            log.purge(now).await?;
            tracing::info!(purged, "Removed {purged} notifications read long ago");
            Ok(())
        }
    })
}
