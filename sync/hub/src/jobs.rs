//! What the hub does by the clock: it forgets what nobody can ask for any more.

use platform::jobs::{self, Job, JobError};
use wire::UnixMillis;

use crate::{
    feed,
    hub::Hub,
    store::{BATCH, LookedAt, StoreError},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The longest age of an edge's backup: until then its log may be asked for again.
const RAW_OPS_KEPT_MS: i64 = 35 * DAY_MS;
/// Longer than any token lives offline.
const REVOCATIONS_KEPT_MS: i64 = 4 * DAY_MS;
/// Parts of one run; what is left is done an hour later.
const PARTS_MAX: usize = 200;

pub(crate) fn start(hub: &Hub) -> Result<(), JobError> {
    let forget_hub = hub.clone();
    let compact_hub = hub.clone();
    let compare_hub = hub.clone();
    let jobs = vec![
        Job::new("forget_old_ops", "0 23 * * * *", move || {
            let hub = forget_hub.clone();
            async move { Ok(forget(&hub).await?) }
        }),
        Job::new("compact_feed", "0 41 * * * *", move || {
            let hub = compact_hub.clone();
            async move { Ok(compact(&hub).await?) }
        }),
        Job::new("compare_with_owner", "0 */10 * * * *", move || {
            let hub = compare_hub.clone();
            async move { Ok(feed::compare_all(&hub).await?) }
        }),
    ];
    jobs::start(&hub.tasks, hub.store.sql(), hub.clock.clone(), jobs)
}

async fn forget(hub: &Hub) -> Result<(), StoreError> {
    let now = hub.clock.now();
    let before = now.plus_ms(-RAW_OPS_KEPT_MS);
    for edge in hub.store.enrolled_edges().await? {
        let mut after = 0;
        for _ in 0..PARTS_MAX {
            let LookedAt { ops, last } = hub.store.drop_old_ops(&edge, after, before).await?;
            after = last;
            let outcomes = hub.store.drop_old_outcomes(&edge, before).await?;
            let epochs = hub.store.drop_old_epochs(&edge, before).await?;
            if ops.max(outcomes).max(epochs) < BATCH {
                break;
            }
        }
    }
    hub.store.drop_expired_codes(now).await?;
    Ok(())
}

/// An edge that was away for longer than its log is kept is not waited for: it takes an image.
async fn compact(hub: &Hub) -> Result<(), StoreError> {
    let now = hub.clock.now();
    for state in hub.store.regions().await? {
        let live_since = now.plus_ms(-RAW_OPS_KEPT_MS);
        for _ in 0..PARTS_MAX {
            // Anew for each part: an edge whose file was put back reads from further down.
            let to = hub.store.passed_by_all(state.region, state.feed_seq, live_since).await?;
            if compact_part(hub, state.region, to, now).await? < BATCH {
                break;
            }
        }
    }
    Ok(())
}

async fn compact_part(
    hub: &Hub,
    region: wire::Region,
    to: u64,
    now: UnixMillis,
) -> Result<usize, StoreError> {
    let versions = hub.store.compact(region, to).await?;
    let gone = hub.store.drop_tombstones(region, to).await?;
    let revoked_before = now.plus_ms(-REVOCATIONS_KEPT_MS);
    let revocations = hub.store.drop_revocations(region, to, revoked_before).await?;
    Ok(versions.max(gone).max(revocations))
}
