//! Per-person rate limits: for new commands, because a flood by one person takes log space from all
//! others while the edge is cut off; and for board requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use wire::UserId;

/// Number of people tracked. At the limit, drop those with a full allowance; if there are none,
/// drop all. Forged ids cannot force this: each person has a token signed by the cloud.
const PEOPLE_MAX: usize = 10_000;

pub struct PersonRateLimiter {
    /// Burst size.
    at_once: u32,
    /// Interval of the sustained rate.
    every: Duration,
    /// Per person, the time at which the allowance is full again.
    used: Mutex<HashMap<UserId, Duration>>,
}

impl PersonRateLimiter {
    pub fn new(at_once: u32, every: Duration) -> Self {
        Self {
            at_once,
            every,
            used: Mutex::default(),
        }
    }

    /// Takes one from this person's allowance; returns false if it is used up.
    pub fn try_take(&self, user: UserId, now: Duration) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= PEOPLE_MAX && !used.contains_key(&user) {
            used.retain(|_, until| *until > now);
            if used.len() >= PEOPLE_MAX {
                used.clear();
            }
        }
        let until = used.entry(user).or_insert(now);
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
    use crate::tests::id;

    const AT_ONCE: u32 = 20;
    const EVERY: Duration = Duration::from_millis(100);

    fn person(n: u128) -> UserId {
        UserId(id(n))
    }

    #[test]
    fn what_was_gathered_comes_at_once_and_more_at_the_pace() {
        let pace = PersonRateLimiter::new(AT_ONCE, EVERY);
        let now = Duration::from_secs(5);
        let taken = (0..2 * AT_ONCE)
            .filter(|_| pace.try_take(person(1), now))
            .count();
        assert_eq!(taken, 20);
        assert!(
            pace.try_take(person(2), now),
            "another person is not slowed down"
        );
        assert!(!pace.try_take(person(1), now + EVERY / 2));
        assert!(pace.try_take(person(1), now + EVERY));
        assert!(!pace.try_take(person(1), now + EVERY));
        let rested = now + EVERY * (AT_ONCE + 1);
        assert_eq!(
            (0..2 * AT_ONCE)
                .filter(|_| pace.try_take(person(1), rested))
                .count(),
            20
        );
    }

    #[test]
    fn the_people_that_are_remembered_have_a_bound() {
        let pace = PersonRateLimiter::new(AT_ONCE, EVERY);
        let now = Duration::from_secs(5);
        let used = || pace.used.lock().unwrap().len();
        for n in 0..PEOPLE_MAX {
            assert!(pace.try_take(person(n as u128), now));
        }
        assert!(pace.try_take(person(50_000), now + EVERY / 2));
        assert_eq!(used(), 1, "all were at it");
        assert!((0..PEOPLE_MAX).all(|n| pace.try_take(person(n as u128), now)));
        assert!(used() <= PEOPLE_MAX);
    }
}
