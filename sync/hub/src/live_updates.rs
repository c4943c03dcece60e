//! Streams changes to watching pages: orders to users who may read them, regions to admins with
//! platform access. A listener gets the changes that it missed first, then live ones.
//!
//! Invariants: a listener gets every feed change and lost acceptance after its position, or a first
//! message that it must reload; each feed is read once for all listeners of a replica, and only if
//! there are listeners.

mod change;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use process::{
    clock::Clock,
    problem::Problem,
    sse::{self, EventSender, OpenStream, StreamLimit},
    tasks::Tasks,
    tokens::Caller,
};
use serde::Serialize;
use tokio::{
    sync::{broadcast, watch},
    time::{MissedTickBehavior, sleep},
};
use wire::{Actor, Code, FeedChange, Permission, Region, RegionStatus, Role};

use crate::{
    config::NAME,
    domain::status::{self, SettlingEdges},
    polling::{PollLoop, RegionMark, RegionMarks},
    store::{Store, StoreError, feed::reads::OrderNote},
};
pub(crate) use change::FeedPosition;
use change::{FeedUpdate, MISSED_MAX, UpdateKind};

/// How many changes a listener may lag. A slower one is disconnected; it reconnects and resumes
/// from its place.
const BEHIND_MAX: usize = 1_024;
/// Maximum listeners per replica. Above this the hub refuses, and the gateway retries.
const LISTENERS_MAX: usize = 2_000;
/// Changes per read.
const PART: u32 = 200;
const RETRY: Duration = Duration::from_millis(500);
/// Links and queues have no change signal, so one poll serves all watching admins.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
const REFUSED_RETRY_S: u32 = 5;

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
    pub(crate) fn new(
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

    pub(crate) fn start(&self) {
        for region in Region::ALL {
            let updates = self.clone();
            self.tasks
                .spawn("news", async move { updates.follow_region(region).await });
        }
        let updates = self.clone();
        self.tasks
            .spawn("news_regions", async move { updates.watch_regions().await });
    }

    /// Reserves one of the listener permits until dropped.
    pub(crate) fn reserve_stream(&self) -> Result<OpenStream, Problem> {
        self.seats
            .open()
            .ok_or_else(|| Problem::new(Code::TooManyStreams).retry_after(REFUSED_RETRY_S))
    }

    async fn follow_region(&self, region: Region) {
        let mut marks = self.marks.watch_region(region);
        let mut read_to = *marks.borrow_and_update();
        let mut poll_loop =
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
            if !poll_loop.next(read, pause).await {
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
            let (to, part) = self
                .store
                .list_order_changes(region, after, to, PART)
                .await?;
            for (number, change) in part {
                self.broadcast_update(region, UpdateKind::Changed, number, Some(change));
            }
            read_to.feed_seq = to;
        }
        while read_to.lost < end.lost {
            let after = read_to.lost;
            let to = end.lost;
            let part = self.store.list_order_notes(region, after, to, PART).await?;
            read_to.lost = part.last().map_or(to, |note| note.number);
            for OrderNote {
                number,
                is_message,
                newest,
            } in part
            {
                self.broadcast_update(region, kind_of_note(is_message), number, newest);
            }
        }
        // A restored database starts a new feed.
        *read_to = end;
        Ok(())
    }

    fn broadcast_update(
        &self,
        region: Region,
        kind: UpdateKind,
        number: u64,
        change: Option<FeedChange>,
    ) {
        // Fails only without listeners.
        let _ = self.changes.send(Arc::new(FeedUpdate {
            region,
            kind,
            number,
            change,
        }));
    }

    async fn watch_regions(&self) {
        let mut poll_loop =
            PollLoop::new(&self.tasks, "Could not read the regions for open pages yet");
        while poll_loop
            .next(self.refresh_regions().await, sleep(POLL_INTERVAL))
            .await
        {}
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

/// Advances the browser's place even if no change concerns this user.
const BEAT: Duration = Duration::from_secs(15);

pub(crate) struct UpdateListener {
    /// The caller, limited to the orders they may read.
    reader: Actor,
    place: FeedPosition,
    is_resumed: bool,
    missed: Vec<FeedUpdate>,
    changes: broadcast::Receiver<Arc<FeedUpdate>>,
    /// Only for admins with platform access.
    regions: Option<watch::Receiver<Arc<Vec<RegionStatus>>>>,
    shown: BTreeMap<Region, RegionStatus>,
}

#[derive(Serialize)]
struct ReadyMessage {
    resumed: bool,
}

impl LiveUpdates {
    /// Creates a listener. It resumes from `from` if that is recent enough.
    pub(crate) async fn open_listener(
        &self,
        caller: &Caller,
        from: Option<FeedPosition>,
    ) -> Result<UpdateListener, StoreError> {
        // Subscribe before reading the end, so later changes arrive here.
        let changes = self.changes.subscribe();
        let records = self.store.list_regions().await?;
        let end = FeedPosition::end_of_feeds(&records);
        let from = from.filter(|from| from.can_replay_to(&end, &records));
        let mut missed = Vec::new();
        if let Some(from) = from {
            for region in Region::ALL {
                missed.extend(self.read_missed(region, &from, &end).await?);
            }
        }
        let reads_regions = caller.actor.role == Role::Admin
            && caller.permissions.include_any(&[Permission::ReadPlatform]);
        Ok(UpdateListener {
            reader: caller.as_reader(Permission::READ_ORDERS),
            place: from.unwrap_or(end),
            is_resumed: from.is_some(),
            missed,
            changes,
            regions: reads_regions.then(|| self.regions.subscribe()),
            shown: BTreeMap::new(),
        })
    }

    async fn read_missed(
        &self,
        region: Region,
        from: &FeedPosition,
        end: &FeedPosition,
    ) -> Result<Vec<FeedUpdate>, StoreError> {
        let after = from.number_of(region, UpdateKind::Changed);
        let to = end.number_of(region, UpdateKind::Changed);
        let (_, changes) = self
            .store
            .list_order_changes(region, after, to, MISSED_MAX)
            .await?;
        let changes = changes.into_iter().map(|(number, change)| FeedUpdate {
            region,
            kind: UpdateKind::Changed,
            number,
            change: Some(change),
        });
        let after = from.number_of(region, UpdateKind::Lost);
        let to = end.number_of(region, UpdateKind::Lost);
        let notes = self
            .store
            .list_order_notes(region, after, to, MISSED_MAX)
            .await?;
        let notes = notes.into_iter().map(|note| FeedUpdate {
            region,
            kind: kind_of_note(note.is_message),
            number: note.number,
            change: note.newest,
        });
        Ok(changes.chain(notes).collect())
    }
}

fn kind_of_note(is_message: bool) -> UpdateKind {
    match is_message {
        true => UpdateKind::Message,
        false => UpdateKind::Lost,
    }
}

/// Sends until the reader is gone or too far behind. Cancel-safe.
pub(crate) async fn stream_updates(mut listener: UpdateListener, to: &EventSender) {
    let ready = ReadyMessage {
        resumed: listener.is_resumed,
    };
    if !to
        .send(sse::format_event(
            "ready",
            Some(&listener.place.to_string()),
            &ready,
        ))
        .await
    {
        return;
    }
    for update in std::mem::take(&mut listener.missed) {
        if !listener.send_change(&update, to).await {
            return;
        }
    }
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let goes_on = tokio::select! {
            () = to.wait_until_closed() => false,
            _ = beat.tick() => to.send(sse::format_position(&listener.place.to_string())).await,
            update = listener.changes.recv() => match update {
                Ok(update) => listener.send_change(&update, to).await,
                // The client resumes from its place after reconnecting.
                Err(_) => false,
            },
            regions = wait_for_regions(&mut listener.regions) => listener.send_regions(&regions, to).await,
        };
        if !goes_on {
            return;
        }
    }
}

impl UpdateListener {
    /// Returns true to continue: the reader is connected and has missed nothing.
    async fn send_change(&mut self, update: &FeedUpdate, to: &EventSender) -> bool {
        let FeedUpdate {
            region,
            kind,
            number,
            ..
        } = *update;
        let known = self.place.number_of(region, kind);
        if number <= known {
            return true;
        }
        // The losses in between are dropped: the client learns of them after reconnecting.
        if kind == UpdateKind::Lost && number > known + 1 {
            return false;
        }
        self.place.advance_to(region, kind, number);
        match change::build_notice(update, self.reader) {
            Some(told) => {
                let id = self.place.to_string();
                to.send(sse::format_event(told.name(), Some(&id), &told))
                    .await
            }
            None => true,
        }
    }

    async fn send_regions(&mut self, regions: &[RegionStatus], to: &EventSender) -> bool {
        for region in regions {
            let known = self.shown.get(&region.region);
            if known.is_some_and(|known| is_same(known, region)) {
                continue;
            }
            self.shown.insert(region.region, region.clone());
            if !to.send(sse::format_event("region", None, region)).await {
                return false;
            }
        }
        true
    }
}

/// Ignores contact times: every edge updates them every three seconds.
fn is_same(one: &RegionStatus, other: &RegionStatus) -> bool {
    clear_contact_times(one) == clear_contact_times(other)
}

fn clear_contact_times(region: &RegionStatus) -> RegionStatus {
    let mut region = region.clone();
    for edge in &mut region.edges {
        edge.last_contact_at = None;
    }
    if let Some(repairs) = &mut region.repairs {
        repairs.compared_at = None;
    }
    region
}

async fn wait_for_regions(
    regions: &mut Option<watch::Receiver<Arc<Vec<RegionStatus>>>>,
) -> Arc<Vec<RegionStatus>> {
    if let Some(regions) = regions
        && regions.changed().await.is_ok()
    {
        return Arc::clone(&regions.borrow_and_update());
    }
    std::future::pending().await
}
