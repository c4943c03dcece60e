//! Holds data that may be lost: rate limits, unread counts, known sessions. The cache is never the
//! only record of anything.
//!
//! Invariant: every entry expires, and every call ends soon. A failure is an `Err`; the caller
//! continues without the cache.

mod counts;
mod memory;
mod redis_arm;

use std::time::Duration;

use process::{metrics, trust::CertificateAuthorities};

pub use counts::{DAY, HOUR, MINUTE, WindowCount, WindowCounter};
pub use memory::MemoryCache;
pub use redis_arm::RedisCache;

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

/// A slower cache saves no time.
const PATIENCE: Duration = Duration::from_millis(250);

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
    /// `memory:` or `redis://..`. A server that is down is not an error here; calls fail until it
    /// is back.
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

    /// Limits a call to `PATIENCE`; use it if a caller waits.
    pub async fn in_time<T>(
        asked: impl Future<Output = Result<T, CacheError>>,
    ) -> Result<T, CacheError> {
        tokio::time::timeout(PATIENCE, asked)
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

    /// Sets the value if the key has none. Returns true if it was set.
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
