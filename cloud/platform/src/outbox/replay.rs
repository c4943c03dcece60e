//! Sends kept events to one queue once more: to that of a consumer that came later than they did.
//!
//! A replay is a row, worked by a job in batches, so that a restart goes on where it was. Its consumer may
//! get an event twice, and knows it by its inbox.

use process::clock::Clock;
use wire::{Event, UnixMillis};

use super::store;
pub use super::store::replays::{Replay, ask, replays};
use crate::{
    Database,
    bus::{Bus, QueueSpec, topology},
    jobs::Job,
};

/// Events read at a time.
const BATCH_MAX: usize = 500;
/// Batches of one turn of the job; the next turn goes on. A queue gets no more than so many at once.
const BATCHES_MAX: usize = 40;

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
