//! A person's total limit over several gateways, during a Redis outage and after it.

use std::{num::NonZeroU32, time::Duration};

use axum::http::{Method, StatusCode, header};
use gateway::Config;
use process::clock::Clock;
use support::{Proxy, Wire, eventually, servers};
use wire::{Actor, Role, UserId};

use crate::common::Gate;

const LIMIT: Duration = Duration::from_secs(30);
const MOST: usize = 4;
const PATHS: [&str; 3] = [
    "/api/v1/orders",
    "/api/v1/orders/7",
    "/api/v1/notifications",
];

/// A new person with a token for each gateway.
fn somebody<'a>(gates: &[&'a Gate]) -> Vec<(&'a Gate, String)> {
    let user_id = UserId(Clock::system().new_id());
    let known = |gate: &&'a Gate| {
        gate.auth.set(|auth| auth.user = Some(user_id));
        let actor = Actor {
            user_id,
            role: Role::Customer,
        };
        (
            *gate,
            gate.signer
                .sign_claims(&support::claims(actor, gate.clock.now())),
        )
    };
    gates.iter().map(known).collect()
}

/// The number of requests before the first refusal, over the gateways in turn.
async fn answered(gates: &[(&Gate, String)]) -> usize {
    for at in 0..=2 * MOST {
        let (gate, token) = &gates[at % gates.len()];
        let answer = gate
            .ask(&Method::GET, PATHS[at % PATHS.len()], Some(token))
            .await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.code(), "rate_limited");
            assert!(answer.headers.contains_key(header::RETRY_AFTER));
            let left = answer.headers["ratelimit"].to_str().unwrap();
            assert!(left.contains("\"person\";r=0;t="), "{left}");
            return at;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn gateways_count_together_each_alone_without_redis_and_together_once_it_is_back() {
    let server = servers()
        .redis
        .trim_start_matches("redis://")
        .trim_end_matches('/');
    let proxy = Proxy::to(server).await.unwrap();
    let cache = format!("redis://{}", proxy.address());
    let config = Config {
        per_person_per_minute: NonZeroU32::new(u32::try_from(MOST).unwrap()).unwrap(),
        ..Config::default()
    };
    let one = Gate::with(config.clone(), &cache, |peers| peers).await;
    let other = Gate::with(config, &cache, |peers| peers).await;
    let both = [&one, &other];
    assert_eq!(answered(&somebody(&both)).await, MOST, "over both gateways");

    proxy.set(Wire::Cut);
    for gate in somebody(&both) {
        assert_eq!(answered(&[gate]).await, MOST, "by each gateway alone");
    }

    proxy.set(Wire::Passes);
    for gate in both {
        let is_back = async || gate.cache.ping().await.ok();
        eventually("the cache is back", LIMIT, is_back).await;
    }
    assert_eq!(
        answered(&somebody(&both)).await,
        MOST,
        "over both gateways again"
    );
}
