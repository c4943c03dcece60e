//! Rate limits: per person and endpoint, per person in total, per address for anonymous callers,
//! and per edge link. Each response carries its limits and the remaining quota.
//!
//! Invariants: a count's minute begins with its first request, so the retry time is exact; people
//! and edges count only after their token is verified, so no caller can use up another's quota.

use std::{fmt, num::NonZeroU32};

use http::{HeaderMap, HeaderName, HeaderValue};
use platform::{
    ClientAddress,
    cache::{MINUTE, WindowCount, WindowCounter},
};
use process::{metrics, problem::Problem};
use wire::{Code, EdgeId, UserId};

use crate::{config::Config, routes::Route, say};

#[derive(Clone)]
pub(crate) struct RateLimits {
    counter: WindowCounter,
    per_user: NonZeroU32,
    per_person: NonZeroU32,
    per_address: NonZeroU32,
    per_edge: NonZeroU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateLimitSubject<'a> {
    User(UserId),
    /// All callers behind the address.
    Address(ClientAddress),
    Edge(&'a EdgeId),
}

impl RateLimits {
    pub(crate) fn new(counter: WindowCounter, config: &Config) -> Self {
        Self {
            counter,
            per_user: config.per_user_per_minute,
            per_person: config.per_person_per_minute,
            per_address: config.per_address_per_minute,
            per_edge: config.per_edge_per_minute,
        }
    }

    /// Counts a request. One over its endpoint limit does not count towards the person's total: a
    /// page that floods one endpoint keeps the others.
    pub(crate) async fn count_request(
        &self,
        subject: RateLimitSubject<'_>,
        route: &Route,
    ) -> RateLimitStatus {
        let counted = self
            .counter
            .add(&endpoint_key(subject, route), MINUTE)
            .await;
        let endpoint = self.usage_for(subject, counted);
        let RateLimitSubject::User(user) = subject else {
            return RateLimitStatus([Some(endpoint), None]);
        };
        let key = person_key(user);
        let counted = match endpoint.is_exceeded() {
            true => self.counter.read_count(&key, MINUTE).await,
            false => self.counter.add(&key, MINUTE).await,
        };
        let person = RateLimitUsage::new(PERSON, self.per_person, counted);
        RateLimitStatus([Some(endpoint), Some(person)])
    }

    /// The status after one more request, without counting it.
    pub(crate) async fn peek_status(
        &self,
        subject: RateLimitSubject<'_>,
        route: &Route,
    ) -> RateLimitStatus {
        let counted = self
            .counter
            .read_count(&endpoint_key(subject, route), MINUTE)
            .await;
        let counted = WindowCount {
            count: counted.count.saturating_add(1),
            ..counted
        };
        RateLimitStatus([Some(self.usage_for(subject, counted)), None])
    }

    fn usage_for(&self, subject: RateLimitSubject<'_>, counted: WindowCount) -> RateLimitUsage {
        match subject {
            RateLimitSubject::User(_) => RateLimitUsage::new("endpoint", self.per_user, counted),
            RateLimitSubject::Address(_) => {
                RateLimitUsage::new("address", self.per_address, counted)
            }
            RateLimitSubject::Edge(_) => RateLimitUsage::new("edge", self.per_edge, counted),
        }
    }
}

/// One limit and its use in the current minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimitUsage {
    name: &'static str,
    most: u32,
    counted: WindowCount,
}

/// The limits that a request counted against; empty if none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RateLimitStatus([Option<RateLimitUsage>; 2]);

/// Lists of named limits in structured fields, per draft-ietf-httpapi-ratelimit-headers.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

impl RateLimitStatus {
    /// The 429 response, if a limit is exceeded.
    pub(crate) fn refuse_if_exceeded(&self) -> Option<Problem> {
        let exceeded = self.iter_usage().find(|quota| quota.is_exceeded())?;
        metrics::RATE_LIMITED.add([exceeded.name], 1);
        let most = exceeded.most;
        let seconds = exceeded.counted.seconds_left();
        let problem = Problem::new(Code::RateLimited).retry_after(seconds);
        Some(match exceeded.name {
            PERSON => problem.with_detail(say::at_most_a_minute_in_all {
                most: most.into(),
                seconds: seconds.into(),
            }),
            _ => problem.with_detail(say::at_most_a_minute {
                most: most.into(),
                seconds: seconds.into(),
            }),
        })
    }

    /// Sets the headers: each limit, its remaining quota, and the seconds until it resets.
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        let policy = self.iter_usage().map(|RateLimitUsage { name, most, .. }| {
            format!("\"{name}\";q={most};w={}", MINUTE.as_secs())
        });
        let left = self.iter_usage().map(|quota| {
            let RateLimitUsage { name, counted, .. } = quota;
            format!(
                "\"{name}\";r={};t={}",
                quota.remaining_requests(),
                counted.seconds_left()
            )
        });
        let policy = Vec::from_iter(policy);
        let left = Vec::from_iter(left);
        for (header, items) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::from_str(&items.join(", "))
                && !items.is_empty()
            {
                headers.insert(header, value);
            }
        }
    }

    fn iter_usage(&self) -> impl Iterator<Item = &RateLimitUsage> {
        self.0.iter().flatten()
    }
}

impl RateLimitUsage {
    fn new(name: &'static str, most: NonZeroU32, counted: WindowCount) -> Self {
        Self {
            name,
            most: most.get(),
            counted,
        }
    }

    fn is_exceeded(&self) -> bool {
        self.counted.count > i64::from(self.most)
    }

    fn remaining_requests(&self) -> i64 {
        i64::from(self.most)
            .saturating_sub(self.counted.count)
            .max(0)
    }
}

/// A person's limit over all endpoints.
const PERSON: &str = "person";

fn endpoint_key(subject: RateLimitSubject<'_>, route: &Route) -> String {
    format!("rate_limit:{subject}:{} {}", route.method, route.path)
}

fn person_key(user: UserId) -> String {
    format!("rate_limit:{user}")
}

impl fmt::Display for RateLimitSubject<'_> {
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
    use std::sync::LazyLock;

    use platform::cache::{Cache, MemoryCache};
    use process::clock::Clock;
    use uuid::Uuid;
    use wire::UnixMillis;

    use super::*;
    use crate::routes::platform_routes;

    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(platform_routes);

    const USER: RateLimitSubject<'_> = RateLimitSubject::User(UserId(Uuid::from_u128(7)));

    /// Per minute: three per person, five per address, four per edge.
    fn limits(cache: impl FnOnce(&Clock) -> Cache) -> (RateLimits, Clock) {
        let clock = Clock::fixed_at(UnixMillis(1_764_000_020_000));
        let limit = |n| NonZeroU32::new(n).unwrap();
        let config = Config {
            per_user_per_minute: limit(3),
            per_person_per_minute: limit(10),
            per_address_per_minute: limit(5),
            per_edge_per_minute: limit(4),
            ..Config::default()
        };
        (
            RateLimits::new(WindowCounter::new(cache(&clock), clock.clone()), &config),
            clock,
        )
    }

    fn memory(clock: &Clock) -> Cache {
        Cache::Memory(MemoryCache::new(clock.clone(), 100))
    }

    async fn allowed(limits: &RateLimits, subject: RateLimitSubject<'_>, route: &Route) -> usize {
        let mut allowed = 0;
        while allowed < 10
            && limits
                .count_request(subject, route)
                .await
                .refuse_if_exceeded()
                .is_none()
        {
            allowed += 1;
        }
        allowed
    }

    #[tokio::test]
    async fn each_asker_has_so_many_of_each_endpoint_a_minute() {
        let (limits, clock) = limits(memory);
        let other = RateLimitSubject::User(UserId(Uuid::from_u128(8)));
        let address = |text: &str| {
            RateLimitSubject::Address(ClientAddress::from_ip(Some(text.parse().unwrap())))
        };
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
            (RateLimitSubject::Address(ClientAddress::UNKNOWN), 0, 5),
            (RateLimitSubject::Edge(&edge), 0, 4),
        ] {
            assert_eq!(
                allowed(&limits, asker, &ROUTES[route]).await,
                expected,
                "{asker}, {route}"
            );
        }
        clock.advance(59_000);
        assert_eq!(allowed(&limits, USER, &ROUTES[0]).await, 0);
        clock.advance(1_000);
        assert_eq!(
            allowed(&limits, USER, &ROUTES[0]).await,
            3,
            "another minute"
        );
    }

    #[tokio::test]
    async fn whoever_is_refused_hears_when_it_helps_to_ask_again() {
        let (limits, _) = limits(memory);
        allowed(&limits, USER, &ROUTES[0]).await;
        let problem = limits
            .count_request(USER, &ROUTES[0])
            .await
            .refuse_if_exceeded()
            .unwrap();
        assert_eq!(problem.code(), Code::RateLimited);
        let body = problem.to_body(wire::Language::English, None);
        assert_eq!(
            body.detail.as_deref(),
            Some("At most 3 a minute. Try again in 60 s.")
        );
    }

    #[tokio::test]
    async fn a_look_counts_nothing() {
        let (limits, _) = limits(memory);
        for _ in 0..9 {
            assert!(
                limits
                    .peek_status(USER, &ROUTES[0])
                    .await
                    .refuse_if_exceeded()
                    .is_none()
            );
        }
        assert_eq!(allowed(&limits, USER, &ROUTES[0]).await, 3);
        assert!(
            limits
                .peek_status(USER, &ROUTES[0])
                .await
                .refuse_if_exceeded()
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_person_has_so_many_of_all_endpoints_at_all_gateways_together() {
        let (_, clock) = limits(memory);
        let shared = memory(&clock);
        let (one, _) = limits(|_| shared.clone());
        let (other, _) = limits(|_| shared.clone());
        for (gateway, route, expected) in [
            (&one, 0, 3),
            (&other, 0, 0),
            (&other, 1, 3),
            (&one, 2, 3),
            (&one, 3, 1),
            (&other, 4, 0),
        ] {
            assert_eq!(
                allowed(gateway, USER, &ROUTES[route]).await,
                expected,
                "{route}"
            );
        }
        let problem = other
            .count_request(USER, &ROUTES[5])
            .await
            .refuse_if_exceeded()
            .unwrap();
        let body = problem.to_body(wire::Language::English, None);
        let told = "At most 10 requests a minute in all. Try again in 60 s.";
        assert_eq!(body.detail.as_deref(), Some(told));
        let friend = RateLimitSubject::User(UserId(Uuid::from_u128(8)));
        assert_eq!(allowed(&one, friend, &ROUTES[4]).await, 3, "another person");
    }

    #[tokio::test]
    async fn an_answer_tells_each_limit_and_its_rest() {
        let (limits, _) = limits(memory);
        let mut headers = HeaderMap::new();
        RateLimitStatus::default().write_headers(&mut headers);
        assert!(headers.is_empty(), "nothing was counted");
        for (route, policy, left) in [
            (0, POLICY, "\"endpoint\";r=2;t=60, \"person\";r=9;t=60"),
            (1, POLICY, "\"endpoint\";r=2;t=60, \"person\";r=8;t=60"),
            (1, POLICY, "\"endpoint\";r=1;t=60, \"person\";r=7;t=60"),
            (1, POLICY, "\"endpoint\";r=0;t=60, \"person\";r=6;t=60"),
            (1, POLICY, "\"endpoint\";r=0;t=60, \"person\";r=6;t=60"),
        ] {
            limits
                .count_request(USER, &ROUTES[route])
                .await
                .write_headers(&mut headers);
            assert_eq!(
                [&headers[RATE_LIMIT_POLICY], &headers[RATE_LIMIT]],
                [policy, left]
            );
        }
        limits
            .count_request(
                RateLimitSubject::Address(ClientAddress::UNKNOWN),
                &ROUTES[0],
            )
            .await
            .write_headers(&mut headers);
        assert_eq!(headers[RATE_LIMIT], "\"address\";r=4;t=60");
    }

    const POLICY: &str = "\"endpoint\";q=3;w=60, \"person\";q=10;w=60";

    #[tokio::test]
    async fn without_the_cache_each_gateway_counts_for_itself() {
        // No server listens there.
        let away = |_: &Clock| Cache::open("redis://127.0.0.1:1").unwrap();
        let (one, _) = limits(away);
        let (other, _) = limits(away);
        for gateway in [&one, &other] {
            assert_eq!(allowed(gateway, USER, &ROUTES[0]).await, 3);
        }
    }
}
