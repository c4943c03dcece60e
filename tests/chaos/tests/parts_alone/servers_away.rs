//! A part starts while a server that it needs is away.

use process::parts::{CloudPart, StoreKind};
use stack::{Part, Server};
use support::{Draws, is_deep_run};

use super::{
    scene::{Scene, Told},
    shuffled,
};

const SERVERS: [Server; 4] = [
    Server::MariaDb,
    Server::MongoDb,
    Server::RabbitMq,
    Server::Redis,
];

/// A deep run stops each server, another run one of them.
pub(super) async fn one_after_the_other(scene: &Scene, draws: &mut Draws) {
    let count = if is_deep_run() { SERVERS.len() } else { 1 };
    for server in shuffled(&SERVERS, draws).into_iter().take(count) {
        let needy: Vec<_> = CloudPart::behind_the_gateway()
            .filter(|part| missing(*part, server, false).is_some())
            .collect();
        let restarted = match server {
            // No part depends on Redis, not even at its start.
            Server::Redis => CloudPart::Auth,
            _ => draws.of_these(&needy),
        };
        println!("{restarted} starts while {server:?} is away");
        scene.stack.kill9(Part::Server(server)).await.unwrap();
        scene.stack.kill9(Part::Alone(restarted)).await.unwrap();
        scene
            .stack
            .start_again(Part::Alone(restarted))
            .await
            .unwrap();
        scene
            .every_part_tells(|part| Told::lack_of(missing(part, server, part == restarted)))
            .await;
        scene.stack.restart(Part::Server(server)).await.unwrap();
        scene.every_part_tells(|_| Told::READY).await;
    }
}

/// The servers come last, as after a power cut.
pub(super) async fn all_with_all_parts(scene: &Scene, draws: &mut Draws) {
    let mut all: Vec<_> = CloudPart::ALL
        .iter()
        .map(|part| Part::Alone(*part))
        .collect();
    let servers = SERVERS.map(Part::Server);
    for part in all.iter().chain(&servers) {
        scene.stack.kill9(*part).await.unwrap();
    }
    all = shuffled(&all, draws);
    all.extend(shuffled(&servers, draws));
    for part in all {
        scene.stack.start_again(part).await.unwrap();
    }
    for server in servers {
        scene.stack.ready(server).await.unwrap();
    }
    scene.every_part_tells(|_| Told::READY).await;
}

/// The dependency that a part misses while `server` is away. The gateway misses no live part.
fn missing(part: CloudPart, server: Server, is_starting: bool) -> Option<&'static str> {
    let store = match (part.store(), server) {
        (StoreKind::Sql(_), Server::MariaDb) => Some("sql"),
        (StoreKind::Documents(_), Server::MongoDb) => Some("documents"),
        _ => None,
    };
    match (store, server) {
        // The part cannot start.
        (Some(_), _) if is_starting => Some("start"),
        (None, Server::RabbitMq) if part != CloudPart::Gateway => Some("bus"),
        (store, _) => store,
    }
}
