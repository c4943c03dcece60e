//! The hub's scheduled jobs: delete expired rows, compact and compare the feeds, and encrypt values
//! that are plain or under a former key.

use platform::{
    jobs::{self, Job, JobError},
    sealing::TableResealer,
};
use uuid::Uuid;
use wire::{Region, UnixMillis};

use crate::{
    feed::{self, compare::FeedComparison},
    store::{
        Store, StoreError,
        maintenance::{BATCH, OldOpsBatch, ResealCursor},
    },
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The maximum age of an edge's backup: until then its log may be requested again.
const RAW_OPS_KEPT_MS: i64 = 35 * DAY_MS;
/// Longer than any token lives offline.
const REVOCATIONS_KEPT_MS: i64 = 4 * DAY_MS;
/// Maximum parts per run; the rest follows an hour later.
const PARTS_MAX: usize = 200;

pub(crate) fn start(comparison: &FeedComparison) -> Result<(), JobError> {
    let FeedComparison {
        store,
        clock,
        tasks,
        ..
    } = comparison;
    let forgetting = (store.clone(), clock.clone());
    let compacting = forgetting.clone();
    let comparing = comparison.clone();
    let sealing = store.clone();
    let walks = HubSealWalks::default();
    let jobs = vec![
        Job::new("forget_old_ops", "0 23 * * * *", move || {
            let (store, clock) = forgetting.clone();
            async move { Ok(delete_expired_rows(&store, clock.now()).await?) }
        }),
        Job::new("compact_feed", "0 41 * * * *", move || {
            let (store, clock) = compacting.clone();
            async move { Ok(compact_feeds(&store, clock.now()).await?) }
        }),
        Job::new("compare_with_owner", "0 */10 * * * *", move || {
            let comparison = comparing.clone();
            async move { Ok(feed::compare_all(&comparison).await?) }
        }),
        Job::new("seal", "50 */5 * * * *", move || {
            let store = sealing.clone();
            let walks = walks.clone();
            async move { Ok(reseal_tables(&store, &walks).await?) }
        }),
    ];
    jobs::start(tasks, store.sql(), clock.clone(), jobs)
}

/// The position of the sealing walk in each table.
#[derive(Clone)]
struct HubSealWalks {
    feed: [TableResealer<u64>; Region::ALL.len()],
    ops: TableResealer<ResealCursor>,
    outcomes: TableResealer<ResealCursor>,
    asks: TableResealer<(Uuid, Uuid)>,
}

impl Default for HubSealWalks {
    fn default() -> Self {
        Self {
            feed: Region::ALL.map(|region| {
                TableResealer::for_table(match region {
                    Region::North => "sync.feed of NORTH",
                    Region::South => "sync.feed of SOUTH",
                    Region::East => "sync.feed of EAST",
                    Region::West => "sync.feed of WEST",
                    Region::Mid => "sync.feed of MID",
                })
            }),
            ops: TableResealer::for_table("sync.ops"),
            outcomes: TableResealer::for_table("sync.outcomes"),
            asks: TableResealer::for_table("sync.asks"),
        }
    }
}

async fn reseal_tables(store: &Store, walks: &HubSealWalks) -> Result<(), StoreError> {
    let keys = store.sql().data_keys();
    for (region, walk) in Region::ALL.into_iter().zip(&walks.feed) {
        let mut turn = walk.start_run(keys, PARTS_MAX).await;
        while let Some(after) = turn.next_position() {
            turn.record_batch(store.reseal_feed(region, after).await?);
        }
    }
    let mut turn = walks.ops.start_run(keys, PARTS_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_ops(after).await?);
    }
    let mut turn = walks.outcomes.start_run(keys, PARTS_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_outcomes(after).await?);
    }
    let mut turn = walks.asks.start_run(keys, PARTS_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_waiting_accepts(after).await?);
    }
    Ok(())
}

async fn delete_expired_rows(store: &Store, now: UnixMillis) -> Result<(), StoreError> {
    let before = now.plus_ms(-RAW_OPS_KEPT_MS);
    for edge in store.list_enrolled_edges().await? {
        let mut after = 0;
        for _ in 0..PARTS_MAX {
            let OldOpsBatch { ops, last } = store.drop_old_ops(&edge, after, before).await?;
            after = last;
            let outcomes = store.drop_old_outcomes(&edge, before).await?;
            let epochs = store.drop_old_epochs(&edge, before).await?;
            if ops.max(outcomes).max(epochs) < BATCH {
                break;
            }
        }
    }
    for _ in 0..PARTS_MAX {
        if store.drop_old_origins(before, BATCH).await? < BATCH {
            break;
        }
    }
    store.drop_expired_codes(now).await?;
    Ok(())
}

/// An edge that was away for longer than the log retention gets a snapshot; compaction does not
/// wait for it.
async fn compact_feeds(store: &Store, now: UnixMillis) -> Result<(), StoreError> {
    for state in store.list_regions().await? {
        let live_since = now.plus_ms(-RAW_OPS_KEPT_MS);
        for _ in 0..PARTS_MAX {
            // Reload for each part: an edge restored from a backup reads from an earlier cursor.
            let to = store
                .find_compaction_limit(state.region, state.feed_seq, live_since)
                .await?;
            if compact_part(store, state.region, to, now).await? < BATCH {
                break;
            }
        }
    }
    Ok(())
}

async fn compact_part(
    store: &Store,
    region: wire::Region,
    to: u64,
    now: UnixMillis,
) -> Result<usize, StoreError> {
    let versions = store.compact_feed(region, to).await?;
    let gone = store.drop_tombstones(region, to).await?;
    let revoked_before = now.plus_ms(-REVOCATIONS_KEPT_MS);
    let revocations = store.drop_revocations(region, to, revoked_before).await?;
    Ok(versions.max(gone).max(revocations))
}
