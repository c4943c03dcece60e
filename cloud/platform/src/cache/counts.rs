//! Counts requests in windows that start with their first request. All processes share the counts
//! through the cache.
//!
//! Invariant: a cache failure never causes a refusal: without the cache, each process counts alone.

use std::time::Duration;

use process::clock::Clock;

use super::{Cache, MemoryCache};

/// Keys that one process counts locally; beyond this it drops the count that ends soonest.
const OWN_MAX: usize = 50_000;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
pub struct WindowCounter {
    shared: Cache,
    own: Cache,
}

/// The count of a key in its current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCount {
    pub count: i64,
    /// Time until the window ends. The next request then starts another.
    pub left: Duration,
}

impl WindowCounter {
    pub fn new(shared: Cache, clock: Clock) -> Self {
        let own = Cache::Memory(MemoryCache::new(clock, OWN_MAX));
        Self { shared, own }
    }

    pub async fn add(&self, key: &str, window: Duration) -> WindowCount {
        // A limit must not slow down its route, and the local count is nearly as good.
        let counted = match Cache::in_time(self.shared.increment(key, window)).await {
            Ok(counted) => Ok(counted),
            Err(_) => self.own.increment(key, window).await,
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
            Err(_) => self.own.read_count(key).await.unwrap_or_default(),
        };
        counted.unwrap_or(WindowCount {
            count: 0,
            left: window,
        })
    }
}

impl WindowCount {
    /// For `Retry-After`.
    pub fn seconds_left(&self) -> u32 {
        u32::try_from(self.left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
    }
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
