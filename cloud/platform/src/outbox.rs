//! The transactional outbox. The transaction that causes an event writes it, the one relay with the
//! lease publishes it and marks it sent once the bus confirms. Sent events are kept for a while, so
//! that a new consumer can get the ones it missed.
//!
//! Invariant: a row is marked sent only after its confirm, so an event is delivered at least once;
//! rows are published in the order they were written.
//!
//! Replicas compete for a lease, so that only one publishes and events keep their order. If two
//! overlap for a moment, an event is published twice and consumers deduplicate it. A failing event
//! blocks those behind it: order is guaranteed, and the rows are safe.
//!
//! A replay sends kept events to one queue, for a consumer that was added after they were sent. It
//! is a row that a job processes in batches, so it continues after a restart. Its consumer may get
//! an event twice and deduplicates it by its inbox or its stored state.

pub use crate::{
    ledger::store::{
        order_events::{StoredOrderEvent, find_order_events},
        outbox::reseal_events,
        sent_events::{Replay, list_replays, purge_sent, request_replay},
    },
    sql::events::{add, add_all, unsent_since},
};

use std::time::Duration;

use planted::{Defect, is_planted};
use process::{clock::Clock, metrics, tasks::Tasks};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::{Event, UnixMillis, UserId};

use crate::{
    bus::{
        Bus, BusError,
        topology::{self, QueueSpec},
    },
    documents::DocumentsError,
    jobs::Job,
    ledger::{
        Database,
        store::{
            outbox::{OutboxSource, UnsentEvent},
            sent_events::{
                advance_replay, find_open_replay, purge_done_replays, read_replay_batch,
            },
        },
    },
    sealing::SealError,
    sql::events::open_event,
};

/// Events published before awaiting their confirms.
const BATCH_MAX: usize = 256;
/// How long a dead replica blocks the others from relaying.
const LEASE_MS: i64 = 10_000;
const LEASE_RENEWED_AFTER: Duration = Duration::from_millis(5_000);
/// Finds events committed by other replicas, which do not wake this one.
const TICK: Duration = Duration::from_millis(500);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Minimum interval between the starts of two rounds. A round costs a commit, which delays
/// commands; a lone event is published at once.
const ROUNDS_APART: Duration = Duration::from_millis(100);
/// The unsent count is only a metric.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Publishes outbox events. A commit that wrote an event wakes the relay of the same process.
pub struct OutboxRelay {
    source: OutboxSource,
    bus: Bus,
    clock: Clock,
    service: &'static str,
    holder: Uuid,
    stop: CancellationToken,
    leased_at: Option<Duration>,
    counted_at: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] DocumentsError),
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A newer version wrote it: the event waits for a version that can read it.
    #[error("could not read the event of {place}")]
    Unreadable {
        place: String,
        #[source]
        source: serde_json::Error,
    },
    /// The event waits for its data key.
    #[error("could not decrypt the event of {place}")]
    Sealed {
        place: String,
        #[source]
        source: SealError,
    },
}

enum RelayRound {
    /// More events may wait.
    Full,
    Idle,
}

impl OutboxRelay {
    /// Starts relaying the events of `service` until the tasks stop.
    pub fn start(
        tasks: &Tasks,
        database: impl Into<Database>,
        bus: Bus,
        clock: Clock,
        service: &'static str,
    ) {
        Self::start_from(tasks, database.into(), bus, clock, service);
    }

    fn start_from(
        tasks: &Tasks,
        database: Database,
        bus: Bus,
        clock: Clock,
        service: &'static str,
    ) {
        let holder = clock.new_id();
        let stop = tasks.stop_token();
        let source = OutboxSource::from(database);
        let relay = Self {
            source,
            bus,
            clock,
            service,
            holder,
            stop,
            leased_at: None,
            counted_at: None,
        };
        tasks.spawn("outbox-relay", relay.run());
    }

    async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        while !self.stop.is_cancelled() {
            let begun = self.clock.elapsed();
            match self.run_round().await {
                Ok(RelayRound::Full) => pause = PAUSE_MIN,
                Ok(RelayRound::Idle) => {
                    pause = PAUSE_MIN;
                    self.wait_for_events().await;
                    let since = self.clock.elapsed().saturating_sub(begun);
                    self.pause_or_stop(ROUNDS_APART.saturating_sub(since)).await;
                }
                Err(error) => {
                    tracing::warn!(service = self.service, %error, "Could not publish events; they stay in the outbox");
                    self.pause_or_stop(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        if let Err(error) = self.source.give_up_lease(self.holder).await {
            tracing::debug!(%error, "Could not give up the relay's lease; it expires by itself");
        }
    }

    async fn run_round(&mut self) -> Result<RelayRound, RelayError> {
        if !self.holds_lease().await? {
            return Ok(RelayRound::Idle);
        }
        let unsent = self.source.read_unsent(BATCH_MAX).await?;
        let full = unsent.len() == BATCH_MAX;
        self.send(unsent).await?;
        self.report_unsent().await?;
        Ok(if full {
            RelayRound::Full
        } else {
            RelayRound::Idle
        })
    }

    /// Renews the lease halfway through, so that an idle relay writes little.
    async fn holds_lease(&mut self) -> Result<bool, RelayError> {
        let elapsed = self.clock.elapsed();
        let is_fresh = self
            .leased_at
            .is_some_and(|at| elapsed.saturating_sub(at) < LEASE_RENEWED_AFTER);
        if is_fresh {
            return Ok(true);
        }
        self.leased_at = None;
        let now = self.clock.now();
        let until = now.plus_ms(LEASE_MS);
        if self.source.acquire_lease(self.holder, now, until).await? {
            self.leased_at = Some(elapsed);
        }
        Ok(self.leased_at.is_some())
    }

    async fn send(&self, mut unsent: Vec<UnsentEvent>) -> Result<(), RelayError> {
        let mut events: Vec<Event> = Vec::with_capacity(unsent.len());
        let mut unreadable = None;
        for one in &unsent {
            match self.read(one) {
                Ok(event) => events.push(event),
                Err(error) => {
                    unreadable = Some(error);
                    break;
                }
            }
        }
        unsent.truncate(events.len());
        if events.is_empty() {
            return unreadable.map_or(Ok(()), Err);
        }
        if is_planted(Defect::RelayMarksBeforeConfirm) {
            self.source.mark_sent(&unsent, self.clock.now()).await?;
        }
        let confirmed = self.bus.publish_all(&events).await;
        self.source
            .mark_sent(&unsent[..confirmed.count], self.clock.now())
            .await?;
        match (confirmed.error, unreadable) {
            (Some(error), _) => Err(error.into()),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }

    fn read(&self, unsent: &UnsentEvent) -> Result<Event, RelayError> {
        let json = self.source.open_event(unsent);
        let json = json.map_err(|source| RelayError::Sealed {
            place: unsent.describe_location(),
            source,
        })?;
        serde_json::from_str(&json).map_err(|source| RelayError::Unreadable {
            place: unsent.describe_location(),
            source,
        })
    }

    async fn report_unsent(&mut self) -> Result<(), RelayError> {
        let elapsed = self.clock.elapsed();
        let due = self
            .counted_at
            .is_none_or(|at| elapsed.saturating_sub(at) >= COUNT_EVERY);
        if due {
            self.counted_at = Some(elapsed);
            let count = self.source.count_unsent().await?;
            metrics::OUTBOX_UNSENT.set([self.service], count);
        }
        Ok(())
    }

    async fn wait_for_events(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.source.wait_for_write() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }

    async fn pause_or_stop(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// The default retention.
pub const SENT_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The job that removes expired sent events and old finished replays.
pub(crate) fn purge_job(database: Database, clock: Clock, kept: Duration) -> Job {
    Job::new("tidy_events", "40 17 * * * *", move || {
        let database = database.clone();
        let now = clock.now();
        async move {
            purge_sent(&database, now, kept).await?;
            purge_done_replays(&database, now).await?;
            Ok(())
        }
    })
}

/// Events read at a time.
const REPLAY_BATCH_MAX: usize = 500;
/// Batches per run of the job, which limits how many events a queue gets at once; the next run
/// continues.
const REPLAY_BATCHES_MAX: usize = 40;
/// A week and a day: later nights make up for a failed one.
const AGAIN_MS: i64 = 8 * 24 * 60 * 60 * 1000;
/// Minimum age of the platform's own last replay before it requests another. The job runs once a
/// night.
const YOUNG_MS: i64 = 12 * 60 * 60 * 1000;
/// Replays searched for a recent one.
const LOOKED_THROUGH_MAX: usize = 50;
/// The requester of the platform's own replays.
const PLATFORM: UserId = UserId(Uuid::nil());

pub(crate) fn replay_job(database: Database, bus: Bus, clock: Clock) -> Job {
    Job::new("replay_events", "*/5 * * * * *", move || {
        let database = database.clone();
        let bus = bus.clone();
        let now = clock.now();
        async move {
            for _ in 0..REPLAY_BATCHES_MAX {
                if !send_replay_batch(&database, &bus, topology::find_queue, now).await? {
                    break;
                }
            }
            Ok(())
        }
    })
}

/// Requests recent events for a queue whose consumer counts each event once, so that an event lost
/// in transit counts by tomorrow. Returns `false` if the last such replay is recent or too many are
/// open.
pub async fn request_recent_replay(
    database: &Database,
    queue: &QueueSpec,
    clock: &Clock,
) -> Result<bool, DocumentsError> {
    let now = clock.now();
    for replay in list_replays(database, LOOKED_THROUGH_MAX).await? {
        let is_same = replay.queue == queue.name && replay.asked_by == PLATFORM;
        if is_same && replay.asked_at > now.plus_ms(-YOUNG_MS) {
            return Ok(false);
        }
    }
    let since = now.plus_ms(-AGAIN_MS);
    let asked = (clock.new_id(), PLATFORM, now);
    let requested = request_replay(database, queue.name, since, asked).await?;
    Ok(requested.is_some())
}

type ReplayResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Sends one batch of the oldest open replay; `false` if no replay is open.
pub async fn send_replay_batch(
    database: &Database,
    bus: &Bus,
    queue_named: impl Fn(&str) -> Option<QueueSpec>,
    now: UnixMillis,
) -> ReplayResult<bool> {
    let Some(replay) = find_open_replay(database).await? else {
        return Ok(false);
    };
    let rows = read_replay_batch(database, &replay, REPLAY_BATCH_MAX).await?;
    let is_last = rows.len() < REPLAY_BATCH_MAX;
    let done_seq = rows.last().map_or(replay.last_seq, |(seq, ..)| *seq);
    // A queue dropped by a newer version gets no more events.
    let queue = queue_named(&replay.queue);
    let mut events: Vec<Event> = Vec::new();
    for (_, id, made_at, stored) in rows {
        let Some(queue) = queue else { break };
        if made_at < replay.since_ms {
            continue;
        }
        let json = open_event(database.data_keys(), id, stored)?;
        let event: Event = serde_json::from_str(&json)?;
        if queue.is_bound_for(&event) {
            events.push(event);
        }
    }
    if let Some(queue) = queue {
        bus.replay_events(&queue, &events).await?;
    }
    let done_at = is_last.then_some(now);
    advance_replay(database, &replay, done_seq, events.len(), done_at).await?;
    Ok(true)
}
