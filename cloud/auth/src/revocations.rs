//! Keeps the words of the cache about sessions in step with auth_db, which is the record. The cache
//! may lose everything at any time: the refill writes the blacklist anew, and until it has, readers
//! of it find it incomplete and ask verify-token instead.
//!
//! Invariant: verify-token answers out of the cache only while this replica ends no session, and
//! has told the cache of every end it made.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use platform::{
    cache::{Cache, CacheError},
    sessions::{self, LiveSession, SessionStatus},
};
use process::{clock::Clock, problem::chain, tasks::Tasks, tokens::Claims};
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use crate::store::{BATCH, Store};

type RefillError = Box<dyn std::error::Error + Send + Sync>;

/// How long a revocation that missed the cache can go unnoticed by it.
const REFILL_EVERY: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct SessionList {
    store: Store,
    cache: Cache,
    clock: Clock,
    /// Ends that are being made at this moment.
    under_way: Arc<AtomicU64>,
    /// Counts the ends that the cache did not hear of, and those of them that a refill has told
    /// since.
    missed: Arc<AtomicU64>,
    made_good: Arc<AtomicU64>,
}

/// Held from before auth_db ends sessions until the cache has heard of it. One that is dropped,
/// because its caller hung up or the database failed, may have ended them: the next refill tells.
#[must_use]
pub struct EndUnderWay {
    list: SessionList,
    is_told: bool,
}

/// The cache's answer about a token's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownSession {
    Stands,
    Over,
    /// Ask auth_db. The answer may be kept where the cache is there to keep it.
    Unknown {
        kept: bool,
    },
}

impl SessionList {
    pub fn new(store: &Store, cache: &Cache, clock: &Clock) -> Self {
        let (store, cache, clock) = (store.clone(), cache.clone(), clock.clone());
        let (under_way, missed, made_good) = Default::default();
        Self { store, cache, clock, under_way, missed, made_good }
    }

    /// Call it before auth_db is asked to end sessions.
    pub fn ending(&self) -> EndUnderWay {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        EndUnderWay { list: self.clone(), is_told: false }
    }

    /// Puts one session on the blacklist. A failure does not refuse the sign-out.
    pub async fn tell(&self, session: SessionId, until: UnixMillis, now: UnixMillis) {
        if let Err(error) = sessions::revoke(&self.cache, session, left(until, now)).await {
            self.missed.fetch_add(1, Ordering::SeqCst);
            tracing::warn!(session.id = %session, error = chain(&error), "The cache missed a revocation");
        }
    }

    /// Writes the whole blacklist: every revoked session whose token has not expired.
    pub async fn fill(&self) {
        let missed = self.missed.load(Ordering::SeqCst);
        match self.refill().await {
            // An end that was missed meanwhile waits for the next time.
            Ok(()) => {
                self.made_good.fetch_max(missed, Ordering::SeqCst);
            }
            Err(error) => {
                self.missed.fetch_add(1, Ordering::SeqCst);
                tracing::warn!(error = chain(&*error), "The blacklist could not be filled");
            }
        }
    }

    /// Fills it again now and then, for as long as the service runs.
    pub fn keep_filled(&self, tasks: &Tasks) {
        let (list, stop) = (self.clone(), tasks.token());
        tasks.spawn("auth revocations", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(REFILL_EVERY) => list.fill().await,
                }
            }
        });
    }

    /// Notes the session of these claims, which stood at `asked_at` and ends at `ends_at` if nobody
    /// ends it before.
    pub async fn remember(&self, claims: &Claims, asked_at: UnixMillis, ends_at: UnixMillis) {
        let kept_ms = i64::try_from(sessions::KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let until = ends_at.min(asked_at.plus_ms(kept_ms));
        let live = LiveSession { user: claims.sub, role: claims.role, until };
        let left = left(until, self.clock.now());
        in_time(sessions::remember(&self.cache, claims.jti, &live, left)).await;
    }

    /// Asks the cache about the session of verified claims.
    pub async fn recall(&self, claims: &Claims) -> KnownSession {
        let is_told = || {
            let made_good = self.made_good.load(Ordering::SeqCst);
            self.under_way.load(Ordering::SeqCst) == 0
                && made_good == self.missed.load(Ordering::SeqCst)
        };
        let Some((status, live)) = in_time(sessions::recall(&self.cache, claims.jti)).await else {
            return KnownSession::Unknown { kept: false };
        };
        let of_claims = |live: &LiveSession| (live.user, live.role) == (claims.sub, claims.role);
        let live = live.filter(|live| of_claims(live) && live.until > self.clock.now());
        match (status, live) {
            (SessionStatus::Revoked, _) => KnownSession::Over,
            (_, Some(_)) if is_told() => KnownSession::Stands,
            _ => KnownSession::Unknown { kept: true },
        }
    }

    async fn refill(&self) -> Result<(), RefillError> {
        let mut after = SessionId(Uuid::nil());
        loop {
            let now = self.clock.now();
            let part = self.store.revoked(after, now).await?;
            for (session, until) in &part {
                // For as long as a word may count that this session stands.
                let left = left(*until, now).max(sessions::KEPT_FOR);
                sessions::revoke(&self.cache, *session, left).await?;
            }
            match part.last() {
                Some((last, _)) if part.len() == BATCH => after = *last,
                _ => break,
            }
        }
        Ok(sessions::mark_complete(&self.cache).await?)
    }
}

impl EndUnderWay {
    /// Every session that ended was told, or none has ended.
    pub fn told(mut self) {
        self.is_told = true;
    }
}

impl Drop for EndUnderWay {
    fn drop(&mut self) {
        // In this order: at no moment between the two is the end forgotten.
        if !self.is_told {
            self.list.missed.fetch_add(1, Ordering::SeqCst);
        }
        self.list.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

fn left(until: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(u64::try_from(until.since(now)).unwrap_or_default().max(1))
}

/// Nothing where the cache is away or slow: it only spares a question, and nobody waits for that.
async fn in_time<T>(asked: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
    Cache::in_time(asked).await.ok()
}
