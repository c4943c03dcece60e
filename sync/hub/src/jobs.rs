//! The hub's periodic work. Jobs delete expired rows, compact and compare the feeds, tell admins of
//! alarms, and encrypt values that are plain or under a former key. A loop exports the state of regions and edges as
//! metrics, and logs edges that differ.

use std::{collections::BTreeSet, time::Duration};

use platform::jobs::Job;
use process::{clock::Clock, metrics, tasks::Tasks};
use tokio::time::sleep;
use wire::{ChecksumState, EdgeId, EdgeStatus, RegionStatus, UnixMillis};

use crate::{
    domain::{
        parts::PartStates,
        status::{self, EdgeRecord, RegionRecord, SettlingEdges},
    },
    feed::{self, compare::FeedComparison},
    polling::PollLoop,
    store::{
        Store, StoreError,
        alarms::AlarmLook,
        edge_acks::ACKS_KEPT_MS,
        maintenance::{BATCH, OldOpsBatch},
    },
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The maximum age of an edge's backup: until then its log may be requested again.
const RAW_OPS_KEPT_MS: i64 = 35 * DAY_MS;
/// Longer than any token lives offline.
const REVOCATIONS_KEPT_MS: i64 = 4 * DAY_MS;
/// Longer than any trend that is shown.
const ALARMS_KEPT_MS: i64 = 90 * DAY_MS;
/// Maximum parts per run; the rest follows an hour later.
const PARTS_MAX: usize = 200;

pub(crate) fn scheduled_jobs(
    comparison: &FeedComparison,
    settling: &SettlingEdges,
    parts: &PartStates,
) -> Vec<Job> {
    let FeedComparison { store, clock, .. } = comparison;
    let forgetting = (store.clone(), clock.clone());
    let compacting = forgetting.clone();
    let comparing = comparison.clone();
    let alarms = AlarmWatch {
        store: store.clone(),
        clock: clock.clone(),
        settling: settling.clone(),
        parts: parts.clone(),
    };
    vec![
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
        Job::new("tell_alarms", "35 * * * * *", move || {
            let alarms = alarms.clone();
            async move { Ok(alarms.look().await?) }
        }),
        Job::reseal("seal", "50 */5 * * * *", store.resealer()),
    ]
}

/// Compares the health issues of the status report with the open alarms.
#[derive(Clone)]
struct AlarmWatch {
    store: Store,
    clock: Clock,
    settling: SettlingEdges,
    parts: PartStates,
}

impl AlarmWatch {
    async fn look(&self) -> Result<(), StoreError> {
        let (regions, edges) = self.store.read_overview().await?;
        let mut report = status::build_report(&regions, &edges, self.clock.now());
        self.settling.set_unsettled_edges(&mut report);
        report.parts = self.parts.list_parts();
        let look = AlarmLook {
            subjects: &report.list_alarm_subjects(),
            knows_parts: !report.parts.is_empty(),
        };
        let left_out = self.store.record_look(look, &self.clock).await?;
        if left_out > 0 {
            tracing::warn!(
                left_out,
                "Too many alarms are open: {left_out} health issues have none"
            );
        }
        Ok(())
    }
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
            let acks_before = now.plus_ms(-ACKS_KEPT_MS);
            let acks = store.drop_old_acks(&edge, acks_before, BATCH).await?;
            if ops.max(outcomes).max(epochs).max(acks) < BATCH {
                break;
            }
        }
    }
    for _ in 0..PARTS_MAX {
        if store.drop_old_origins(before, BATCH).await? < BATCH {
            break;
        }
    }
    let alarms_before = now.plus_ms(-ALARMS_KEPT_MS);
    for _ in 0..PARTS_MAX {
        if store.drop_ended_alarms(alarms_before, BATCH).await? < BATCH {
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

const GAUGES_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Gauges {
    pub store: Store,
    pub clock: Clock,
    pub settling: SettlingEdges,
}

impl Gauges {
    pub(crate) fn start(self, tasks: &Tasks) {
        let mut poll_loop = PollLoop::new(tasks, "Could not update the gauges");
        tasks.spawn("gauges", async move {
            let mut differing = BTreeSet::new();
            while poll_loop
                .next(
                    self.update_gauges(&mut differing).await,
                    sleep(GAUGES_INTERVAL),
                )
                .await
            {}
        });
    }

    async fn update_gauges(&self, differing: &mut BTreeSet<EdgeId>) -> Result<(), StoreError> {
        let elapsed = self.clock.elapsed();
        let now = self.clock.now();
        let (regions, edges) = self.store.read_overview().await?;
        count_disabled(&regions, &edges);
        for region in status::build_report(&regions, &edges, now).regions {
            set_region_gauges(&region);
            for edge in &region.edges {
                let stuck = self.settling.is_stuck(edge, region.feed_seq, elapsed, now);
                update_checksum_gauge(edge, stuck, differing);
            }
        }
        Ok(())
    }
}

fn count_disabled(regions: &[RegionRecord], edges: &[EdgeRecord]) {
    for RegionRecord { region, .. } in regions {
        let here = edges
            .iter()
            .filter(|edge| edge.region == *region && edge.waits_disabled());
        metrics::HUB_DISABLED_EDGES.set([region.as_str()], here.count() as u64);
    }
}

fn set_region_gauges(region: &RegionStatus) {
    let undecided = region.edges.iter().map(|edge| edge.undecided).sum();
    metrics::HUB_UNDECIDED.set([region.region.as_str()], undecided);
    metrics::HUB_FEED_SEQ.set([region.region.as_str()], region.feed_seq);
}

/// Logs once when an edge starts to differ, or stops moving without a match.
fn update_checksum_gauge(edge: &EdgeStatus, stuck: bool, differing: &mut BTreeSet<EdgeId>) {
    let name = edge.edge.as_str();
    let differs = match edge.checksum {
        ChecksumState::Match => false,
        ChecksumState::Mismatch => true,
        ChecksumState::Settling if stuck => true,
        ChecksumState::Settling | ChecksumState::Unknown => return,
    };
    metrics::HUB_CHECKSUM_MATCH.set([name], u64::from(!differs));
    if !differs {
        differing.remove(&edge.edge);
    } else if differing.insert(edge.edge.clone()) {
        if stuck {
            tracing::warn!(
                edge.id = name,
                "The checksum of `{name}` has not settled within a minute"
            );
        } else {
            tracing::error!(
                edge.id = name,
                "The orders of `{name}` differ from the cloud's"
            );
        }
    }
}
