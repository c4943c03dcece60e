//! The cache of a single process. When full, it evicts the entry that expires soonest: a rate limit
//! lives for a minute and a revocation for an hour, so a flood of limits evicts no revocation.
//!
//! Invariants: time comes from the process's clock, which tests control; an increment is one step
//! under one lock.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use process::clock::Clock;

use super::WindowCount;

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
