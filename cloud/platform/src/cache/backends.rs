//! The two caches: in the memory of a single process, and on Redis.
//!
//! When full, the memory evicts the entry that expires soonest: a rate limit lives for a minute and
//! a revocation for an hour, so a flood of limits evicts no revocation. Invariants: time comes from
//! the process's clock, which tests control; an increment is one step under one lock. All calls to
//! Redis share one connection, which reconnects automatically.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use process::{clock::Clock, trust::CertificateAuthorities};
use redis::{
    AsyncCommands, Client, ExistenceCheck, Script, SetExpiry, SetOptions, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::CacheError;

/// The count of a key in its current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCount {
    pub count: i64,
    /// Time until the window ends. The next request then starts another.
    pub left: Duration,
}

impl WindowCount {
    /// For `Retry-After`.
    pub fn seconds_left(&self) -> u32 {
        u32::try_from(self.left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}

const ENTRIES_MAX: usize = 100_000;

#[derive(Clone)]
pub struct MemoryCache {
    clock: Clock,
    entries_max: usize,
    entries: Arc<Mutex<CacheEntries>>,
}

#[derive(Default)]
struct CacheEntries {
    by_key: HashMap<String, CacheEntry>,
    /// The same keys by expiry, measured from the clock's start.
    by_end: BTreeSet<(Duration, String)>,
}

struct CacheEntry {
    value: String,
    end: Duration,
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(Clock::system(), ENTRIES_MAX)
    }
}

impl MemoryCache {
    pub fn new(clock: Clock, entries_max: usize) -> Self {
        Self {
            clock,
            entries_max,
            entries: Arc::default(),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.lock_unexpired()
            .by_key
            .get(key)
            .map(|entry| entry.value.clone())
    }

    pub(super) fn get_all<const N: usize>(&self, keys: [&str; N]) -> [Option<String>; N] {
        let entries = self.lock_unexpired();
        keys.map(|key| entries.by_key.get(key).map(|entry| entry.value.clone()))
    }

    pub(super) fn set(&self, key: &str, value: &str, ttl: Duration) {
        let mut entries = self.lock_unexpired();
        self.insert_entry(&mut entries, key, value.to_owned(), ttl);
    }

    pub(super) fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> bool {
        let mut entries = self.lock_unexpired();
        if entries.by_key.contains_key(key) {
            return false;
        }
        self.insert_entry(&mut entries, key, value.to_owned(), ttl);
        true
    }

    pub(super) fn delete(&self, key: &str) {
        self.lock_unexpired().remove(key);
    }

    pub(super) fn increment(&self, key: &str, ttl: Duration) -> WindowCount {
        let mut entries = self.lock_unexpired();
        if let Some(entry) = entries.by_key.get_mut(key) {
            let count = entry.value.parse::<i64>().unwrap_or(0).saturating_add(1);
            entry.value = count.to_string();
            return WindowCount {
                count,
                left: entry.end.saturating_sub(self.clock.elapsed()),
            };
        }
        self.insert_entry(&mut entries, key, "1".to_owned(), ttl);
        WindowCount {
            count: 1,
            left: ttl,
        }
    }

    pub(super) fn read_count(&self, key: &str) -> Option<WindowCount> {
        let entries = self.lock_unexpired();
        let entry = entries.by_key.get(key)?;
        let left = entry.end.saturating_sub(self.clock.elapsed());
        Some(WindowCount {
            count: entry.value.parse().unwrap_or(0),
            left,
        })
    }

    /// Locks the entries after removing expired ones.
    fn lock_unexpired(&self) -> MutexGuard<'_, CacheEntries> {
        let now = self.clock.elapsed();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while entries.by_end.first().is_some_and(|(end, _)| *end <= now) {
            entries.forget_first();
        }
        entries
    }

    fn insert_entry(&self, entries: &mut CacheEntries, key: &str, value: String, ttl: Duration) {
        entries.remove(key);
        if entries.by_key.len() >= self.entries_max {
            entries.forget_first();
        }
        let end = self.clock.elapsed().saturating_add(ttl);
        entries.by_end.insert((end, key.to_owned()));
        entries
            .by_key
            .insert(key.to_owned(), CacheEntry { value, end });
    }
}

impl CacheEntries {
    fn remove(&mut self, key: &str) {
        if let Some((key, entry)) = self.by_key.remove_entry(key) {
            self.by_end.remove(&(entry.end, key));
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.by_end.pop_first() {
            self.by_key.remove(&key);
        }
    }
}

/// Continuing without the cache is better than waiting longer.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// Sets the expiry with the first count, in one step: a crash in between would leave a permanent
/// limit.
const INCREMENT: &str = "local count = redis.call('INCR', KEYS[1]) \
    if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end \
    return {count, redis.call('PTTL', KEYS[1])}";
const READ_COUNT: &str = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

#[derive(Clone)]
pub struct RedisCache {
    connection: ConnectionManager,
}

impl RedisCache {
    pub(super) fn open(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, CacheError> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(ANSWER_LIMIT))
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let client = match authorities.own_pem().filter(|_| url.starts_with("rediss:")) {
            // The library uses them instead of the public roots.
            Some(pem) => {
                let root_cert = Some(pem.as_bytes().to_vec());
                Client::build_with_tls(
                    url,
                    TlsCertificates {
                        client_tls: None,
                        root_cert,
                    },
                )?
            }
            None => Client::open(url)?,
        };
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
        })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        Ok(self.connection.clone().get(key).await?)
    }

    pub(super) async fn get_all<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> Result<[Option<String>; N], CacheError> {
        Ok(self.connection.clone().mget(&keys[..]).await?)
    }

    pub(super) async fn set(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<(), CacheError> {
        Ok(self
            .connection
            .clone()
            .pset_ex(key, value, expiry_millis(ttl))
            .await?)
    }

    pub(super) async fn set_if_absent(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(expiry_millis(ttl)));
        let set: Option<String> = self
            .connection
            .clone()
            .set_options(key, value, options)
            .await?;
        Ok(set.is_some())
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), CacheError> {
        Ok(self.connection.clone().del(key).await?)
    }

    pub(super) async fn increment(
        &self,
        key: &str,
        ttl: Duration,
    ) -> Result<WindowCount, CacheError> {
        let script = Script::new(INCREMENT);
        let mut connection = self.connection.clone();
        let (count, left_ms) = script
            .key(key)
            .arg(expiry_millis(ttl))
            .invoke_async(&mut connection)
            .await?;
        Ok(WindowCount {
            count,
            left: duration_from_ms(left_ms),
        })
    }

    pub(super) async fn read_count(&self, key: &str) -> Result<Option<WindowCount>, CacheError> {
        let script = Script::new(READ_COUNT);
        let mut connection = self.connection.clone();
        let (count, left_ms): (Option<i64>, i64) =
            script.key(key).invoke_async(&mut connection).await?;
        Ok(count.map(|count| WindowCount {
            count,
            left: duration_from_ms(left_ms),
        }))
    }

    pub(super) async fn ping(&self) -> Result<(), CacheError> {
        Ok(redis::cmd("PING")
            .query_async(&mut self.connection.clone())
            .await?)
    }
}

/// Redis returns a negative number for a key without expiry.
fn duration_from_ms(left_ms: i64) -> Duration {
    Duration::from_millis(left_ms.try_into().unwrap_or(0))
}

/// Redis rejects an expiry of zero.
fn expiry_millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_full_cache_forgets_what_would_end_soonest() {
        let cache = MemoryCache::new(Clock::fixed_at(UnixMillis(0)), 3);
        cache.set("revoked", "1", MINUTE * 60);
        for key in ["a", "b", "c", "d"] {
            cache.increment(key, MINUTE);
        }
        assert_eq!(cache.get("revoked").as_deref(), Some("1"));
        assert_eq!((cache.get("a"), cache.get("b")), (None, None));
        assert_eq!(cache.get("d").as_deref(), Some("1"));
    }

    #[test]
    fn an_entry_ends_with_its_time_and_a_count_from_its_first() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let cache = MemoryCache::new(clock.clone(), 10);
        cache.increment("n", MINUTE);
        clock.advance(30_000);
        assert_eq!(
            cache.increment("n", MINUTE),
            WindowCount {
                count: 2,
                left: MINUTE / 2
            }
        );
        clock.advance(30_000);
        assert_eq!(
            cache.increment("n", MINUTE),
            WindowCount {
                count: 1,
                left: MINUTE
            }
        );
    }
}
