//! The order service and the database are stopped while received ops wait for a decision, for long enough
//! to be tried often: they wait, none of them looks bad, and all are decided when both are back.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chaos::{Storm, any_below};
use stack::{Data, Layout, Part, PortChoice, Server, Stack, Stores, Wishes};
use support::{Api, Place, eventually};
use wire::{EdgeId, LinkState, Region};

const REGION: Region = Region::East;
const COMMANDS: usize = 60;
const LIMIT: Duration = Duration::from_secs(120);
/// The hub tries at least every five seconds, so that an op is tried far more often than it takes to put
/// one that fails alone before an operator.
const AWAY: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_makes_no_op_look_bad() {
    let layout = Layout::decide(Stores::Real, &Data::ThrownAway, PortChoice::Free).unwrap();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let edge = stack.layout().edge(REGION);
    let name = EdgeId::new(&edge.edge).unwrap();
    let place = Place { region: REGION, edge: name, host: "127.0.0.1".into(), port: edge.mqtt };
    let storm = Storm::at(&api, place).await;

    // The hub has received them, and their owner is gone for many trials.
    stack.terminate(Part::Order).await.unwrap();
    let mut receipted = storm.publish(COMMANDS).await;
    eventually("the hub has received them", LIMIT, async || {
        let report = stack.status().await.ok()?;
        let region = report.regions.into_iter().find(|region| region.region == REGION)?;
        let edge = region.edges.first()?;
        (edge.undecided >= COMMANDS as u64 && edge.parked > 0).then_some(())
    })
    .await;
    tokio::time::sleep(AWAY).await;
    // Then what all of them stand on, while they wait and once more while they are decided.
    let database = Part::Server(Server::MariaDb);
    stack.kill9(database).await.unwrap();
    tokio::time::sleep(AWAY).await;
    stack.restart(database).await.unwrap();
    stack.restart(Part::Order).await.unwrap();
    let moment = Duration::from_millis(u64::from(any_below(1_000)));
    println!("the database dies again {moment:?} after the order service is back");
    tokio::time::sleep(moment).await;
    stack.kill9(database).await.unwrap();
    receipted.extend(storm.publish(COMMANDS).await);
    tokio::time::sleep(AWAY).await;
    stack.restart(database).await.unwrap();

    storm.check(&receipted).await;
    stack.healthy(LIMIT).await.unwrap();
    for region in stack.status().await.unwrap().regions {
        for edge in region.edges {
            assert_eq!((edge.held, edge.link), (0, LinkState::Up), "{}", edge.edge);
        }
    }
    stack.stop().await.unwrap();
}
