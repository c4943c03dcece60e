//! Keeps the region feeds correct: follows their ends, sends new keys to the edges, compares feeds
//! with their owner, and repairs edges.

pub mod compare;
mod keys;
mod mend;

use std::time::Duration;

use platform::keys::KeySource;
use tokio::time::sleep;
use wire::Region;

use crate::{rounds::Rounds, signals::Nudges};
use compare::{CompareFault, Comparison};
use keys::KeyNews;
use mend::Repairs;

/// Another replica may have changed a feed.
const REFRESH: Duration = Duration::from_millis(500);

/// Starts the tasks that maintain this replica's feeds.
pub(crate) fn start(comparison: &Comparison, keys: KeySource, nudges: Nudges) {
    let tasks = &comparison.tasks;
    let news = KeyNews {
        store: comparison.store.clone(),
        clock: comparison.clock.clone(),
        regions: comparison.regions.clone(),
        source: keys,
    };
    let rounds = Rounds::new(tasks, "The edges could not be told of the keys yet");
    tasks.spawn("feed_keys", async move { news.follow(rounds).await });
    let repairs = Repairs { comparison: comparison.clone(), nudges };
    tasks.spawn("mend", async move { repairs.follow().await });
    let (regions, store) = (comparison.regions.clone(), comparison.store.clone());
    let warning = "The regions cannot be read; sessions keep the marks they know";
    let mut rounds = Rounds::new(tasks, warning);
    tasks.spawn("regions", async move {
        while rounds.next(regions.refresh(&store).await, sleep(REFRESH)).await {}
    });
}

/// Compares every region with its owner, one at a time.
pub(crate) async fn compare_all(comparison: &Comparison) -> Result<(), CompareFault> {
    for region in Region::ALL {
        let stop = comparison.tasks.token();
        while comparison.compare(region).await?.is_part() && !stop.is_cancelled() {}
    }
    Ok(())
}
