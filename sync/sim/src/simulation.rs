//! The sync protocol as a simulation that the harness runs.

use std::collections::BTreeSet;

use crate::{
    bug::{Bug, run_with_bug},
    counts::Counts,
    harness::{FinishedRun, Simulation},
    plan::SeedPlan,
    scenarios::{self, Scenario},
    seeds,
    trace::RunTrace,
    world::World,
};

pub struct SyncSimulation;

impl Simulation for SyncSimulation {
    type Plan = SeedPlan;
    type Bug = Bug;
    type Counts = Counts;

    const BUGS: &'static [Bug] = Bug::ALL;
    const SEEDS_PER_BUG_MAX: u64 = 2_000;

    fn bug_name(bug: Bug) -> &'static str {
        bug.name()
    }

    fn describe_bug(bug: Bug) -> &'static str {
        bug.says()
    }

    fn seed_to_try_first(bug: Bug) -> Option<u64> {
        match bug {
            Bug::RelogWashes => Some(501),
            Bug::SuspectGoesOn => Some(261),
            Bug::HubClockAlone => Some(181),
            Bug::ChainNotChecked => Some(171),
            Bug::EventBeforeFeed => Some(349),
            Bug::FeedGapApplied => Some(65),
            Bug::WriteUnguarded => Some(36),
            _ => None,
        }
    }

    fn plan_from_seed(seed: u64) -> SeedPlan {
        SeedPlan::from_seed(seed)
    }

    fn step_count(plan: &SeedPlan) -> usize {
        plan.steps.len()
    }

    fn keep_steps(plan: &SeedPlan, keep: &BTreeSet<usize>) -> SeedPlan {
        plan.keep_steps(keep)
    }

    fn scenarios() -> Vec<Scenario> {
        scenarios::all()
    }

    fn run_plan(plan: &SeedPlan, bug: Option<Bug>, trace: RunTrace) -> FinishedRun<Counts> {
        let run = run_with_bug(bug, || World::new(plan.clone(), trace).run());
        FinishedRun {
            violation: run.violation,
            counts: run.counts,
            trace: run.trace,
        }
    }

    fn add_counts(total: &mut Counts, run: &Counts) {
        total.add(run);
    }

    fn missing_events(total: &Counts, directed: &Counts, _seed_count: u64) -> Vec<String> {
        total.never_met(directed)
    }

    fn describe_shrunk(seed: u64, keep: &BTreeSet<usize>, invariant: &str) -> String {
        format!("To keep it:\n{}", seeds::line(seed, keep, invariant))
    }
}
