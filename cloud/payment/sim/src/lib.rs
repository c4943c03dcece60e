//! Owns the proof of custody by simulation: the real decisions of `cloud/payment/rules` and
//! `cloud/order/rules` run among models of the edge's late log, the adapter with its own truth, the
//! bus and the stores, by a seed. See `cloud/payment/sim/README.md`.
//!
//! Invariants: a seed means one run, for ever and on any machine; no promise is relaxed for a
//! fault; planted bugs are values that nothing outside this crate can pass.

mod adapter;
mod bug;
mod edge;
mod oracle;
mod orders;
mod payments;
mod plan;
mod record;
mod rest;
pub mod scenarios;
mod shrink;
mod world;

pub use bug::MoneyBug;
pub use orders::POLICIES;
pub use plan::{Act, CallFate, Fraction, MoneyPlan, SyncFate};
pub use record::{RecordOf, RunRecord, StepRecord};
pub use shrink::shrink;
pub use world::{BrokenPromise, MoneyRun};

use sim::RunTrace;

/// Runs one plan to its rest or to the first broken promise.
pub fn run(plan: &MoneyPlan, bug: Option<MoneyBug>) -> MoneyRun {
    world::MoneyWorld::new(plan.clone(), bug, RunTrace::default()).run()
}

/// The same with a trace to read.
pub fn run_in_words(plan: &MoneyPlan, bug: Option<MoneyBug>) -> MoneyRun {
    world::MoneyWorld::new(plan.clone(), bug, RunTrace::in_words()).run()
}

/// The same with every step on record.
pub fn run_recorded(plan: &MoneyPlan) -> MoneyRun {
    world::MoneyWorld::new(plan.clone(), None, RunTrace::default()).recording().run()
}
