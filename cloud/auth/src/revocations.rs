//! Keeps the cache's blacklist in step with auth_db, which is the record. The cache may lose
//! everything at any time: the refill writes it anew, and until it has, readers of the blacklist find
//! it incomplete and ask verify-token instead.

use std::time::Duration;

use platform::{cache::Cache, sessions};
use process::{clock::Clock, problem::chain, tasks::Tasks};
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use crate::store::{BATCH, Store};

type RefillError = Box<dyn std::error::Error + Send + Sync>;

/// How long a revocation that missed the cache can go unnoticed by it.
const REFILL_EVERY: Duration = Duration::from_secs(15);

/// Puts one session on the blacklist. A failure does not refuse the sign-out.
pub async fn tell(cache: &Cache, session: SessionId, until: UnixMillis, now: UnixMillis) {
    if let Err(error) = sessions::revoke(cache, session, left(until, now)).await {
        tracing::warn!(session.id = %session, error = chain(&error), "The cache missed a revocation");
    }
}

/// Writes the whole blacklist: every revoked session whose token has not expired.
async fn refill(store: &Store, cache: &Cache, clock: &Clock) -> Result<(), RefillError> {
    let mut after = SessionId(Uuid::nil());
    loop {
        let now = clock.now();
        let part = store.revoked(after, now).await?;
        for (session, until) in &part {
            sessions::revoke(cache, *session, left(*until, now)).await?;
        }
        match part.last() {
            Some((last, _)) if part.len() == BATCH => after = *last,
            _ => break,
        }
    }
    Ok(sessions::mark_complete(cache).await?)
}

pub async fn fill(store: &Store, cache: &Cache, clock: &Clock) {
    if let Err(error) = refill(store, cache, clock).await {
        tracing::warn!(error = chain(&*error), "The blacklist could not be filled");
    }
}

/// Fills it again now and then, for as long as the service runs.
pub fn keep_filled(tasks: &Tasks, store: &Store, cache: &Cache, clock: &Clock) {
    let (store, cache, clock) = (store.clone(), cache.clone(), clock.clone());
    let stop = tasks.token();
    tasks.spawn("auth revocations", async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REFILL_EVERY) => fill(&store, &cache, &clock).await,
            }
        }
    });
}

fn left(until: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(u64::try_from(until.since(now)).unwrap_or_default().max(1))
}
