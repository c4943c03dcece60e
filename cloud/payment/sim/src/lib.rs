//! Proves custody by simulation: a seed runs the real decisions of `cloud/payment/custody` and
//! `cloud/order/rules` among models of the edge's late log, the adapter with its own truth, the bus
//! and the stores. See `cloud/payment/sim/README.md`.
//!
//! Invariants: a seed always means the same run, on every machine; no promise is relaxed for a
//! fault; a planted bug lasts for one run on one thread.

mod adapter;
mod bug;
mod counts;
mod plan;
mod record;
pub mod scenarios;
mod simulation;
mod world;

pub use bug::MoneyBug;
pub use counts::MoneyCounts;
pub use plan::{Act, CallFate, Fraction, MoneyPlan, SyncFate};
pub use record::{RecordOf, RunRecord, StepRecord};
pub use scenarios::MoneyScenario;
pub use simulation::MoneySimulation;
pub use world::{MoneyRun, POLICIES};

use bug::run_with_bug;
use sim::RunTrace;

/// Runs a plan until it rests or breaks a promise.
pub fn run(plan: &MoneyPlan, bug: Option<MoneyBug>) -> MoneyRun {
    let trace = RunTrace::default();
    run_with_bug(bug, || world::MoneyWorld::new(plan.clone(), trace).run())
}

/// Like [`run`], with a readable trace.
pub fn run_in_words(plan: &MoneyPlan, bug: Option<MoneyBug>) -> MoneyRun {
    let trace = RunTrace::in_words();
    run_with_bug(bug, || world::MoneyWorld::new(plan.clone(), trace).run())
}

/// Like [`run`], recording every step.
pub fn run_recorded(plan: &MoneyPlan) -> MoneyRun {
    world::MoneyWorld::new(plan.clone(), RunTrace::default())
        .recording()
        .run()
}
