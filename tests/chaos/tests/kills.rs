//! `kill -9` under load, on real stores and on the embedded process. The gate is closed, orders are
//! published through the edge, and their receipts counted. A process is killed at a random moment
//! and restarted, and the gate opens: the commands with receipts are exactly those applied, each
//! once.

use std::time::Duration;

use chaos::{Storm, any_below};
use process::parts::CloudPart;
use stack::{Layout, Part, Server, Stack, Stores, Wishes};
use support::{Api, Draws, is_deep_run};
use wire::Region;

const COMMANDS: u32 = 120;
const REGION: Region = Region::North;
const HEALTHY_WITHIN: Duration = Duration::from_secs(60);

/// Kills per process. The rounds kill far more often.
fn kills() -> u32 {
    if is_deep_run() { 3 } else { 1 }
}

/// Decides ops, or carries what was decided.
const DECIDERS: [Part; 4] = [
    Part::Alone(CloudPart::Hub),
    Part::Alone(CloudPart::Order),
    Part::Alone(CloudPart::Notification),
    Part::Server(Server::RabbitMq),
];

/// A deep run kills each of them, another run one.
fn killed_deciders() -> Vec<Part> {
    if is_deep_run() {
        return DECIDERS.to_vec();
    }
    vec![Draws::of(Draws::seed()).of_these(&DECIDERS)]
}

async fn platform(stores: Stores) -> (Stack, Api) {
    let layout = Layout::temporary(stores).unwrap().with_one_edge();
    let stack = Stack::start(layout, &Wishes::of_few_people())
        .await
        .unwrap();
    let api = Api::new(stack.layout().gateway_url());
    (stack, api)
}

/// Kills the edge while it takes commands behind a closed gate. It must still hold every command
/// with a receipt.
async fn kill_the_edge(stack: &Stack, api: &Api, round: u32) {
    let storm = Storm::in_region(stack, api, REGION).await;
    stack.cut(REGION).await.unwrap();
    let moment = 1 + any_below(COMMANDS - 2);
    println!("round {round}: the edge dies after {moment} of {COMMANDS} receipts");
    let (receipted, ()) = tokio::join!(storm.publish(COMMANDS as usize), async {
        storm.receipts(moment as usize).await;
        stack.kill9(Part::Edge(REGION)).await.unwrap();
        stack.restart(Part::Edge(REGION)).await.unwrap();
    });
    stack.heal(REGION).await.unwrap();
    storm.check(&receipted).await;
    stack.healthy(HEALTHY_WITHIN).await.unwrap();
}

/// Kills a part of the cloud while it decides the ops of a healed link.
async fn kill_while_it_decides(stack: &Stack, api: &Api, part: Part, round: u32) {
    let storm = Storm::in_region(stack, api, REGION).await;
    stack.cut(REGION).await.unwrap();
    let receipted = storm.publish(COMMANDS as usize).await;
    let moment = Duration::from_millis(u64::from(any_below(400)));
    println!("round {round}: {part} dies {moment:?} after the gate opens");
    let (healed, ()) = tokio::join!(stack.heal(REGION), async {
        tokio::time::sleep(moment).await;
        stack.kill9(part).await.unwrap();
        stack.restart(part).await.unwrap();
    });
    healed.unwrap();
    storm.check(&receipted).await;
    stack.healthy(HEALTHY_WITHIN).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_is_applied_once_whatever_is_killed_on_real_stores() {
    let (stack, api) = platform(Stores::Real).await;
    for round in 1..=kills() {
        kill_the_edge(&stack, &api, round).await;
        for part in killed_deciders() {
            kill_while_it_decides(&stack, &api, part, round).await;
        }
    }
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_is_applied_once_whatever_is_killed_on_embedded_stores() {
    let (stack, api) = platform(Stores::Embedded).await;
    for round in 1..=kills() {
        kill_the_edge(&stack, &api, round).await;
        kill_while_it_decides(&stack, &api, Part::Cloud, round).await;
    }
    stack.stop().await.unwrap();
}
