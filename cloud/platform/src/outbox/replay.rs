//! Replays kept events to one queue, for a consumer that was added after they were sent.
//!
//! A replay is a row that a job processes in batches, so it continues after a restart. Its consumer
//! may get an event twice and deduplicates it by its inbox or its stored state.

use process::clock::Clock;
use uuid::Uuid;
use wire::{Event, UnixMillis, UserId};

use super::store;
pub use super::store::replays::{Replay, list_replays, request_replay};
use crate::{
    Database,
    bus::{Bus, QueueSpec, topology},
    documents::DocumentsError,
    jobs::Job,
};

/// Events read at a time.
const BATCH_MAX: usize = 500;
/// Batches per run of the job, which limits how many events a queue gets at once; the next run
/// continues.
const BATCHES_MAX: usize = 40;
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
            for _ in 0..BATCHES_MAX {
                if !send_next_batch(&database, &bus, topology::find_queue, now).await? {
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
pub async fn ask_again(
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
pub async fn send_next_batch(
    database: &Database,
    bus: &Bus,
    queue_named: impl Fn(&str) -> Option<QueueSpec>,
    now: UnixMillis,
) -> ReplayResult<bool> {
    let Some(replay) = store::replays::open(database).await? else {
        return Ok(false);
    };
    let rows = store::replays::read_batch(database, &replay, BATCH_MAX).await?;
    let is_last = rows.len() < BATCH_MAX;
    let done_seq = rows.last().map_or(replay.last_seq, |(seq, ..)| *seq);
    // A queue dropped by a newer version gets no more events.
    let queue = queue_named(&replay.queue);
    let mut events: Vec<Event> = Vec::new();
    for (_, id, made_at, stored) in rows {
        let Some(queue) = queue else { break };
        if made_at < replay.since_ms {
            continue;
        }
        let json = store::open_event(database.data_keys(), id, stored)?;
        let event: Event = serde_json::from_str(&json)?;
        if queue.is_bound_for(&event) {
            events.push(event);
        }
    }
    if let Some(queue) = queue {
        bus.replay_events(&queue, &events).await?;
    }
    let done_at = is_last.then_some(now);
    store::replays::advance_replay(database, &replay, done_seq, events.len(), done_at).await?;
    Ok(true)
}
