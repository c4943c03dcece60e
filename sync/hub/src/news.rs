//! Streams changes to watching pages: orders to users who may read them, regions to admins with
//! platform access.
//!
//! Invariants: a listener gets every feed change and lost acceptance after its place, or a first
//! message that it must reload; each feed is read once for all listeners of a replica, and only if
//! there are listeners.

mod listen;
mod notice;
mod place;

use std::{sync::Arc, time::Duration};

use process::{
    clock::Clock,
    problem::Problem,
    sse::{OpenStream, StreamLimit},
    tasks::Tasks,
};
use tokio::{
    sync::{broadcast, watch},
    time::sleep,
};
use wire::{Code, FeedChange, Region, RegionStatus};

use crate::{
    config::NAME,
    domain::{settling::SettlingEdges, status},
    rounds::PollLoop,
    signals::{RegionMark, RegionMarks},
    store::{Store, StoreError},
};

pub use listen::stream_updates;
pub use place::{FeedPosition, UpdateKind};

/// How many changes a listener may lag. A slower one is disconnected; it reconnects and resumes
/// from its place.
const BEHIND_MAX: usize = 1_024;
/// Maximum listeners per replica. Above this the hub refuses, and the gateway retries.
const LISTENERS_MAX: usize = 2_000;
/// Changes per read.
const PART: u32 = 200;
const RETRY: Duration = Duration::from_millis(500);
/// Links and queues have no change signal, so one poll serves all watching admins.
const LOOK: Duration = Duration::from_secs(1);
const REFUSED_RETRY_S: u32 = 5;

/// A change of an order that pages may show.
pub struct FeedUpdate {
    pub region: Region,
    pub kind: UpdateKind,
    pub number: u64,
    /// The change, or for a lost acceptance the order's newest change in the feed.
    pub change: Option<FeedChange>,
}

/// The live change stream of one replica. Clones share it.
#[derive(Clone)]
pub(crate) struct LiveUpdates {
    store: Store,
    clock: Clock,
    tasks: Tasks,
    marks: RegionMarks,
    settling: SettlingEdges,
    changes: broadcast::Sender<Arc<FeedUpdate>>,
    regions: watch::Sender<Arc<Vec<RegionStatus>>>,
    seats: StreamLimit,
}

impl LiveUpdates {
    pub fn new(
        store: Store,
        clock: Clock,
        tasks: Tasks,
        marks: RegionMarks,
        settling: SettlingEdges,
    ) -> Self {
        let changes = broadcast::Sender::new(BEHIND_MAX);
        let regions = watch::Sender::default();
        let seats = StreamLimit::new(NAME, LISTENERS_MAX);
        Self {
            store,
            clock,
            tasks,
            marks,
            settling,
            changes,
            regions,
            seats,
        }
    }

    pub fn start(&self) {
        for region in Region::ALL {
            let news = self.clone();
            self.tasks
                .spawn("news", async move { news.follow_region(region).await });
        }
        let news = self.clone();
        self.tasks
            .spawn("news_regions", async move { news.watch_regions().await });
    }

    /// Reserves one of the listener permits until dropped.
    pub fn reserve_stream(&self) -> Result<OpenStream, Problem> {
        self.seats
            .open()
            .ok_or_else(|| Problem::new(Code::TooManyStreams).retry_after(REFUSED_RETRY_S))
    }

    async fn follow_region(&self, region: Region) {
        let mut marks = self.marks.watch_region(region);
        let mut read_to = *marks.borrow_and_update();
        let mut rounds =
            PollLoop::new(&self.tasks, "Could not read the changes for open pages yet");
        loop {
            let end = *marks.borrow_and_update();
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

    /// Broadcasts changes up to `end`. A listener subscribes before it reads its starting point, so
    /// any change skipped here is one that it reads from the store.
    async fn read(
        &self,
        region: Region,
        read_to: &mut RegionMark,
        end: RegionMark,
    ) -> Result<(), StoreError> {
        if self.changes.receiver_count() == 0 {
            *read_to = end;
        }
        while read_to.feed_seq < end.feed_seq {
            let after = read_to.feed_seq;
            let to = end.feed_seq;
            let (to, part) = self.store.order_changes(region, after, to, PART).await?;
            for (number, change) in part {
                self.pass_on(region, UpdateKind::Changed, number, Some(change));
            }
            read_to.feed_seq = to;
        }
        while read_to.lost < end.lost {
            let after = read_to.lost;
            let to = end.lost;
            let part = self.store.lost_acceptances(region, after, to, PART).await?;
            read_to.lost = part.last().map_or(to, |(number, _)| *number);
            for (number, change) in part {
                self.pass_on(region, UpdateKind::Lost, number, change);
            }
        }
        // A restored database starts a new feed.
        *read_to = end;
        Ok(())
    }

    fn pass_on(&self, region: Region, kind: UpdateKind, number: u64, change: Option<FeedChange>) {
        // Fails only without listeners.
        let _ = self.changes.send(Arc::new(FeedUpdate {
            region,
            kind,
            number,
            change,
        }));
    }

    async fn watch_regions(&self) {
        let mut rounds =
            PollLoop::new(&self.tasks, "Could not read the regions for open pages yet");
        while rounds.next(self.refresh_regions().await, sleep(LOOK)).await {}
    }

    async fn refresh_regions(&self) -> Result<(), StoreError> {
        if self.regions.receiver_count() == 0 {
            return Ok(());
        }
        let (regions, edges) = self.store.read_overview().await?;
        let mut report = status::build_report(&regions, &edges, self.clock.now());
        let edges = report
            .regions
            .iter_mut()
            .flat_map(|region| &mut region.edges);
        edges.for_each(|edge| self.settling.set_unsettled_since(edge));
        self.regions.send_replace(Arc::new(report.regions));
        Ok(())
    }
}
