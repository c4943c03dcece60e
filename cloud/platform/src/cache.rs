//! Holds data that may be lost: rate limits, unread counts, sessions, permissions, profiles and
//! inboxes. The cache is never the only record of anything.
//!
//! Invariants: every entry expires, and a call in `in_time` ends within 250 ms. A failure is an
//! `Err`; the caller continues without the cache. So a cache failure never causes a refusal: without the cache, each
//! process counts requests alone.
//!
//! Stamped entries are a part's frequently read query results. Every change of an entity gives it a
//! new stamp, and entries under another stamp are ignored; if the cache misses a change, the TTL
//! ends the stale entry. The store is the source of truth: without the cache every read goes there,
//! and no reader waits long for the cache. Entries are sealed; a plain one is rejected as forged.

mod backends;

pub use backends::{MemoryCache, RedisCache, WindowCount};

use std::time::Duration;

use process::{clock::Clock, metrics, random, trust::CertificateAuthorities};
use uuid::Uuid;

use crate::sealing::{DataKeys, SealContext};

#[derive(Clone)]
pub enum Cache {
    Memory(MemoryCache),
    Redis(RedisCache),
}

#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("a cache address is `memory:`, `redis://HOST` or, with TLS, `rediss://HOST`")]
    Address,
    #[error("the cache failed")]
    Redis(#[from] redis::RedisError),
    #[error("the cache did not answer in time")]
    Slow,
}

/// Beyond this the store is faster.
const CALL_TIMEOUT: Duration = Duration::from_millis(250);

/// Counts a cache read that may save a store read; `cache` and `kind` label the metric.
pub(crate) fn count_read(cache: &str, kind: &str, is_hit: bool) {
    metrics::CACHE_READS.add([cache, kind, if is_hit { "hit" } else { "miss" }], 1);
}

/// Makes the same call on either cache and counts its failures.
macro_rules! on {
    ($self:ident, $call:ident($($argument:expr),*)) => {
        match $self {
            Self::Memory(cache) => Ok(cache.$call($($argument),*)),
            Self::Redis(cache) => {
                cache.$call($($argument),*).await.inspect_err(|_| metrics::CACHE_FAULTS.add([], 1))
            }
        }
    };
}

impl Cache {
    /// Opens `memory:`, `redis://..` or `rediss://..`. A server that is down is not an error here;
    /// calls fail until it is back.
    pub fn open(url: &str) -> Result<Self, CacheError> {
        Self::open_trusting(url, &CertificateAuthorities::of_process())
    }

    /// Like [`Self::open`], with the authorities that verify a `rediss://` server.
    pub fn open_trusting(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, CacheError> {
        if url.starts_with("memory:") {
            Ok(Self::Memory(MemoryCache::default()))
        } else if url.starts_with("redis:") || url.starts_with("rediss:") {
            Ok(Self::Redis(RedisCache::open(url, authorities)?))
        } else {
            Err(CacheError::Address)
        }
    }

    /// Limits a call to `CALL_TIMEOUT`; use it if a caller waits.
    pub async fn in_time<T>(
        call: impl Future<Output = Result<T, CacheError>>,
    ) -> Result<T, CacheError> {
        tokio::time::timeout(CALL_TIMEOUT, call)
            .await
            .unwrap_or_else(|_| {
                metrics::CACHE_FAULTS.add([], 1);
                Err(CacheError::Slow)
            })
    }

    pub async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        on!(self, get(key))
    }

    /// Reads several keys at the same moment, in one call.
    pub async fn get_all<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> Result<[Option<String>; N], CacheError> {
        on!(self, get_all(keys))
    }

    pub async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), CacheError> {
        on!(self, set(key, value, ttl))
    }

    /// Sets the value unless the key has one. Returns true if it was set.
    pub async fn set_if_absent(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        on!(self, set_if_absent(key, value, ttl))
    }

    pub async fn delete(&self, key: &str) -> Result<(), CacheError> {
        on!(self, delete(key))
    }

    /// Increments the count and returns it; `ttl` runs from the first increment.
    pub async fn increment(&self, key: &str, ttl: Duration) -> Result<WindowCount, CacheError> {
        on!(self, increment(key, ttl))
    }

    /// The count of a key that [`Self::increment`] maintains.
    pub async fn read_count(&self, key: &str) -> Result<Option<WindowCount>, CacheError> {
        on!(self, read_count(key))
    }

    pub async fn ping(&self) -> Result<(), CacheError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(cache) => cache.ping().await,
        }
    }
}

/// Keys that one process counts locally; beyond this it drops the count that ends soonest.
const LOCAL_KEYS_MAX: usize = 50_000;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
pub struct WindowCounter {
    shared: Cache,
    local: Cache,
}

impl WindowCounter {
    pub fn new(shared: Cache, clock: Clock) -> Self {
        let local = Cache::Memory(MemoryCache::new(clock, LOCAL_KEYS_MAX));
        Self { shared, local }
    }

    pub async fn add(&self, key: &str, window: Duration) -> WindowCount {
        // A limit must not slow down its route, and the local count is nearly as good.
        let counted = match Cache::in_time(self.shared.increment(key, window)).await {
            Ok(counted) => Ok(counted),
            Err(_) => self.local.increment(key, window).await,
        };
        // The in-process cache does not fail.
        counted.unwrap_or(WindowCount {
            count: 0,
            left: window,
        })
    }

    pub async fn read_count(&self, key: &str, window: Duration) -> WindowCount {
        let counted = match Cache::in_time(self.shared.read_count(key)).await {
            Ok(counted) => counted,
            Err(_) => self.local.read_count(key).await.unwrap_or_default(),
        };
        counted.unwrap_or(WindowCount {
            count: 0,
            left: window,
        })
    }
}

/// Longer than any entry's TTL. An entity without a stamp has not changed for that long, or the
/// cache has lost its stamp.
const STAMP_TTL: Duration = Duration::from_secs(60 * 60);
const STAMP_BYTES: usize = 12;

#[derive(Clone)]
pub struct StampedCache {
    /// The prefix of the part's cache keys.
    part: &'static str,
    /// The column name that entries are sealed for.
    column: &'static str,
    cache: Cache,
    keys: DataKeys,
    ttl: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedEntity {
    pub id: Uuid,
    /// Its name in cache keys.
    pub name: String,
}

/// The version of an entity that an entry was read under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheStamp(String);

impl StampedCache {
    /// An entry expires after `ttl`, half an hour at most.
    pub fn new(
        (part, column): (&'static str, &'static str),
        cache: Cache,
        keys: DataKeys,
        ttl: Duration,
    ) -> Self {
        Self {
            part,
            column,
            cache,
            keys,
            ttl: ttl.min(STAMP_TTL / 2),
        }
    }

    /// Call this before reading the store. `None` if the cache is unavailable.
    pub async fn read_stamp(&self, entity: &StampedEntity) -> Option<CacheStamp> {
        let stamp = treat_failure_as_miss(self.cache.get(&self.cache_key("stamp", entity))).await?;
        Some(CacheStamp(stamp.unwrap_or_else(|| "none".to_owned())))
    }

    /// Invalidates an entity's entries on every replica; call it before storing the change, and
    /// again afterwards. It waits as long as the cache may take: readers miss a change that the
    /// cache did not receive.
    pub async fn invalidate_entity(&self, entity: &StampedEntity) {
        let stamp = random::secret_text(STAMP_BYTES);
        if let Err(error) = self
            .cache
            .set(&self.cache_key("stamp", entity), &stamp, STAMP_TTL)
            .await
        {
            tracing::debug!(%error, part = self.part, "Could not invalidate cached entries; they expire by themselves");
        }
    }

    pub async fn read_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
    ) -> Option<String> {
        let known = self.open_cached(what, entity, stamp).await;
        count_read(self.part, what, known.is_some());
        known
    }

    async fn open_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
    ) -> Option<String> {
        let stored = treat_failure_as_miss(self.cache.get(&self.cache_key(what, entity))).await??;
        let (stored_stamp, sealed) = stored.split_once(' ')?;
        // Another client of the cache could have put a plain entry there.
        let is_forged = self.keys.is_sealing() && !self.keys.is_sealed_text(sealed);
        if stored_stamp != stamp.0 || is_forged {
            return None;
        }
        self.keys
            .open_text(&self.seal_place(entity), sealed.to_owned())
            .ok()
    }

    pub async fn write_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
        text: &str,
    ) {
        let sealed = self.keys.seal_text(&self.seal_place(entity), text);
        let stored = format!("{} {sealed}", stamp.0);
        treat_failure_as_miss(
            self.cache
                .set(&self.cache_key(what, entity), &stored, self.ttl),
        )
        .await;
    }

    fn cache_key(&self, what: &str, entity: &StampedEntity) -> String {
        format!("{}:{what}:{}", self.part, entity.name)
    }

    fn seal_place(&self, entity: &StampedEntity) -> SealContext {
        SealContext::of_id(self.column, entity.id)
    }
}

/// Returns `None` if the cache is unavailable or slow.
async fn treat_failure_as_miss<T>(call: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
    let answer = Cache::in_time(call).await;
    answer
        .inspect_err(
            |error| tracing::debug!(%error, "The cache failed or was slow; treated as a miss"),
        )
        .ok()
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;

    #[tokio::test]
    async fn a_window_begins_with_its_first_request() {
        // Twenty seconds into a clock minute.
        let clock = Clock::fixed_at(UnixMillis(1_764_000_020_000));
        let shared = Cache::Memory(MemoryCache::new(clock.clone(), 10));
        let counts = WindowCounter::new(shared, clock.clone());
        assert_eq!(counts.read_count("n", MINUTE).await.count, 0);
        for count in 1..=3 {
            let left = MINUTE - Duration::from_secs(10) * (count - 1);
            let count = i64::from(count);
            assert_eq!(counts.add("n", MINUTE).await, WindowCount { count, left });
            clock.advance(10_000);
        }
        let left = Duration::from_secs(30);
        assert_eq!(
            counts.read_count("n", MINUTE).await,
            WindowCount { count: 3, left }
        );
        clock.advance(29_999);
        assert_eq!(counts.read_count("n", MINUTE).await.count, 3);
        clock.advance(1);
        assert_eq!(
            counts.read_count("n", MINUTE).await,
            WindowCount {
                count: 0,
                left: MINUTE
            }
        );
        assert_eq!(counts.add("n", MINUTE).await.seconds_left(), 60);
    }
}
