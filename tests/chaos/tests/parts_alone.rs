//! Each part is started, stopped and started again by itself while a server that it needs is away, in an
//! order drawn by seed. `/health/ready` tells the truth at each moment, and everything comes up by itself.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use chaos::Draws;
use http::Method;
use process::{
    client::Client,
    parts::{CloudPart, StoreKind},
};
use serde_json::Value;
use stack::{Layout, Part, Server, Stack, Stores, Wishes};
use support::Api;
use wire::{OrderStatus, Region, Role};

const SERVERS: [Server; 4] = [Server::MariaDb, Server::MongoDb, Server::RabbitMq, Server::Redis];
const SOON: Duration = Duration::from_secs(60);
const ONE_ANSWER: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn parts_wait_for_their_servers_tell_so_and_come_up_by_themselves() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let scene = Scene {
        stack: Stack::start(layout, &Wishes::default()).await.unwrap(),
        client: Client::new(),
    };
    let seed = Draws::seed();
    println!("HOLDFAST_CHAOS_SEED={seed}");
    let mut draws = Draws::of(seed);
    for server in shuffled(&SERVERS, &mut draws) {
        let needy: Vec<_> =
            parts().filter(|part| missing(*part, server, false).is_some()).collect();
        let restarted = match server {
            // Everything goes on without it, also a part that starts without it.
            Server::Redis => CloudPart::Auth,
            _ => draws.of_these(&needy),
        };
        println!("{restarted} starts while {server:?} is away");
        scene.stack.kill9(Part::Server(server)).await.unwrap();
        scene.stack.kill9(Part::Alone(restarted)).await.unwrap();
        scene.stack.start_again(Part::Alone(restarted)).await.unwrap();
        scene.every_part_tells(|part| missing(part, server, part == restarted)).await;
        scene.stack.restart(Part::Server(server)).await.unwrap();
        scene.every_part_tells(|_| None).await;
    }
    everything_at_once(&scene, &mut draws).await;
    scene.stack.stop().await.unwrap();
}

/// The servers come last, as after a power cut.
async fn everything_at_once(scene: &Scene, draws: &mut Draws) {
    let mut all: Vec<_> = CloudPart::ALL.iter().map(|part| Part::Alone(*part)).collect();
    let servers = SERVERS.map(Part::Server);
    for part in all.iter().chain(&servers) {
        scene.stack.kill9(*part).await.unwrap();
    }
    all = shuffled(&all, draws);
    all.extend(shuffled(&servers, draws));
    for part in all {
        scene.stack.start_again(part).await.unwrap();
    }
    scene.every_part_tells(|_| None).await;
    scene.stack.healthy(SOON).await.unwrap();

    let api = Api::new(scene.stack.layout().gateway_url());
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let published = api.publish(&customer, Region::Mid, "After the power cut").await.unwrap();
    assert_eq!(published.status, OrderStatus::PendingReview);
}

struct Scene {
    stack: Stack,
    client: Client,
}

impl Scene {
    /// Waits until each part lives and names exactly the servers that it misses.
    async fn every_part_tells(&self, expected: impl Fn(CloudPart) -> Option<&'static str>) {
        let expected: BTreeMap<_, _> =
            parts().map(|part| (part.name(), expected(part).map(str::to_owned))).collect();
        let mut last = BTreeMap::new();
        let told = async {
            while last != expected {
                last.clear();
                for part in parts() {
                    last.insert(part.name(), self.told(part).await);
                }
            }
        };
        let in_time = tokio::time::timeout(SOON, told).await.is_ok();
        assert!(in_time, "expected {expected:?}, told {last:?}");
    }

    /// The first thing that a part misses, as the operator's listener says; `dead` where it does not answer.
    async fn told(&self, part: CloudPart) -> Option<String> {
        let port = self.stack.layout().operator(part).unwrap();
        let ask = async |path: &str| {
            let url = format!("http://127.0.0.1:{port}{path}");
            let request = process::client::json_request(Method::GET, &url, None, None::<&()>);
            let answer = self.client.request(request.unwrap()).await.ok()?;
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 64 * 1024).await.ok()?;
            Some((status, serde_json::from_slice::<Value>(&body).ok()?))
        };
        let asked = async {
            let (live, _) = ask("/health/live").await?;
            let (ready, report) = ask("/health/ready").await?;
            assert!(live.is_success(), "{part} does not live: {live}");
            assert_eq!(ready.is_success(), report["status"] == "ready", "{part}: {report}");
            Some(report["missing"][0]["name"].as_str().map(str::to_owned))
        };
        let answer = tokio::time::timeout(ONE_ANSWER, asked).await.ok().flatten();
        answer.unwrap_or_else(|| Some("dead".to_owned()))
    }
}

fn parts() -> impl Iterator<Item = CloudPart> {
    CloudPart::behind_the_gateway()
}

/// The thing that a part misses while `server` is away.
fn missing(part: CloudPart, server: Server, is_starting: bool) -> Option<&'static str> {
    let store = match (part.store(), server) {
        (StoreKind::Sql(_), Server::MariaDb) => Some("sql"),
        (StoreKind::Documents(_), Server::MongoDb) => Some("documents"),
        _ => None,
    };
    match (store, server) {
        // It cannot begin.
        (Some(_), _) if is_starting => Some("start"),
        (None, Server::RabbitMq) => Some("bus"),
        (store, _) => store,
    }
}

fn shuffled<T: Copy>(these: &[T], draws: &mut Draws) -> Vec<T> {
    let mut rest = these.to_vec();
    std::iter::from_fn(|| (!rest.is_empty()).then(|| rest.swap_remove(draws.below(rest.len()))))
        .collect()
}
