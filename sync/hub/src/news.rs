//! Tells those who watch what changes: orders to whoever may read them, regions to admins.
//!
//! Invariants: a listener hears every change of a feed after its place, or hears first that it must load
//! anew; each feed is read once for all listeners of a replica, and not at all without any.

mod listen;
mod notice;
mod place;

use std::{sync::Arc, time::Duration};

use process::{clock::Clock, problem::Problem, tasks::Tasks};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch},
    time::sleep,
};
use wire::{Change, Code, Region, RegionStatus};

use crate::{
    domain::{settling::SettlingEdges, status},
    rounds::Rounds,
    signals::RegionMarks,
    store::{Store, StoreError},
};

pub use listen::tell;
pub use place::FeedPlace;

/// Changes that a listener may be behind. One that is further behind is cut off; it connects again and
/// goes on from its place.
const BEHIND_MAX: usize = 1_024;
/// Listeners of a replica. One more is refused: the gateway asks again.
const LISTENERS_MAX: usize = 2_000;
/// Changes read at once.
const PART: u32 = 200;
const RETRY: Duration = Duration::from_millis(500);
/// Links and queues have no signal of their own, so one look serves all admins who watch.
const LOOK: Duration = Duration::from_secs(1);
const REFUSED_RETRY_S: u32 = 5;

/// A change of a region's feed that pages may hear of.
pub struct FeedNews {
    pub region: Region,
    pub feed_seq: u64,
    pub change: Change,
}

/// The news of one replica. Clones share it.
#[derive(Clone)]
pub(crate) struct News {
    store: Store,
    clock: Clock,
    tasks: Tasks,
    marks: RegionMarks,
    settling: SettlingEdges,
    changes: broadcast::Sender<Arc<FeedNews>>,
    regions: watch::Sender<Arc<Vec<RegionStatus>>>,
    seats: Arc<Semaphore>,
}

impl News {
    pub fn new(
        store: Store,
        clock: Clock,
        tasks: Tasks,
        marks: RegionMarks,
        settling: SettlingEdges,
    ) -> Self {
        let (changes, regions) = (broadcast::Sender::new(BEHIND_MAX), watch::Sender::default());
        let seats = Arc::new(Semaphore::new(LISTENERS_MAX));
        Self { store, clock, tasks, marks, settling, changes, regions, seats }
    }

    pub fn start(&self) {
        for region in Region::ALL {
            let news = self.clone();
            self.tasks.spawn("news", async move { news.follow(region).await });
        }
        let news = self.clone();
        self.tasks.spawn("news_regions", async move { news.watch_regions().await });
    }

    /// A place among the listeners, until it is dropped.
    pub fn seat(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let seat = Arc::clone(&self.seats).try_acquire_owned();
        seat.map_err(|_| Problem::new(Code::TooManyStreams).retry_after(REFUSED_RETRY_S))
    }

    async fn follow(&self, region: Region) {
        let mut marks = self.marks.watch(region);
        let mut read_to = marks.borrow_and_update().feed_seq;
        let mut rounds = Rounds::new(&self.tasks, "The changes cannot be read for pages yet");
        loop {
            let end = marks.borrow_and_update().feed_seq;
            let read = self.read(region, &mut read_to, end).await;
            let failed = read.is_err();
            let pause = async {
                if failed {
                    sleep(RETRY).await;
                } else if marks.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            if !rounds.next(read, pause).await {
                return;
            }
        }
    }

    /// Passes on the changes up to `end`. A listener subscribes before it reads where it stands, so that
    /// nothing is skipped here that it has not read itself.
    async fn read(&self, region: Region, read_to: &mut u64, end: u64) -> Result<(), StoreError> {
        if self.changes.receiver_count() == 0 {
            *read_to = end;
        }
        while *read_to < end {
            let (to, part) = self.store.order_changes(region, *read_to, end, PART).await?;
            for (feed_seq, change) in part {
                // Without a listener it is of no use to anybody.
                let _ = self.changes.send(Arc::new(FeedNews { region, feed_seq, change }));
            }
            *read_to = to;
        }
        // A restored database begins its feed anew.
        *read_to = end;
        Ok(())
    }

    async fn watch_regions(&self) {
        let mut rounds = Rounds::new(&self.tasks, "The regions cannot be read for pages yet");
        while rounds.next(self.look().await, sleep(LOOK)).await {}
    }

    async fn look(&self) -> Result<(), StoreError> {
        if self.regions.receiver_count() == 0 {
            return Ok(());
        }
        let (regions, edges) = self.store.overview().await?;
        let mut report = status::report(&regions, &edges, self.clock.now());
        let edges = report.regions.iter_mut().flat_map(|region| &mut region.edges);
        edges.for_each(|edge| self.settling.mark(edge));
        self.regions.send_replace(Arc::new(report.regions));
        Ok(())
    }
}
