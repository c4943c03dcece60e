//! Exports the state of regions and edges as metrics, and logs edges that differ.

use std::{collections::BTreeSet, time::Duration};

use process::{clock::Clock, metrics, tasks::Tasks};
use tokio::time::sleep;
use wire::{ChecksumState, EdgeId, EdgeStatus, RegionStatus};

use crate::{
    domain::status::{self, EdgeRecord, RegionRecord, SettlingEdges},
    polling::PollLoop,
    store::{Store, StoreError},
};

const POLL_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Gauges {
    pub store: Store,
    pub clock: Clock,
    pub settling: SettlingEdges,
}

impl Gauges {
    pub fn start(self, tasks: &Tasks) {
        let mut poll_loop = PollLoop::new(tasks, "Could not update the gauges");
        tasks.spawn("gauges", async move {
            let mut differing = BTreeSet::new();
            while poll_loop
                .next(
                    self.update_gauges(&mut differing).await,
                    sleep(POLL_INTERVAL),
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
