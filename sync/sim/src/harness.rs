//! The command line of a simulation: runs many seeds, replays one plan in words, or shows which
//! promise catches each planted bug.

mod mutations;
mod replay;
mod seed_range;
mod threads;

use std::{collections::BTreeSet, fmt::Display, process::ExitCode};

use clap::Args;

use crate::{oracle::Violation, trace::RunTrace};

pub use replay::shrink_plan;

/// A simulation that runs by seed, by directed schedule, and with a planted bug.
pub trait Simulation {
    type Plan;
    type Bug: Copy + PartialEq + Send + Sync + 'static;
    type Counts: Default + Display + Send;

    const BUGS: &'static [Self::Bug];
    /// A bug that survives this many seeds counts as missed.
    const SEEDS_PER_BUG_MAX: u64;

    fn bug_name(bug: Self::Bug) -> &'static str;

    fn describe_bug(bug: Self::Bug) -> &'static str;

    /// A seed that has caught this bug before, if the seeds from 0 take long to do so.
    fn seed_to_try_first(_bug: Self::Bug) -> Option<u64> {
        None
    }

    fn plan_from_seed(seed: u64) -> Self::Plan;

    fn step_count(plan: &Self::Plan) -> usize;

    /// The plan reduced to the steps at these indices.
    fn keep_steps(plan: &Self::Plan, keep: &BTreeSet<usize>) -> Self::Plan;

    /// All directed schedules.
    fn scenarios() -> Vec<DirectedScenario<Self::Plan, Self::Bug>>;

    fn run_plan(
        plan: &Self::Plan,
        bug: Option<Self::Bug>,
        trace: RunTrace,
    ) -> FinishedRun<Self::Counts>;

    fn add_counts(total: &mut Self::Counts, run: &Self::Counts);

    /// The required events that neither these seeds met nor, if they are rare, the directed
    /// schedules.
    fn missing_events(
        total: &Self::Counts,
        directed: &Self::Counts,
        seed_count: u64,
    ) -> Vec<String>;

    /// Tells how to repeat a failed seed with these steps only.
    fn describe_shrunk(seed: u64, keep: &BTreeSet<usize>, invariant: &str) -> String;
}

/// A schedule written by hand.
pub struct DirectedScenario<Plan, Bug: 'static> {
    pub name: &'static str,
    /// A former failure, or a promise.
    pub says: &'static str,
    pub catches: &'static [Bug],
    pub plan: Plan,
}

pub struct FinishedRun<Counts> {
    pub violation: Option<Violation>,
    pub counts: Counts,
    pub trace: RunTrace,
}

/// The options of every simulator, except for its number of seeds.
#[derive(Debug, Args)]
pub struct Task {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Replays this seed and prints its steps.
    #[arg(long)]
    seed: Option<u64>,
    /// Replays this directed schedule and prints its steps.
    #[arg(long)]
    scenario: Option<String>,
    /// Shows that every planted bug is caught.
    #[arg(long)]
    mutations: bool,
    /// Plants the bug with this name: with `--seed`, shows how it is caught; otherwise prints its
    /// row.
    #[arg(long)]
    bug: Option<String>,
    /// Threads; each runs its own seeds.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
}

/// Does what the options ask for. The exit code tells if every promise was kept.
pub fn run_task<S: Simulation>(task: &Task, seed_count: u64) -> ExitCode {
    let jobs = task.jobs.max(1);
    if (task.mutations || task.bug.is_some()) && !planted::CAN_PLANT {
        eprintln!("this build ignores planted bugs: build it with debug assertions");
        return ExitCode::FAILURE;
    }
    let mut bug = None;
    if let Some(name) = &task.bug {
        bug = find_bug::<S>(name);
        if bug.is_none() {
            eprintln!("unknown bug; the bugs are:");
            print_bugs::<S>();
            return ExitCode::FAILURE;
        }
    }
    let is_kept = if let Some(name) = &task.scenario {
        replay::replay_scenario::<S>(name, bug)
    } else if let Some(seed) = task.seed {
        replay::replay_seed::<S>(seed, bug)
    } else if task.mutations || bug.is_some() {
        mutations::check_bugs::<S>(bug, jobs)
    } else {
        seed_range::run_seeds::<S>(task.from, seed_count, jobs)
    };
    if is_kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find_bug<S: Simulation>(name: &str) -> Option<S::Bug> {
    let is_meant = |bug: &&S::Bug| S::bug_name(**bug).eq_ignore_ascii_case(name);
    S::BUGS.iter().find(is_meant).copied()
}

fn print_bugs<S: Simulation>() {
    let width = name_width::<S>();
    for bug in S::BUGS {
        eprintln!("  {:<width$} {}", S::bug_name(*bug), S::describe_bug(*bug));
    }
}

/// The width of a column of bug names.
fn name_width<S: Simulation>() -> usize {
    let lengths = S::BUGS.iter().map(|bug| S::bug_name(*bug).len());
    lengths.max().unwrap_or(0) + 2
}

/// The promise that this seed breaks.
fn find_broken_promise<S: Simulation>(seed: u64, bug: Option<S::Bug>) -> Option<&'static str> {
    let plan = S::plan_from_seed(seed);
    let run = S::run_plan(&plan, bug, RunTrace::default());
    run.violation.map(|violation| violation.invariant)
}
