//! Shows in metrics and log what an operator would otherwise have to look for.

use std::{collections::BTreeSet, time::Duration};

use process::metrics;
use wire::{ChecksumState, EdgeId, EdgeStatus, RegionStatus};

use crate::{
    domain::{settling::Settling, status},
    hub::Hub,
    store::StoreError,
};

const LOOK: Duration = Duration::from_secs(5);

pub(crate) fn start(hub: &Hub) {
    let hub = hub.clone();
    hub.tasks.clone().spawn("gauges", async move { follow(&hub).await });
}

async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let (mut differing, mut settling) = (BTreeSet::new(), Settling::default());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        // A store that cannot be read is heard of from those who need it.
        if let Err(error) = look(hub, &mut differing, &mut settling).await {
            tracing::debug!(%error, "The gauges stand still");
        }
    }
}

async fn look(
    hub: &Hub,
    differing: &mut BTreeSet<EdgeId>,
    settling: &mut Settling,
) -> Result<(), StoreError> {
    let now = hub.clock.elapsed();
    let (regions, edges) = hub.store.overview().await?;
    for region in status::report(&regions, &edges, hub.clock.now()).regions {
        show(&region);
        for edge in &region.edges {
            let stuck = settling.is_stuck(edge, region.feed_seq, now);
            hub.unsettled.note(&edge.edge, stuck, hub.clock.now());
            compare(edge, stuck, differing);
        }
    }
    Ok(())
}

fn show(region: &RegionStatus) {
    let undecided = region.edges.iter().map(|edge| edge.undecided).sum();
    metrics::HUB_UNDECIDED.set([region.region.as_str()], undecided);
    metrics::HUB_FEED_SEQ.set([region.region.as_str()], region.feed_seq);
}

/// Said once for each time that an edge comes to differ, or comes to rest without agreeing.
fn compare(edge: &EdgeStatus, stuck: bool, differing: &mut BTreeSet<EdgeId>) {
    let name = edge.edge.as_str();
    match edge.checksum {
        ChecksumState::Mismatch => {
            metrics::HUB_CHECKSUM_MATCH.set([name], 0);
            if differing.insert(edge.edge.clone()) {
                tracing::error!(edge.id = name, "The orders of `{name}` differ from the cloud's");
            }
        }
        ChecksumState::Match => {
            metrics::HUB_CHECKSUM_MATCH.set([name], 1);
            differing.remove(&edge.edge);
        }
        ChecksumState::Settling if stuck => {
            metrics::HUB_CHECKSUM_MATCH.set([name], 0);
            if differing.insert(edge.edge.clone()) {
                tracing::warn!(
                    edge.id = name,
                    "The checksum of `{name}` has not settled in a minute"
                );
            }
        }
        ChecksumState::Settling | ChecksumState::Unknown => {}
    }
}
