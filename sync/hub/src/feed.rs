//! What the sessions of this replica watch: how far each region's feed reaches, and its gate.
//!
//! The rows in sync_db are the truth. They are read at once after this replica has changed one, and
//! twice a second besides, because another replica may have.

mod compare;
mod keys;
mod mend;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use wire::{GateState, Region};

use crate::{
    hub::Hub,
    store::{Store, StoreError},
};

pub(crate) use compare::{CompareFault, Compared, compare};
pub(crate) use keys::refresh as refresh_keys;

const REFRESH: Duration = Duration::from_millis(500);

/// The end of a region's feed, and whether its gate lets sessions in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub generation: u64,
    pub feed_seq: u64,
    pub gate_closed: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Regions(Arc<[watch::Sender<Mark>; Region::ALL.len()]>);

impl Regions {
    /// A receiver hears of the newest mark, not of each.
    pub fn watch(&self, region: Region) -> watch::Receiver<Mark> {
        self.0[usize::from(region.index())].subscribe()
    }

    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        for state in store.regions().await? {
            let mark = Mark {
                generation: state.feed_generation,
                feed_seq: state.feed_seq,
                gate_closed: state.gate == GateState::Closed,
            };
            self.0[usize::from(state.region.index())].send_if_modified(|known| {
                // Two reads may overtake each other; within a generation a feed only grows.
                let older = known.generation == mark.generation && mark.feed_seq < known.feed_seq;
                let changed = *known != mark && !older;
                if changed {
                    *known = mark;
                }
                changed
            });
        }
        Ok(())
    }
}

pub(crate) fn start(hub: &Hub) {
    let follow = hub.clone();
    hub.tasks.spawn("regions", async move { follow_regions(&follow).await });
    let follow = hub.clone();
    hub.tasks.spawn("feed_keys", async move { keys::follow(&follow).await });
    let follow = hub.clone();
    hub.tasks.spawn("mend", async move { mend::follow(&follow).await });
}

/// Compares every region with its owner, one after the other.
pub(crate) async fn compare_all(hub: &Hub) -> Result<(), CompareFault> {
    for region in Region::ALL {
        while compare(hub, region).await?.is_part() && !hub.tasks.token().is_cancelled() {}
    }
    Ok(())
}

async fn follow_regions(hub: &Hub) {
    let stop = hub.tasks.token();
    let mut fails = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REFRESH) => {}
        }
        let result = hub.regions.refresh(&hub.store).await;
        if let Err(error) = &result
            && !fails
        {
            tracing::warn!(%error, "The regions cannot be read; sessions keep what they know");
        }
        fails = result.is_err();
    }
}
