//! Owns the work done by the clock: customers are reminded, lines that were read long ago and old deliveries are removed
//! (MongoDB expires them by itself, and the job finds none), and what is plain or of a former data key is sealed.

use platform::{
    documents::Documents,
    jobs::{self, Job, JobError},
    sealing::SealWalk,
};
use process::{clock::Clock, tasks::Tasks};

use crate::{
    reminders::Reminders,
    store::{DeliveryStore, InboxStore},
};

/// At night, in UTC.
const PURGE_CRON: &str = "0 20 3 * * *";
const REMINDERS_CRON: &str = "50 */10 * * * *";

const INBOXES: [&str; 3] =
    ["notification.customer_inbox", "notification.provider_inbox", "notification.admin_inbox"];

pub fn start(
    tasks: &Tasks,
    documents: &Documents,
    log: &DeliveryStore,
    reminders: Reminders,
) -> Result<(), JobError> {
    let (store, clock) = (reminders.inboxes.clone(), reminders.clock.clone());
    let jobs = vec![
        purge(store.clone(), log.clone(), clock.clone()),
        seal(store),
        Job::new("notification-reminders", REMINDERS_CRON, move || {
            let reminders = reminders.clone();
            async move { Ok(reminders.tell_due().await.map(drop)?) }
        }),
    ];
    jobs::start(tasks, documents, clock, jobs)
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
