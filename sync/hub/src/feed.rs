//! Keeps the region feeds correct: turns events into feed changes, sends new token keys to the
//! edges, follows the ends of the feeds, compares feeds with their owner, and repairs edges. Orders
//! and assignments go into their region's feed; ended sessions, revoked or readmitted users, and
//! provider marks go into every feed.

pub(crate) mod compare;
mod edge_repair;

use std::time::Duration;

use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
    key_source::{KeySource, KeySourceError},
    provider_verification,
};
use process::{clock::Clock, tasks::Tasks};
use serde::Deserialize;
use tokio::time::sleep;
use wire::{
    AssignmentEvent, Event, EventType, Exchange, OrderEvent, ReadmissionEvent, Region, UserEvent,
};

use crate::{
    polling::{EdgeSignals, PollLoop, RegionMarks, WorkSignal},
    store::{
        Store, StoreError,
        feed::{FeedEffect, RevokedSubject},
    },
};
use compare::{CompareFault, FeedComparison};
use edge_repair::EdgeRepairer;

/// Another replica may have changed a feed.
const REFRESH: Duration = Duration::from_millis(500);

/// Starts the tasks that maintain this replica's feeds.
pub(crate) fn start(comparison: &FeedComparison, keys: KeySource, signals: EdgeSignals) {
    let tasks = &comparison.tasks;
    let publisher = KeyPublisher {
        store: comparison.store.clone(),
        clock: comparison.clock.clone(),
        regions: comparison.regions.clone(),
        source: keys,
    };
    let poll_loop = PollLoop::new(tasks, "Could not send the token keys to the edges yet");
    tasks.spawn(
        "feed_keys",
        async move { publisher.watch_keys(poll_loop).await },
    );
    let repairs = EdgeRepairer {
        comparison: comparison.clone(),
        signals,
    };
    tasks.spawn("mend", async move { repairs.run_checks().await });
    let regions = comparison.regions.clone();
    let store = comparison.store.clone();
    let warning =
        "Could not read the regions; sessions keep the verification status that they know";
    let mut poll_loop = PollLoop::new(tasks, warning);
    tasks.spawn("regions", async move {
        while poll_loop
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

pub(crate) struct FeedConsumer {
    pub store: Store,
    pub clock: Clock,
    pub regions: RegionMarks,
    pub work: WorkSignal,
}

impl EventHandler for FeedConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        let fed = match event.kind.exchange() {
            Exchange::Order if event.kind == EventType::RegionAssigned => {
                self.feed_assignment_event(event).await?
            }
            Exchange::Order => self.feed_order_event(event).await?,
            Exchange::Auth
                if matches!(
                    event.kind,
                    EventType::SessionRevoked | EventType::UserRevoked
                ) =>
            {
                self.feed_revocation_event(event).await?
            }
            Exchange::Auth if event.kind == EventType::UserReadmitted => {
                self.feed_readmission_event(event).await?
            }
            Exchange::User => self.feed_mark_event(event).await?,
            Exchange::Auth | Exchange::Payment | Exchange::Review | Exchange::Platform => {
                FeedEffect::Known
            }
        };
        if fed == FeedEffect::Added {
            self.regions.reload_marks(&self.store).await?;
        }
        // Signal repeated events too: the replica that fed this one may have died before its
        // signal.
        if event.kind == EventType::RegionAssigned {
            self.work.request_retry();
        }
        Ok(())
    }

    /// Only order events arrive in bulk. A run that contains any other event is handled one by one.
    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        let mut orders = Vec::with_capacity(run.len());
        for event in run {
            let is_order =
                event.kind.exchange() == Exchange::Order && event.kind != EventType::RegionAssigned;
            match OrderEvent::deserialize(&event.body) {
                Ok(told) if is_order => orders.push((*event, told.order)),
                _ => return Ok(false),
            }
        }
        let added = self.store.feed_orders(&orders, self.clock.now()).await?;
        if added.is_some_and(|added| added > 0) {
            self.regions.reload_marks(&self.store).await?;
        }
        Ok(added.is_some())
    }
}

impl FeedConsumer {
    pub(crate) fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::HUB_FEED, self);
    }

    async fn feed_order_event(&self, event: &Event) -> Result<FeedEffect, HandleError> {
        let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
        let fed = self
            .store
            .feed_order(event, &order, self.clock.now())
            .await?;
        if fed == FeedEffect::Contradicted {
            let id = order.id;
            let version = order.version;
            tracing::error!(order.id = %id, version,
                "Order `{id}` arrived again with the same version but different content");
            self.store
                .note_contradiction(order.location, self.clock.now())
                .await?;
        }
        Ok(fed)
    }

    async fn feed_assignment_event(&self, event: &Event) -> Result<FeedEffect, HandleError> {
        let AssignmentEvent { region, assignment } = serde_json::from_value(event.body.clone())?;
        let fed = self
            .store
            .feed_assignment(event, region, &assignment, self.clock.now())
            .await?;
        if fed == FeedEffect::Added {
            let holder = assignment
                .holder
                .as_ref()
                .map_or("nobody", wire::EdgeId::as_str);
            let policy = assignment.policy.as_str();
            let fence = assignment.fence;
            tracing::info!(%region, policy, holder, fence, "The assignment of {region} changed");
        }
        Ok(fed)
    }

    async fn feed_revocation_event(&self, event: &Event) -> Result<FeedEffect, HandleError> {
        let UserEvent {
            user_id,
            session_id,
            ..
        } = serde_json::from_value(event.body.clone())?;
        let whom = match (event.kind, session_id) {
            (EventType::UserRevoked, _) => RevokedSubject::Person(user_id),
            (_, Some(session)) => RevokedSubject::Session(session),
            (_, None) => {
                return Err(HandleError::poison(
                    "a revocation does not name its session",
                ));
            }
        };
        Ok(self
            .store
            .feed_revoked(event, whom, self.clock.now())
            .await?)
    }

    async fn feed_readmission_event(&self, event: &Event) -> Result<FeedEffect, HandleError> {
        let ReadmissionEvent {
            user_id,
            tokens_since,
            ..
        } = serde_json::from_value(event.body.clone())?;
        let now = self.clock.now();
        Ok(self
            .store
            .feed_readmitted(event, user_id, tokens_since, now)
            .await?)
    }

    async fn feed_mark_event(&self, event: &Event) -> Result<FeedEffect, HandleError> {
        match provider_verification::verification_from_event(event)? {
            Some(mark) => Ok(self.store.feed_mark(mark, self.clock.now()).await?),
            None => Ok(FeedEffect::Known),
        }
    }
}

/// Poll interval for this process's keys, which are in memory.
const KEYS_POLL: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum KeySyncError {
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends the edges the public keys that verify users' tokens.
struct KeyPublisher {
    store: Store,
    clock: Clock,
    regions: RegionMarks,
    source: KeySource,
}

impl KeyPublisher {
    async fn watch_keys(&self, mut poll_loop: PollLoop) {
        let mut told = String::new();
        while poll_loop
            .next(self.publish_changed_keys(&mut told).await, sleep(KEYS_POLL))
            .await
        {}
    }

    async fn publish_changed_keys(&self, told: &mut String) -> Result<(), KeySyncError> {
        if self.source.keys.is_empty() {
            self.source.refresh_keys().await?;
        }
        let jwks = self.source.keys.jwks();
        if jwks == *told {
            return Ok(());
        }
        if self.store.feed_keys(&jwks, self.clock.now()).await? == FeedEffect::Added {
            tracing::info!("The token keys changed; sending them to the edges");
            self.regions.reload_marks(&self.store).await?;
        }
        *told = jwks;
        Ok(())
    }
}
