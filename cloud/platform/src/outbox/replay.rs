//! Sends kept events to one queue once more: to that of a consumer that came later than they did.
//!
//! A replay is a row, worked by a job in batches, so that a restart goes on where it was. Its
//! consumer may get an event twice, and knows it by its inbox, or by what it has kept of it.

use process::clock::Clock;
use uuid::Uuid;
use wire::{Event, UnixMillis, UserId};

use super::store;
pub use super::store::replays::{Replay, ask, replays};
use crate::{
    Database,
    bus::{Bus, QueueSpec, topology},
    documents::DocumentsError,
    jobs::Job,
};

/// Events read at a time.
const BATCH_MAX: usize = 500;
/// Batches of one turn of the job; the next turn goes on. A queue gets no more than so many at
/// once.
const BATCHES_MAX: usize = 40;
/// A week and a day: a night that fails is made up for by those after it.
const AGAIN_MS: i64 = 8 * 24 * 60 * 60 * 1000;
/// A replay by the platform itself is not asked again while one is so young. The job comes by once
/// a night.
const YOUNG_MS: i64 = 12 * 60 * 60 * 1000;
/// Replays that are looked through for a young one.
const LOOKED_THROUGH_MAX: usize = 50;
/// The platform itself asks.
const PLATFORM: UserId = UserId(Uuid::nil());

pub(crate) fn job(database: Database, bus: Bus, clock: Clock) -> Job {
    Job::new("replay_events", "*/5 * * * * *", move || {
        let (database, bus, now) = (database.clone(), bus.clone(), clock.now());
        async move {
            for _ in 0..BATCHES_MAX {
                if !turn(&database, &bus, topology::named, now).await? {
                    break;
                }
            }
            Ok(())
        }
    })
}

/// Asks for the events of the last days for a queue whose consumer counts each event once, so that
/// one that was lost on its way counts by tomorrow. Returns `false` where the last such replay is
/// young, or too many are under way.
pub async fn ask_again(
    database: &Database,
    queue: &QueueSpec,
    clock: &Clock,
) -> Result<bool, DocumentsError> {
    let now = clock.now();
    let is_young = |one: &Replay| {
        let is_same = one.queue == queue.name && one.asked_by == PLATFORM;
        is_same && one.asked_at > now.plus_ms(-YOUNG_MS)
    };
    if replays(database, LOOKED_THROUGH_MAX).await?.iter().any(is_young) {
        return Ok(false);
    }
    let asked = (clock.new_id(), PLATFORM, now);
    Ok(ask(database, queue.name, now.plus_ms(-AGAIN_MS), asked).await?.is_some())
}

type TurnResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// One batch of the oldest replay; `false` where none is under way.
pub async fn turn(
    database: &Database,
    bus: &Bus,
    queue_named: impl Fn(&str) -> Option<QueueSpec>,
    now: UnixMillis,
) -> TurnResult<bool> {
    let Some(replay) = store::replays::open(database).await? else { return Ok(false) };
    let rows = store::replays::batch(database, &replay, BATCH_MAX).await?;
    let is_last = rows.len() < BATCH_MAX;
    let done_seq = rows.last().map_or(replay.last_seq, |(seq, ..)| *seq);
    // A queue that a newer version has dropped gets nothing more.
    let queue = queue_named(&replay.queue);
    let mut events: Vec<Event> = Vec::new();
    for (_, id, made_at, stored) in rows {
        let Some(queue) = queue else { break };
        if made_at < replay.since_ms {
            continue;
        }
        let json = store::opened(database.data_keys(), id, stored)?;
        let event: Event = serde_json::from_str(&json)?;
        if queue.wants(&event) {
            events.push(event);
        }
    }
    if let Some(queue) = queue {
        bus.replay(&queue, &events).await?;
    }
    let done_at = is_last.then_some(now);
    store::replays::advance(database, &replay, done_seq, events.len(), done_at).await?;
    Ok(true)
}
