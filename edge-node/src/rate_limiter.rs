//! Limits the rate of each person or address: of new commands, because a flood by one person takes
//! log space from all others while the edge is cut off; of board requests; and of sign-ins, because
//! the cloud counts a whole shop as one address.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Number of keys tracked. At the limit, drop those with a full allowance; if there are none, drop
/// all. Forged user ids cannot force this: each person has a token signed by the cloud.
const KEYS_MAX: usize = 10_000;

pub(crate) struct RateLimiter<K> {
    /// Burst size.
    at_once: u32,
    /// Interval of the sustained rate.
    every: Duration,
    /// Per key, the time at which the allowance is full again.
    used: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    pub(crate) fn new(at_once: u32, every: Duration) -> Self {
        Self {
            at_once,
            every,
            used: Mutex::default(),
        }
    }

    /// Takes one from the allowance of `key`; returns false if it is used up.
    pub(crate) fn try_take(&self, key: K, now: Duration) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= KEYS_MAX && !used.contains_key(&key) {
            used.retain(|_, until| *until > now);
            if used.len() >= KEYS_MAX {
                used.clear();
            }
        }
        let until = used.entry(key).or_insert(now);
        let next = now.max(*until) + self.every;
        let takes = next <= now + self.every.saturating_mul(self.at_once);
        if takes {
            *until = next;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: u32 = 20;
    const EVERY: Duration = Duration::from_millis(100);

    #[test]
    fn what_was_gathered_comes_at_once_and_more_at_the_pace() {
        let pace = RateLimiter::new(AT_ONCE, EVERY);
        let now = Duration::from_secs(5);
        let taken = (0..2 * AT_ONCE).filter(|_| pace.try_take(1, now)).count();
        assert_eq!(taken, 20);
        assert!(pace.try_take(2, now), "another person is not slowed down");
        assert!(!pace.try_take(1, now + EVERY / 2));
        assert!(pace.try_take(1, now + EVERY));
        assert!(!pace.try_take(1, now + EVERY));
        let rested = now + EVERY * (AT_ONCE + 1);
        assert_eq!(
            (0..2 * AT_ONCE)
                .filter(|_| pace.try_take(1, rested))
                .count(),
            20
        );
    }

    #[test]
    fn the_tracked_keys_have_a_bound() {
        let pace = RateLimiter::new(AT_ONCE, EVERY);
        let now = Duration::from_secs(5);
        let used = || pace.used.lock().unwrap().len();
        for n in 0..KEYS_MAX {
            assert!(pace.try_take(n, now));
        }
        assert!(pace.try_take(50_000, now + EVERY / 2));
        assert_eq!(used(), 1, "all were at it");
        assert!((0..KEYS_MAX).all(|n| pace.try_take(n, now)));
        assert!(used() <= KEYS_MAX);
    }
}
