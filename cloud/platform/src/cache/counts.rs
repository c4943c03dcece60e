//! Counts within windows of the clock, shared by all processes through the cache.
//!
//! Invariant: nobody is refused for the cache's sake: without it each process counts for itself.

use std::time::Duration;

use process::clock::Clock;

use super::{Cache, Memory};

/// Keys that one process counts by itself; beyond this the count that ends soonest is forgotten.
const OWN_MAX: usize = 50_000;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
pub struct WindowCounts {
    shared: Cache,
    own: Cache,
    clock: Clock,
}

/// The count of a key in the present window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCount {
    pub count: i64,
    /// Until the window ends and the count starts anew.
    pub left: Duration,
}

impl WindowCounts {
    pub fn new(shared: Cache, clock: Clock) -> Self {
        let own = Cache::Memory(Memory::new(clock.clone(), OWN_MAX));
        Self { shared, own, clock }
    }

    /// Counts one more.
    pub async fn add(&self, key: &str, window: Duration) -> WindowCount {
        let left = self.left(window);
        // A limit must not slow down the route that it guards, and the own count is nearly as good.
        let count = match Cache::in_time(self.shared.increment(key, left)).await {
            Ok(count) => count,
            // A cache of this process does not fail.
            Err(_) => self.own.increment(key, left).await.unwrap_or_default(),
        };
        WindowCount { count, left }
    }

    /// The count as it is.
    pub async fn look(&self, key: &str, window: Duration) -> WindowCount {
        let text = match Cache::in_time(self.shared.get(key)).await {
            Ok(text) => text,
            Err(_) => self.own.get(key).await.unwrap_or_default(),
        };
        let count = text.and_then(|text| text.parse().ok()).unwrap_or_default();
        WindowCount { count, left: self.left(window) }
    }

    fn left(&self, window: Duration) -> Duration {
        let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX).max(1);
        let left_ms = window_ms - self.clock.now().0.rem_euclid(window_ms);
        Duration::from_millis(left_ms.unsigned_abs())
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
    async fn a_count_starts_anew_with_its_window() {
        // Twenty seconds into a minute.
        let clock = Clock::fixed(UnixMillis(1_764_000_020_000));
        let shared = Cache::Memory(Memory::new(clock.clone(), 10));
        let counts = WindowCounts::new(shared, clock.clone());
        assert_eq!(counts.look("n", MINUTE).await.count, 0);
        for count in 1..=3 {
            let left = Duration::from_secs(40);
            assert_eq!(counts.add("n", MINUTE).await, WindowCount { count, left });
        }
        assert_eq!(counts.look("n", MINUTE).await.count, 3);
        clock.advance(40_000);
        assert_eq!(counts.look("n", MINUTE).await.count, 0);
        assert_eq!(counts.add("n", MINUTE).await.seconds_left(), 60);
    }
}
