//! Retention of sent events, for consumers added later.

use std::time::Duration;

use process::clock::Clock;

use super::store;
use crate::{Database, jobs::Job};

/// The default retention.
pub const SENT_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The job that removes expired sent events and old finished replays.
pub(crate) fn purge_job(database: Database, clock: Clock, kept: Duration) -> Job {
    Job::new("tidy_events", "40 17 * * * *", move || {
        let database = database.clone();
        let now = clock.now();
        async move {
            store::purge_sent(&database, now, kept).await?;
            store::replays::purge_done(&database, now).await?;
            Ok(())
        }
    })
}
