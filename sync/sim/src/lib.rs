//! Owns the proof by simulation: the real state machines of `engine` and the real decisions of
//! `rules` run among models of everything around them, in one process, on one thread, by a seed.
//! See `sync/sim/README.md`.
//!
//! Invariants: a seed means one run, for ever and on any machine; no promise is relaxed for a
//! fault; planted bugs are values that nothing outside this crate can pass.
//!
//! Both policies occur: some regions stay optimistic, others are granted to an edge, given back and
//! taken back. Restores, copies and quarantine occur too. An edge is more than its machine, so
//! machines (`world.edges`) and edges (`sync_db.edges`) are numbered apart, and a machine names its
//! edge.
//!
//! The models mirror real modules: `edge` the store, intake and link of `edge-node`;
//! `cloud::order_db`, `cloud::rights`, `world::operator` and `world::orders` the store of
//! `cloud/order` and platform's relay; `cloud::sync_db`, `cloud::plan`, `world::hub`,
//! `world::work`, `world::feed` and `world::comparing` the store, sessions, workers, consumer and
//! comparisons of `sync/hub`; `world::tablets` the provider app. Each head names its modules.

mod bug;
mod cast;
mod cloud;
mod counts;
mod edge;
mod oracle;
mod plan;
mod random;
pub mod recording;
pub mod scenarios;
pub mod seeds;
mod shrink;
mod table;
mod trace;
mod world;

pub use bug::Bug;
pub use counts::{Counts, OUTCOMES, VERDICTS};
pub use oracle::Violation;
pub use plan::{FaultKind, SeedPlan};
pub use random::Random;
pub use shrink::shrink;
pub use trace::RunTrace;
pub use world::RunResult;

/// Runs one plan to its silence or to the first broken promise.
pub fn run(plan: &SeedPlan, bug: Option<Bug>) -> RunResult {
    world::World::new(plan.clone(), bug, RunTrace::default()).run()
}

/// The same with a trace to read.
pub fn run_in_words(plan: &SeedPlan, bug: Option<Bug>) -> RunResult {
    world::World::new(plan.clone(), bug, RunTrace::in_words()).run()
}
