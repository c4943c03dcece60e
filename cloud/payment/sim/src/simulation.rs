//! The custody of money as a simulation that the harness of `sim` runs.

use std::collections::BTreeSet;

use sim::{
    RunTrace,
    harness::{FinishedRun, Simulation},
};

use crate::{
    bug::{MoneyBug, run_with_bug},
    counts::MoneyCounts,
    plan::MoneyPlan,
    scenarios::{self, MoneyScenario},
    world::MoneyWorld,
};

pub struct MoneySimulation;

impl Simulation for MoneySimulation {
    type Plan = MoneyPlan;
    type Bug = MoneyBug;
    type Counts = MoneyCounts;

    const BUGS: &'static [MoneyBug] = MoneyBug::ALL;
    const SEEDS_PER_BUG_MAX: u64 = 5_000;

    fn bug_name(bug: MoneyBug) -> &'static str {
        bug.name()
    }

    fn describe_bug(bug: MoneyBug) -> &'static str {
        bug.says()
    }

    fn plan_from_seed(seed: u64) -> MoneyPlan {
        MoneyPlan::from_seed(seed)
    }

    fn step_count(plan: &MoneyPlan) -> usize {
        plan.acts.len()
    }

    fn keep_steps(plan: &MoneyPlan, keep: &BTreeSet<usize>) -> MoneyPlan {
        plan.keep_acts(keep)
    }

    fn scenarios() -> Vec<MoneyScenario> {
        scenarios::all()
    }

    fn run_plan(
        plan: &MoneyPlan,
        bug: Option<MoneyBug>,
        trace: RunTrace,
    ) -> FinishedRun<MoneyCounts> {
        let run = run_with_bug(bug, || MoneyWorld::new(plan.clone(), trace).run());
        FinishedRun {
            violation: run.violation,
            counts: run.counts,
            trace: run.trace,
        }
    }

    fn add_counts(total: &mut MoneyCounts, run: &MoneyCounts) {
        total.add(run);
    }

    fn missing_events(
        total: &MoneyCounts,
        _directed: &MoneyCounts,
        seed_count: u64,
    ) -> Vec<String> {
        total.missing_events(seed_count)
    }

    fn describe_shrunk(seed: u64, keep: &BTreeSet<usize>, _invariant: &str) -> String {
        let plan = MoneyPlan::from_seed(seed).keep_acts(keep);
        format!("As a plan: {:?}", plan.acts)
    }
}
