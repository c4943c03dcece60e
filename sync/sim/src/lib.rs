//! Proves the protocol by simulation: a seed runs the real state machines of `engine` and the real
//! decisions of `rules` among models of everything around them, in one process, on one thread. See
//! `sync/sim/README.md`.
//!
//! Invariants: a seed always means the same run, on every machine; no promise is relaxed for a
//! fault; a planted bug lasts for one run on one thread.
//!
//! Both policies occur: some regions stay optimistic, others are granted to an edge, given back and
//! taken back. Restores, copies and quarantine occur, too. An edge may have several machines, so
//! machines (`world.edges`) and edges (`sync_db.edges`) have separate numbers, and a machine names
//! its edge.
//!
//! The models mirror real modules: `edge` the store, intake and link of `edge-node`;
//! `cloud::order_db`, `cloud::rights`, `world::operator` and `world::orders` the store of
//! `cloud/order` and platform's relay; `cloud::sync_db`, `cloud::plan`, `world::hub`,
//! `world::work`, `world::feed` and `world::comparing` the store, sessions, workers, consumer and
//! comparisons of `sync/hub`; `world::tablets` the provider app. Each module's header names its
//! counterparts.

mod bug;
mod cast;
mod cloud;
mod counts;
mod edge;
pub mod harness;
mod oracle;
mod plan;
mod random;
mod recorder;
pub mod recording;
pub mod scenarios;
pub mod seeds;
mod simulation;
mod table;
mod tokens;
mod trace;
mod world;

pub use bug::Bug;
pub use counts::{Counts, OUTCOMES, VERDICTS};
pub use oracle::Violation;
pub use plan::{FaultKind, SeedPlan};
pub use random::Random;
pub use simulation::SyncSimulation;
pub use trace::RunTrace;
pub use world::RunResult;

use bug::run_with_bug;

/// Runs a plan until it falls silent or breaks a promise.
pub fn run(plan: &SeedPlan, bug: Option<Bug>) -> RunResult {
    let trace = RunTrace::default();
    run_with_bug(bug, || world::World::new(plan.clone(), trace).run())
}

/// Like [`run`], with a readable trace.
pub fn run_in_words(plan: &SeedPlan, bug: Option<Bug>) -> RunResult {
    let trace = RunTrace::in_words();
    run_with_bug(bug, || world::World::new(plan.clone(), trace).run())
}
