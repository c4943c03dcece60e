//! Keeps cached session states consistent with auth_db, the record. The cache may lose everything
//! at any time: a refill then rewrites the blacklist; until it completes, readers see that the
//! blacklist is incomplete and call verify-token instead.
//!
//! Invariant: verify-token answers from the cache only while this replica has no revocation in
//! progress and has written all its revocations to the cache.

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
use process::{clock::Clock, problem::format_error_chain, tasks::Tasks, tokens::Claims};
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use crate::store::{BATCH, Store};

type RefillError = Box<dyn std::error::Error + Send + Sync>;

/// The longest time a revocation can be missing from the cache.
const REFILL_EVERY: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct SessionStatusCache {
    store: Store,
    cache: Cache,
    clock: Clock,
    /// Revocations in progress.
    in_progress: Arc<AtomicU64>,
    /// Counts the revocations that failed to reach the cache, and how many of them a refill has
    /// repaired.
    missed: Arc<AtomicU64>,
    repaired: Arc<AtomicU64>,
}

/// Guards a revocation from before the change in auth_db until the cache has it. If it is dropped
/// early, on cancellation or a database error, sessions may have ended: the next refill puts them
/// on the blacklist.
#[must_use]
pub struct PendingRevocation {
    list: SessionStatusCache,
    is_reported: bool,
}

/// The cached state of a token's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachedSession {
    Live,
    Revoked,
    /// Look it up in auth_db. `can_store` is true if the cache is available to store the result.
    Unknown {
        can_store: bool,
    },
}

impl SessionStatusCache {
    pub fn new(store: &Store, cache: &Cache, clock: &Clock) -> Self {
        let store = store.clone();
        let cache = cache.clone();
        let clock = clock.clone();
        let (in_progress, missed, repaired) = Default::default();
        Self {
            store,
            cache,
            clock,
            in_progress,
            missed,
            repaired,
        }
    }

    /// Call this before auth_db ends sessions.
    pub fn begin_revocation(&self) -> PendingRevocation {
        self.in_progress.fetch_add(1, Ordering::SeqCst);
        PendingRevocation {
            list: self.clone(),
            is_reported: false,
        }
    }

    /// Puts one session on the blacklist. A failure does not fail the sign-out.
    pub async fn blacklist_session(&self, session: SessionId, until: UnixMillis, now: UnixMillis) {
        if let Err(error) =
            sessions::revoke_session(&self.cache, session, time_left(until, now)).await
        {
            self.missed.fetch_add(1, Ordering::SeqCst);
            tracing::warn!(session.id = %session, error = format_error_chain(&error), "Could not add a revoked session to the cache; the next refill retries");
        }
    }

    /// Rewrites the whole blacklist: all revoked sessions with unexpired tokens.
    pub async fn refill_blacklist(&self) {
        let missed = self.missed.load(Ordering::SeqCst);
        match self.write_blacklist().await {
            // Later misses wait for the next refill.
            Ok(()) => {
                self.repaired.fetch_max(missed, Ordering::SeqCst);
            }
            Err(error) => {
                self.missed.fetch_add(1, Ordering::SeqCst);
                tracing::warn!(
                    error = format_error_chain(&*error),
                    "Could not refill the blacklist of revoked sessions in the cache"
                );
            }
        }
    }

    /// Refills periodically while the service runs.
    pub fn spawn_refill(&self, tasks: &Tasks) {
        let list = self.clone();
        let stop = tasks.stop_token();
        tasks.spawn("auth revocations", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(REFILL_EVERY) => list.refill_blacklist().await,
                }
            }
        });
    }

    /// Caches the session of these claims, which was live at `asked_at` and expires at `ends_at`.
    pub async fn cache_live_session(
        &self,
        claims: &Claims,
        asked_at: UnixMillis,
        ends_at: UnixMillis,
    ) {
        let kept_ms = i64::try_from(sessions::KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let until = ends_at.min(asked_at.plus_ms(kept_ms));
        let live = LiveSession {
            user: claims.sub,
            role: claims.role,
            until,
        };
        let left = time_left(until, self.clock.now());
        within_timeout(sessions::store_live_session(
            &self.cache,
            claims.jti,
            &live,
            left,
        ))
        .await;
    }

    /// Looks up the session of verified claims in the cache.
    pub async fn lookup_session(&self, claims: &Claims) -> CachedSession {
        let Some((status, live)) =
            within_timeout(sessions::look_up_live(&self.cache, claims.jti)).await
        else {
            return CachedSession::Unknown { can_store: false };
        };
        let live = live.filter(|live| {
            live.user == claims.sub && live.role == claims.role && live.until > self.clock.now()
        });
        match (status, live) {
            (SessionStatus::Revoked, _) => CachedSession::Revoked,
            (_, Some(_)) if self.has_all_revocations() => CachedSession::Live,
            _ => CachedSession::Unknown { can_store: true },
        }
    }

    /// Returns true if the cache has every revocation of this replica.
    fn has_all_revocations(&self) -> bool {
        let repaired = self.repaired.load(Ordering::SeqCst);
        self.in_progress.load(Ordering::SeqCst) == 0
            && repaired == self.missed.load(Ordering::SeqCst)
    }

    async fn write_blacklist(&self) -> Result<(), RefillError> {
        let mut after = SessionId(Uuid::nil());
        loop {
            let now = self.clock.now();
            let part = self.store.list_revoked_sessions(after, now).await?;
            for (session, until) in &part {
                // Outlast any cached entry that still calls this session live.
                let left = time_left(*until, now).max(sessions::KEPT_FOR);
                sessions::revoke_session(&self.cache, *session, left).await?;
            }
            match part.last() {
                Some((last, _)) if part.len() == BATCH => after = *last,
                _ => break,
            }
        }
        Ok(sessions::mark_complete(&self.cache).await?)
    }
}

impl PendingRevocation {
    /// All ended sessions were written to the cache or counted as missed, or none ended.
    pub fn mark_reported(mut self) {
        self.is_reported = true;
    }
}

impl Drop for PendingRevocation {
    fn drop(&mut self) {
        // In this order: the revocation is always counted in at least one of the two.
        if !self.is_reported {
            self.list.missed.fetch_add(1, Ordering::SeqCst);
        }
        self.list.in_progress.fetch_sub(1, Ordering::SeqCst);
    }
}

fn time_left(until: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(
        u64::try_from(until.ms_since(now))
            .unwrap_or_default()
            .max(1),
    )
}

/// Returns `None` if the cache is down or slow: it only saves a query, so never wait for it.
async fn within_timeout<T>(asked: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
    Cache::in_time(asked).await.ok()
}
