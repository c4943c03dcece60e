//! Stops the order service, or its database, for a while, in a deep run for a whole minute, while
//! received ops wait for a decision. The hub tries them far more often than it takes to hold a
//! failing op for an operator; yet all wait, none is marked as bad, and all are decided after the
//! return.

use std::{fs, time::Duration};

use chaos::{Storm, any_below};
use platform::{sql::Sql, vals};
use process::{clock::Clock, parts::CloudPart};
use stack::{Layout, Part, Server, Signal, Stack, Stores, Wishes};
use support::{Api, eventually, is_deep_run};
use wire::{LinkState, Region};

const REGION: Region = Region::East;
const COMMANDS: usize = 60;
const DATABASE: Part = Part::Server(Server::MariaDb);
const LIMIT: Duration = Duration::from_secs(180);
/// An op is held for an operator after three failures caused by the op.
const TRIALS_MIN: usize = 6;

fn time_away() -> Duration {
    Duration::from_secs(if is_deep_run() { 60 } else { 10 })
}

/// The hub's log lines for an absent order service and for an absent database.
const NO_OWNER: &str = "Ops wait: could not reach the service that decides them";
const NO_STORE: &str = "A pass over the log of `east-1` failed";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_service_that_is_away_makes_no_op_look_bad() {
    let scene = Scene::set().await;
    scene
        .stack
        .terminate(Part::Alone(CloudPart::Order))
        .await
        .unwrap();
    let receipted = scene.storm.publish(COMMANDS).await;
    scene.received().await;
    scene
        .tries_while_away(NO_OWNER, async || scene.nothing_looks_bad().await)
        .await;
    let parked: u64 = scene.edges().await.map(|edge| edge.parked).sum();
    assert_eq!(parked, COMMANDS as u64, "they wait for their owner");
    scene
        .stack
        .restart(Part::Alone(CloudPart::Order))
        .await
        .unwrap();
    scene.everything_is_decided().await;
    scene.storm.check(&receipted).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_makes_no_op_look_bad() {
    let scene = Scene::set().await;
    // A frozen order service decides nothing, so the database dies while all ops wait; then the
    // order service continues without it.
    let order = scene.stack.child(Part::Alone(CloudPart::Order)).unwrap();
    order.signal(Signal::Freeze).unwrap();
    let mut receipted = scene.storm.publish(COMMANDS).await;
    scene.received().await;
    scene.stack.kill9(DATABASE).await.unwrap();
    order.signal(Signal::Continue).unwrap();
    scene.tries_while_away(NO_STORE, async || {}).await;

    // Kill the database again while ops are decided.
    scene.stack.restart(DATABASE).await.unwrap();
    let moment = Duration::from_millis(u64::from(any_below(1_000)));
    println!("the database dies again {moment:?} after it is back");
    tokio::time::sleep(moment).await;
    scene.stack.kill9(DATABASE).await.unwrap();
    receipted.extend(scene.storm.publish(COMMANDS).await);
    scene.stack.restart(DATABASE).await.unwrap();
    scene.everything_is_decided().await;
    scene.storm.check(&receipted).await;
    scene.end().await;
}

struct Scene {
    stack: Stack,
    storm: Storm,
    sync_db: Sql,
}

impl Scene {
    async fn set() -> Self {
        let layout = Layout::temporary(Stores::Real).unwrap();
        let stack = Stack::start(layout, &Wishes::of_few_people())
            .await
            .unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let storm = Storm::in_region(&stack, &api, REGION).await;
        let sync_db = stack.stores().unwrap().database_url(CloudPart::Hub);
        let sync_db = Sql::open(&sync_db).await.unwrap();
        Self {
            stack,
            storm,
            sync_db,
        }
    }

    /// Waits until the hub has received all of them, undecided.
    async fn received(&self) {
        eventually("the hub has received them", LIMIT, async || {
            let undecided = self.count("SELECT COUNT(*) FROM undecided").await?;
            (undecided >= COMMANDS as u64).then_some(())
        })
        .await;
    }

    /// Waits until the time away has passed and the hub has tried often enough.
    async fn tries_while_away(&self, word: &str, look: impl AsyncFn()) {
        let clock = Clock::system();
        let begun = clock.elapsed();
        let before = self.trials(word);
        let trials = eventually("enough trials", LIMIT, async || {
            look().await;
            let trials = self.trials(word) - before;
            let spent = clock.elapsed().saturating_sub(begun);
            (spent >= time_away() && trials >= TRIALS_MIN).then_some(trials)
        })
        .await;
        println!(
            "{trials} trials in {:?}: {word}",
            clock.elapsed().saturating_sub(begun)
        );
    }

    fn trials(&self, word: &str) -> usize {
        let log = fs::read_to_string(self.stack.log(Part::Alone(CloudPart::Hub))).unwrap();
        log.matches(word).count()
    }

    /// No op has a failure counted against it, let alone is held for an operator.
    async fn nothing_looks_bad(&self) {
        const BAD: &str =
            "SELECT COUNT(*) FROM undecided WHERE failures > 0 OR state = 'held_operator'";
        // The query fails while the database starts.
        if let Some(bad) = self.count(BAD).await {
            assert_eq!(bad, 0, "ops that look bad");
        }
    }

    async fn everything_is_decided(&self) {
        eventually("all is decided", LIMIT, async || {
            self.nothing_looks_bad().await;
            (self.count("SELECT COUNT(*) FROM undecided").await? == 0).then_some(())
        })
        .await;
    }

    async fn count(&self, text: &'static str) -> Option<u64> {
        self.sync_db.fetch_optional(text, vals![]).await.ok()?
    }

    async fn edges(&self) -> impl Iterator<Item = wire::EdgeStatus> {
        let report = self.stack.status().await.unwrap();
        report.regions.into_iter().flat_map(|region| region.edges)
    }

    async fn end(self) {
        self.stack.healthy(LIMIT).await.unwrap();
        for edge in self.edges().await {
            let shown = (edge.held, edge.stopped, edge.link);
            assert_eq!(shown, (0, 0, LinkState::Up), "{}", edge.edge);
        }
        self.stack.stop().await.unwrap();
    }
}
