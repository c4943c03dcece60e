//! Scheduled jobs: they remind customers, purge old lines, deliveries and notices (MongoDB expires
//! these on its own), and reseal texts stored in plain or under a former data key.

use platform::{
    documents::Documents,
    jobs::{self, Job, JobError},
    sealing::TableResealer,
};
use process::{clock::Clock, tasks::Tasks};

use crate::{
    reminders::PaymentReminders,
    store::{DeliveryStore, DeviceStore, InboxStore, NoticeStore},
};

/// Nightly, in UTC.
const PURGE_CRON: &str = "0 20 3 * * *";
const REMINDERS_CRON: &str = "50 */10 * * * *";

const INBOXES: [&str; 3] = [
    "notification.customer_inbox",
    "notification.provider_inbox",
    "notification.admin_inbox",
];
const NOTICES: &str = "notification.notices";
const DEVICES: &str = "notification.push_devices";

pub(crate) fn start(
    tasks: &Tasks,
    documents: &Documents,
    notices: &NoticeStore,
    reminders: PaymentReminders,
) -> Result<(), JobError> {
    let store = reminders.inboxes.clone();
    let clock = reminders.clock.clone();
    let dispatcher = &reminders.dispatcher;
    let jobs = vec![
        purge_job(
            store.clone(),
            dispatcher.delivery_store.clone(),
            notices.clone(),
            clock.clone(),
        ),
        reseal_job(store, notices.clone(), dispatcher.devices.clone()),
        Job::new("notification-reminders", REMINDERS_CRON, move || {
            let reminders = reminders.clone();
            async move { Ok(reminders.send_due_reminders().await.map(drop)?) }
        }),
    ];
    jobs::start(tasks, documents, clock, jobs)
}

fn reseal_job(store: InboxStore, notices: NoticeStore, devices: DeviceStore) -> Job {
    let walks = INBOXES.map(TableResealer::for_table);
    let walk = TableResealer::for_table(NOTICES);
    let devices_walk = TableResealer::for_table(DEVICES);
    Job::new("notification-seal", "45 */5 * * * *", move || {
        let store = store.clone();
        let walks = walks.clone();
        let notices = notices.clone();
        let walk = walk.clone();
        let devices = devices.clone();
        let devices_walk = devices_walk.clone();
        async move {
            store.reseal_lines(&walks).await?;
            notices.reseal_notices(&walk).await?;
            Ok(devices.reseal_devices(&devices_walk).await?)
        }
    })
}

fn purge_job(
    store: InboxStore,
    delivery_store: DeliveryStore,
    notices: NoticeStore,
    clock: Clock,
) -> Job {
    Job::new("purge_read_notifications", PURGE_CRON, move || {
        let store = store.clone();
        let now = clock.now();
        let log = delivery_store.clone();
        let notices = notices.clone();
        async move {
            let purged = store.purge_read(now).await?;
            log.purge(now).await?;
            notices.purge(now).await?;
            tracing::info!(
                purged,
                "Removed {purged} notifications that were read long ago"
            );
            Ok(())
        }
    })
}
