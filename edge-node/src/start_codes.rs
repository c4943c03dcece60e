//! Prepares the start code that a person entered for its verdict, and limits their wrong tries.
//!
//! Invariant: a person enters at most `WRONG_TRIES_MAX` wrong codes for an order within `WINDOW`,
//! also with tries at the same time: each try counts from before its verdict until it proves right.
//! A restart loses the counts, but a person who can restart an edge can read the hash on its disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use engine::verdict::EnteredStartCode;
use process::start_code::hash_start_code;
use tokio::{sync::Semaphore, task::spawn_blocking};
use wire::{Order, OrderId, StartCode, UserId};

const WRONG_TRIES_MAX: usize = 5;

const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Pairs of order and person with recent tries. With more, new pairs count as locked.
const PAIRS_MAX: usize = 4_096;

/// Clones share the tries.
#[derive(Clone)]
pub(crate) struct StartCodeGuard {
    tries: Arc<Mutex<HashMap<TryKey, Vec<Duration>>>>,
    /// A hash takes a whole core, so only one is computed at a time.
    turn: Arc<Semaphore>,
}

/// The tries of one person do not lock another person out.
type TryKey = (OrderId, UserId);

impl StartCodeGuard {
    pub(crate) fn new() -> Self {
        Self {
            tries: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Counts a try and hashes the code. The caller reports its verdict to `end_try`.
    pub(crate) async fn begin_try(
        &self,
        order: OrderId,
        user: UserId,
        code: StartCode,
        now: Duration,
    ) -> EnteredStartCode {
        if !self.count_try((order, user), now) {
            return EnteredStartCode::Locked;
        }
        let Ok(_turn) = self.turn.acquire().await else {
            return EnteredStartCode::Locked;
        };
        match spawn_blocking(move || hash_start_code(order, &code)).await {
            Ok(hash) => EnteredStartCode::Hashed(hash),
            // The runtime is shutting down.
            Err(_) => EnteredStartCode::Locked,
        }
    }

    /// A try that was not wrong does not count.
    pub(crate) fn end_try(&self, order: OrderId, user: UserId, was_wrong: bool) {
        if was_wrong {
            return;
        }
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = tries.get_mut(&(order, user)) {
            times.pop();
            if times.is_empty() {
                tries.remove(&(order, user));
            }
        }
    }

    fn count_try(&self, key: TryKey, now: Duration) -> bool {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= PAIRS_MAX {
            tries.retain(|_, times| times.iter().any(|&at| is_recent(at, now)));
        }
        if tries.len() >= PAIRS_MAX && !tries.contains_key(&key) {
            return false;
        }
        let times = tries.entry(key).or_default();
        times.retain(|&at| is_recent(at, now));
        if times.len() >= WRONG_TRIES_MAX {
            return false;
        }
        times.push(now);
        true
    }
}

fn is_recent(at: Duration, now: Duration) -> bool {
    now.saturating_sub(at) < WINDOW
}

/// False if the view shows that this person's code cannot matter, which saves the hashing.
pub(crate) fn needs_start_code(order: Option<&Order>, user: UserId) -> bool {
    order.is_some_and(|order| {
        let may_be_theirs = order.provider_id.is_none_or(|provider| provider == user);
        order.start_code.is_some() && may_be_theirs
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::id;

    const NOW: Duration = Duration::from_secs(5);

    fn key(order: u128, user: u128) -> TryKey {
        (OrderId(id(order)), UserId(id(user)))
    }

    #[test]
    fn a_sixth_wrong_code_waits_for_the_first_to_be_a_quarter_of_an_hour_old() {
        let guard = StartCodeGuard::new();
        for _ in 0..WRONG_TRIES_MAX {
            assert!(guard.count_try(key(1, 20), NOW));
            guard.end_try(OrderId(id(1)), UserId(id(20)), true);
        }
        assert!(!guard.count_try(key(1, 20), NOW + WINDOW / 2));
        assert!(guard.count_try(key(2, 20), NOW), "another order");
        assert!(guard.count_try(key(1, 21), NOW), "another person");
        assert!(guard.count_try(key(1, 20), NOW + WINDOW));
    }

    #[test]
    fn a_right_code_does_not_count_and_one_under_way_does() {
        let guard = StartCodeGuard::new();
        for _ in 0..2 * WRONG_TRIES_MAX {
            assert!(guard.count_try(key(1, 20), NOW));
            guard.end_try(OrderId(id(1)), UserId(id(20)), false);
        }
        for _ in 0..WRONG_TRIES_MAX {
            assert!(guard.count_try(key(1, 20), NOW));
        }
        assert!(!guard.count_try(key(1, 20), NOW));
    }

    #[test]
    fn the_remembered_pairs_have_a_bound() {
        let guard = StartCodeGuard::new();
        for n in 0..PAIRS_MAX {
            assert!(guard.count_try(key(n as u128, 20), NOW));
        }
        assert!(!guard.count_try(key(90_000, 20), NOW));
        assert!(guard.count_try(key(7, 20), NOW), "a known pair goes on");
        assert!(guard.count_try(key(90_000, 20), NOW + WINDOW));
    }
}
