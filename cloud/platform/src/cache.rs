//! Owns everything that may be forgotten: rate limits, unread counts, the list of revoked sessions. The
//! cache is never the only record of anything.
//!
//! Invariant: every entry has an end, and every call ends soon. A failure is an `Err` the caller goes
//! on without.

mod memory;
mod redis_arm;

use std::time::Duration;

use process::metrics;

pub use memory::Memory;
pub use redis_arm::Redis;

/// Cloning shares the entries or the connection.
#[derive(Clone)]
pub enum Cache {
    Memory(Memory),
    Redis(Redis),
}

#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("a cache address is `memory:` or `redis://HOST`")]
    Address,
    #[error("the cache failed")]
    Redis(#[from] redis::RedisError),
}

impl Cache {
    /// `memory:` or `redis://..`. A server that is down is not an error here; every call says so
    /// until it is back.
    pub fn open(url: &str) -> Result<Self, CacheError> {
        if url.starts_with("memory:") {
            Ok(Self::Memory(Memory::default()))
        } else if url.starts_with("redis:") || url.starts_with("rediss:") {
            Ok(Self::Redis(Redis::open(url)?))
        } else {
            Err(CacheError::Address)
        }
    }

    pub async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        counted(match self {
            Self::Memory(cache) => Ok(cache.get(key)),
            Self::Redis(cache) => cache.get(key).await,
        })
    }

    pub async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), CacheError> {
        counted(match self {
            Self::Memory(cache) => {
                cache.set(key, value, ttl);
                Ok(())
            }
            Self::Redis(cache) => cache.set(key, value, ttl).await,
        })
    }

    /// Returns whether the value was set: false where the key has one.
    pub async fn set_if_absent(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        counted(match self {
            Self::Memory(cache) => Ok(cache.set_if_absent(key, value, ttl)),
            Self::Redis(cache) => cache.set_if_absent(key, value, ttl).await,
        })
    }

    pub async fn delete(&self, key: &str) -> Result<(), CacheError> {
        counted(match self {
            Self::Memory(cache) => {
                cache.delete(key);
                Ok(())
            }
            Self::Redis(cache) => cache.delete(key).await,
        })
    }

    /// Counts one up and answers with the count; `ttl` runs from the first.
    pub async fn increment(&self, key: &str, ttl: Duration) -> Result<i64, CacheError> {
        counted(match self {
            Self::Memory(cache) => Ok(cache.increment(key, ttl)),
            Self::Redis(cache) => cache.increment(key, ttl).await,
        })
    }

    /// Asks the cache for a sign of life.
    pub async fn ping(&self) -> Result<(), CacheError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(cache) => cache.ping().await,
        }
    }
}

fn counted<T>(result: Result<T, CacheError>) -> Result<T, CacheError> {
    if result.is_err() {
        metrics::CACHE_FAULTS.add([], 1);
    }
    result
}
