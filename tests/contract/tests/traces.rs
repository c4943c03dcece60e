//! The real stores answer like the simulator's models: recorded runs are replayed on the order
//! store with both engines and on the edge's file, transaction by transaction.
//!
//! The schedules and seeds used must cover every outcome and every verdict that the simulator
//! counts. A set without one of them fails.

mod chosen;
mod edge;
mod order;

use std::collections::BTreeMap;

use chosen::runs;
use contract::{OrderDb, order_db_on_mariadb, order_db_on_sqlite};
use futures::{StreamExt, stream};
use sim::Counts;
use support::is_deep_run;

/// The number of seeds that each store replays, in addition to all directed schedules and the
/// first seeds with something new.
struct Seeds {
    on_sqlite: u64,
    on_mariadb: u64,
    at_edges: u64,
}

impl Seeds {
    /// The seeds to record: each store replays the first ones.
    fn most(&self) -> u64 {
        self.on_sqlite.max(self.on_mariadb).max(self.at_edges)
    }

    fn of_this_run() -> Self {
        if is_deep_run() {
            Self {
                on_sqlite: 300,
                on_mariadb: 30,
                at_edges: 200,
            }
        } else {
            Self {
                on_sqlite: 20,
                on_mariadb: 4,
                at_edges: 15,
            }
        }
    }
}

const AT_ONCE: usize = 4;

/// The simulator counts it, but it never reaches the file: a full disk prevents every write.
const NOT_IN_THE_FILE: &str = "not_taken storage_full";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_store_on_sqlite_answers_as_its_model() {
    same_decisions(Seeds::of_this_run().on_sqlite, order_db_on_sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_store_on_mariadb_answers_as_its_model() {
    same_decisions(Seeds::of_this_run().on_mariadb, order_db_on_mariadb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edges_file_answers_as_its_model() {
    let mut met = Counts::default();
    let mut counted = Counts::default();
    let edges = runs(Seeds::of_this_run().at_edges).flat_map(|run| {
        counted.add(&run.recording.counts);
        run.recording
            .edges
            .iter()
            .map(|edge| edge::replay(&run.name, edge))
    });
    let mut edges = stream::iter(edges.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some(here) = edges.next().await {
        met.add(&here);
    }
    counted.verdicts.remove(NOT_IN_THE_FILE);
    all_of("verdict", &counted.verdicts, &met.verdicts);
}

async fn same_decisions<F: Future<Output = OrderDb>>(seeds: u64, fresh: impl Fn() -> F) {
    let mut met = Counts::default();
    let mut counted = Counts::default();
    let runs = runs(seeds).map(|run| {
        counted.add(&run.recording.counts);
        let fresh = fresh();
        async move { order::replay(&run.name, &run.recording.order, fresh.await).await }
    });
    let mut runs = stream::iter(runs.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some(here) = runs.next().await {
        met.add(&here);
    }
    all_of("outcome", &counted.outcomes, &met.outcomes);
    all_of(
        "answer at the portal",
        &counted.answers_at_desk,
        &met.answers_at_desk,
    );
    assert!(met.held > 0, "nothing was held");
}

/// Checks that the real store met everything the simulator counted in these runs.
fn all_of(what: &str, counted: &BTreeMap<&str, u64>, met: &BTreeMap<&str, u64>) {
    let lacks: Vec<&&str> = counted
        .keys()
        .filter(|key| !met.contains_key(*key))
        .collect();
    assert!(lacks.is_empty(), "{what} not met: {lacks:?}");
}
