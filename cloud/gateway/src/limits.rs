//! How often anyone may ask: each person for each endpoint, each address for what it asks before anybody is
//! known, and each edge for its link.
//!
//! Invariants: a count is over a minute of the clock, so it is known when asking again helps; an edge and a
//! person are counted only once their tokens are proven, so nobody uses up what is another's.

use std::{fmt, num::NonZeroU32};

use platform::{
    ClientAddress,
    cache::{MINUTE, WindowCount, WindowCounts},
};
use process::{metrics, problem::Problem};
use wire::{Code, EdgeId, UserId};

use crate::{Config, routes::Route, say};

#[derive(Clone)]
pub struct RateLimits {
    counts: WindowCounts,
    per_user: NonZeroU32,
    per_address: NonZeroU32,
    per_edge: NonZeroU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    User(UserId),
    /// Everyone behind that address.
    Address(ClientAddress),
    Edge(&'a EdgeId),
}

impl RateLimits {
    pub fn new(counts: WindowCounts, config: &Config) -> Self {
        Self {
            counts,
            per_user: config.per_user_per_minute,
            per_address: config.per_address_per_minute,
            per_edge: config.per_edge_per_minute,
        }
    }

    /// Counts one more request, and refuses it where it is one too many.
    pub async fn count(&self, asker: Asker<'_>, route: &Route) -> Result<(), Problem> {
        let counted = self.counts.add(&key(asker, route), MINUTE).await;
        self.judge(asker, counted.count, counted)
    }

    /// Refuses a request that would be one too many, and counts nothing.
    pub async fn look(&self, asker: Asker<'_>, route: &Route) -> Result<(), Problem> {
        let counted = self.counts.look(&key(asker, route), MINUTE).await;
        self.judge(asker, counted.count.saturating_add(1), counted)
    }

    fn judge(&self, asker: Asker<'_>, count: i64, window: WindowCount) -> Result<(), Problem> {
        let (most, by) = match asker {
            Asker::User(_) => (self.per_user, "user"),
            Asker::Address(_) => (self.per_address, "address"),
            Asker::Edge(_) => (self.per_edge, "edge"),
        };
        if count <= i64::from(most.get()) {
            return Ok(());
        }
        metrics::RATE_LIMITED.add([by], 1);
        let seconds = window.seconds_left();
        let why = say::at_most_a_minute { most: most.into(), seconds: seconds.into() };
        Err(Problem::new(Code::RateLimited).detail(why).retry_after(seconds))
    }
}

fn key(asker: Asker<'_>, route: &Route) -> String {
    format!("rate_limit:{asker}:{} {}", route.method, route.path)
}

impl fmt::Display for Asker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Edge(edge) => write!(f, "edge {edge}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::cache::{Cache, Memory};
    use process::clock::Clock;
    use uuid::Uuid;
    use wire::UnixMillis;

    use super::*;
    use crate::routes::ROUTES;

    const USER: Asker<'_> = Asker::User(UserId(Uuid::from_u128(7)));

    /// Twenty seconds into a minute: three a minute for a person, five for an address, four for an edge.
    fn limits(cache: impl FnOnce(&Clock) -> Cache) -> (RateLimits, Clock) {
        let clock = Clock::fixed(UnixMillis(1_764_000_020_000));
        let limit = |n| NonZeroU32::new(n).unwrap();
        let config = Config {
            per_user_per_minute: limit(3),
            per_address_per_minute: limit(5),
            per_edge_per_minute: limit(4),
            ..Config::default()
        };
        (RateLimits::new(WindowCounts::new(cache(&clock), clock.clone()), &config), clock)
    }

    fn memory(clock: &Clock) -> Cache {
        Cache::Memory(Memory::new(clock.clone(), 100))
    }

    async fn allowed(limits: &RateLimits, asker: Asker<'_>, route: &Route) -> usize {
        let mut allowed = 0;
        while allowed < 10 && limits.count(asker, route).await.is_ok() {
            allowed += 1;
        }
        allowed
    }

    #[tokio::test]
    async fn each_asker_has_so_many_of_each_endpoint_a_minute() {
        let (limits, clock) = limits(memory);
        let other = Asker::User(UserId(Uuid::from_u128(8)));
        let address = |text: &str| Asker::Address(ClientAddress::of(Some(text.parse().unwrap())));
        let edge = EdgeId::new("north-1").unwrap();
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
            (Asker::Address(ClientAddress::UNKNOWN), 0, 5),
            (Asker::Edge(&edge), 0, 4),
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
        let (limits, _) = limits(memory);
        allowed(&limits, USER, &ROUTES[0]).await;
        let problem = limits.count(USER, &ROUTES[0]).await.unwrap_err();
        assert_eq!(problem.code(), Code::RateLimited);
        let body = problem.body(wire::Language::English, None);
        assert_eq!(body.detail.as_deref(), Some("At most 3 a minute. Try again in 40 s."));
    }

    #[tokio::test]
    async fn a_look_counts_nothing() {
        let (limits, _) = limits(memory);
        for _ in 0..9 {
            assert!(limits.look(USER, &ROUTES[0]).await.is_ok());
        }
        assert_eq!(allowed(&limits, USER, &ROUTES[0]).await, 3);
        assert!(limits.look(USER, &ROUTES[0]).await.is_err());
    }

    #[tokio::test]
    async fn without_the_cache_each_gateway_counts_for_itself() {
        // Nothing listens there.
        let away = |_: &Clock| Cache::open("redis://127.0.0.1:1").unwrap();
        let (one, _) = limits(away);
        let (other, _) = limits(away);
        for gateway in [&one, &other] {
            assert_eq!(allowed(gateway, USER, &ROUTES[0]).await, 3);
        }
    }
}
