//! How often anyone may ask: each person for each endpoint, and each address for what it asks before
//! anybody is known.
//!
//! Invariants: a count is over a minute of the clock, so it is known when asking again helps; without the
//! cache each gateway counts for itself, and nobody is refused for the cache's sake.

use std::{fmt, net::IpAddr, num::NonZeroU32, time::Duration};

use platform::cache::{Cache, Memory};
use process::{clock::Clock, metrics, problem::Problem};
use wire::{Code, UserId};

use crate::{routes::Route, say};

const WINDOW_MS: i64 = 60_000;
/// Past this the own count is as good: a limit must not slow down the route it guards.
const CACHE_LIMIT: Duration = Duration::from_millis(250);
/// Askers of one gateway in one minute; beyond this the count that ends soonest is forgotten.
const OWN_MAX: usize = 50_000;

#[derive(Clone)]
pub struct RateLimits {
    /// Shared by every gateway.
    cache: Cache,
    /// This gateway's own.
    own: Cache,
    clock: Clock,
    per_user: NonZeroU32,
    per_address: NonZeroU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    User(UserId),
    /// Everyone behind that address; all without a known address are one.
    Address(Option<IpAddr>),
}

impl RateLimits {
    pub fn new(cache: Cache, clock: Clock, per_user: NonZeroU32, per_address: NonZeroU32) -> Self {
        let own = Cache::Memory(Memory::new(clock.clone(), OWN_MAX));
        Self { cache, own, clock, per_user, per_address }
    }

    /// Counts one more request, and refuses it where it is one too many.
    pub async fn count(&self, asker: Asker, route: &Route) -> Result<(), Problem> {
        let (most, by) = match asker {
            Asker::User(_) => (self.per_user, "user"),
            Asker::Address(_) => (self.per_address, "address"),
        };
        let left_ms = WINDOW_MS - self.clock.now().0.rem_euclid(WINDOW_MS);
        let left = Duration::from_millis(left_ms.unsigned_abs());
        let key = format!("rate_limit:{asker}:{} {}", route.method, route.path);
        if self.counted(&key, left).await <= i64::from(most.get()) {
            return Ok(());
        }
        metrics::RATE_LIMITED.add([by], 1);
        Err(too_often(most, left))
    }

    async fn counted(&self, key: &str, left: Duration) -> i64 {
        match tokio::time::timeout(CACHE_LIMIT, self.cache.increment(key, left)).await {
            Ok(Ok(count)) => count,
            // A cache of this process does not fail, so this is the count of this gateway alone.
            Ok(Err(_)) | Err(_) => self.own.increment(key, left).await.unwrap_or_default(),
        }
    }
}

fn too_often(most: NonZeroU32, left: Duration) -> Problem {
    let seconds = left.as_millis().div_ceil(1_000);
    let why = say::at_most_a_minute { most: most.into(), seconds: seconds.into() };
    let problem = Problem::new(Code::RateLimited).detail(why);
    problem.retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Address(None) => f.write_str("unknown"),
            Self::Address(Some(address)) => of_one_line(*address).fmt(f),
        }
    }
}

/// The owner of one IPv6 address mostly has a whole /64 of them.
fn of_one_line(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            std::net::Ipv6Addr::from(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::UnixMillis;

    use super::*;
    use crate::routes::ROUTES;

    const USER: Asker = Asker::User(UserId(Uuid::from_u128(7)));

    /// Three a minute for a person, five for an address, twenty seconds into a minute.
    fn limits(cache: Cache) -> (RateLimits, Clock) {
        let clock = Clock::fixed(UnixMillis(1_764_000_020_000));
        let [three, five] = [3, 5].map(|n| NonZeroU32::new(n).unwrap());
        (RateLimits::new(cache, clock.clone(), three, five), clock)
    }

    fn memory(clock: &Clock) -> Cache {
        Cache::Memory(Memory::new(clock.clone(), 100))
    }

    async fn allowed(limits: &RateLimits, asker: Asker, route: &Route) -> usize {
        let mut allowed = 0;
        while allowed < 10 && limits.count(asker, route).await.is_ok() {
            allowed += 1;
        }
        allowed
    }

    #[tokio::test]
    async fn each_asker_has_so_many_of_each_endpoint_a_minute() {
        let (mut limits, clock) = limits(Cache::open("memory:").unwrap());
        limits.cache = memory(&clock);
        let other = Asker::User(UserId(Uuid::from_u128(8)));
        let address = |text: &str| Asker::Address(Some(text.parse().unwrap()));
        for (asker, route, expected) in [
            (USER, 0, 3),
            (USER, 0, 0),
            (USER, 1, 3),
            (other, 0, 3),
            (address("10.0.0.1"), 0, 5),
            (address("10.0.0.2"), 0, 5),
            (address("::ffff:10.0.0.2"), 0, 0),
            (address("2001:db8::1"), 0, 5),
            (address("2001:db8::2:1"), 0, 0),
            (address("2001:db8:0:1::1"), 0, 5),
            (Asker::Address(None), 0, 5),
        ] {
            assert_eq!(allowed(&limits, asker, &ROUTES[route]).await, expected, "{asker}, {route}");
        }
        clock.advance(39_000);
        assert_eq!(allowed(&limits, USER, &ROUTES[0]).await, 0);
        clock.advance(1_000);
        assert_eq!(allowed(&limits, USER, &ROUTES[0]).await, 3, "another minute");
    }

    #[tokio::test]
    async fn whoever_is_refused_hears_when_it_helps_to_ask_again() {
        let (limits, _) = limits(Cache::open("memory:").unwrap());
        allowed(&limits, USER, &ROUTES[0]).await;
        let problem = limits.count(USER, &ROUTES[0]).await.unwrap_err();
        assert_eq!(problem.code(), Code::RateLimited);
        let body = problem.body(wire::Language::English, None);
        assert_eq!(body.detail.as_deref(), Some("At most 3 a minute. Try again in 40 s."));
    }

    #[tokio::test]
    async fn without_the_cache_each_gateway_counts_for_itself() {
        // Nothing listens there.
        let away = || Cache::open("redis://127.0.0.1:1").unwrap();
        let (one, _) = limits(away());
        let (other, _) = limits(away());
        for gateway in [&one, &other] {
            assert_eq!(allowed(gateway, USER, &ROUTES[0]).await, 3);
        }
    }
}
