//! Keeps the region feeds correct: follows their ends, sends new keys to the edges, compares feeds
//! with their owner, and repairs edges.

pub mod compare;
mod keys;
mod mend;

use std::time::Duration;

use platform::keys::KeySource;
use tokio::time::sleep;
use wire::Region;

use crate::{rounds::PollLoop, signals::EdgeSignals};
use compare::{CompareFault, FeedComparison};
use keys::KeyPublisher;
use mend::EdgeRepairer;

/// Another replica may have changed a feed.
const REFRESH: Duration = Duration::from_millis(500);

/// Starts the tasks that maintain this replica's feeds.
pub(crate) fn start(comparison: &FeedComparison, keys: KeySource, signals: EdgeSignals) {
    let tasks = &comparison.tasks;
    let news = KeyPublisher {
        store: comparison.store.clone(),
        clock: comparison.clock.clone(),
        regions: comparison.regions.clone(),
        source: keys,
    };
    let rounds = PollLoop::new(tasks, "Could not send the token keys to the edges yet");
    tasks.spawn("feed_keys", async move { news.watch_keys(rounds).await });
    let repairs = EdgeRepairer {
        comparison: comparison.clone(),
        signals,
    };
    tasks.spawn("mend", async move { repairs.run_checks().await });
    let regions = comparison.regions.clone();
    let store = comparison.store.clone();
    let warning =
        "Could not read the regions; sessions keep the verification status that they know";
    let mut rounds = PollLoop::new(tasks, warning);
    tasks.spawn("regions", async move {
        while rounds
            .next(regions.reload_marks(&store).await, sleep(REFRESH))
            .await
        {}
    });
}

/// Compares every region with its owner, one at a time.
pub(crate) async fn compare_all(comparison: &FeedComparison) -> Result<(), CompareFault> {
    for region in Region::ALL {
        let stop = comparison.tasks.stop_token();
        while comparison.compare_region(region).await?.is_part() && !stop.is_cancelled() {}
    }
    Ok(())
}
