//! One listener: missed changes first, then live ones.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use process::{
    sse::{self, EventSender},
    tokens::Caller,
};
use serde::Serialize;
use tokio::{
    sync::{broadcast, watch},
    time::MissedTickBehavior,
};
use wire::{Actor, Permission, Region, RegionStatus, Role};

use super::{
    FeedUpdate, LiveUpdates, notice,
    place::{FeedPosition, MISSED_MAX, UpdateKind},
};
use crate::store::StoreError;

/// Advances the browser's place even if no change concerns this user.
const BEAT: Duration = Duration::from_secs(15);

pub struct UpdateListener {
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
    pub async fn open_listener(
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
            .order_changes(region, after, to, MISSED_MAX)
            .await?;
        let changes = changes.into_iter().map(|(number, change)| FeedUpdate {
            region,
            kind: UpdateKind::Changed,
            number,
            change: Some(change),
        });
        let after = from.number_of(region, UpdateKind::Lost);
        let to = end.number_of(region, UpdateKind::Lost);
        let lost = self
            .store
            .lost_acceptances(region, after, to, MISSED_MAX)
            .await?;
        let lost = lost.into_iter().map(|(number, change)| FeedUpdate {
            region,
            kind: UpdateKind::Lost,
            number,
            change,
        });
        Ok(changes.chain(lost).collect())
    }
}

/// Sends until the reader is gone or too far behind. Cancel-safe.
pub async fn stream_updates(mut listener: UpdateListener, to: &EventSender) {
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
    for news in std::mem::take(&mut listener.missed) {
        if !listener.send_change(&news, to).await {
            return;
        }
    }
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let goes_on = tokio::select! {
            () = to.wait_until_closed() => false,
            _ = beat.tick() => to.send(sse::format_position(&listener.place.to_string())).await,
            news = listener.changes.recv() => match news {
                Ok(news) => listener.send_change(&news, to).await,
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
    async fn send_change(&mut self, news: &FeedUpdate, to: &EventSender) -> bool {
        let FeedUpdate {
            region,
            kind,
            number,
            ..
        } = *news;
        let known = self.place.number_of(region, kind);
        if number <= known {
            return true;
        }
        // The losses in between are dropped: the client learns of them after reconnecting.
        if kind == UpdateKind::Lost && number > known + 1 {
            return false;
        }
        self.place.advance_to(region, kind, number);
        match notice::build_notice(news, self.reader) {
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
