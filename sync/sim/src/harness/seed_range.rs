//! Runs many seeds and prints their counts. Only the rate on standard error depends on anything but
//! the seeds.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Simulation, Violation};
use crate::trace::RunTrace;

const FAILURES_SHOWN: usize = 10;

struct SeedTotals<Counts> {
    counts: Counts,
    /// A sum, so it does not depend on the order in which threads finish.
    hashes: u64,
    failures: Vec<(u64, Violation)>,
}

impl<Counts: Default> SeedTotals<Counts> {
    fn new() -> Self {
        Self {
            counts: Counts::default(),
            hashes: 0,
            failures: Vec::new(),
        }
    }
}

/// Returns true if every promise was kept and every required event was met.
pub(crate) fn run_seeds<S: Simulation>(from: u64, seed_count: u64, jobs: u64) -> bool {
    let began = read_clock();
    let next = AtomicU64::new(from);
    let totals = Mutex::new(SeedTotals::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| run_next_seeds::<S>(&next, from + seed_count, &totals));
        }
    });
    let mut totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = read_clock().saturating_sub(began);
    println!("{}", totals.counts);
    println!("trace {:016x}", totals.hashes);
    eprintln!(
        "{:.0} seeds a second on {jobs} threads",
        per_second(seed_count, took)
    );
    totals.failures.sort_by_key(|(seed, _)| *seed);
    for (seed, violation) in totals.failures.iter().take(FAILURES_SHOWN) {
        println!(
            "seed {seed} BROKEN {}: {}",
            violation.invariant, violation.says
        );
    }
    println!(
        "{} of {seed_count} seeds broke a promise",
        totals.failures.len()
    );
    let directed = run_scenarios::<S>();
    let missing = S::missing_events(&totals.counts, &directed.counts, seed_count);
    missing
        .iter()
        .for_each(|what| println!("never met: {what}"));
    directed.broken == 0 && totals.failures.is_empty() && missing.is_empty()
}

fn run_next_seeds<S: Simulation>(
    next: &AtomicU64,
    end: u64,
    totals: &Mutex<SeedTotals<S::Counts>>,
) {
    let mut mine = SeedTotals::<S::Counts>::new();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let run = S::run_plan(&S::plan_from_seed(seed), None, RunTrace::default());
        S::add_counts(&mut mine.counts, &run.counts);
        mine.hashes = mine.hashes.wrapping_add(run.trace.hash());
        mine.failures
            .extend(run.violation.map(|violation| (seed, violation)));
    }
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    S::add_counts(&mut totals.counts, &mine.counts);
    totals.hashes = totals.hashes.wrapping_add(mine.hashes);
    totals.failures.extend(mine.failures);
}

struct ScenarioTotals<Counts> {
    counts: Counts,
    /// The number of schedules that broke a promise.
    broken: usize,
}

fn run_scenarios<S: Simulation>() -> ScenarioTotals<S::Counts> {
    let scenarios = S::scenarios();
    let mut counts = S::Counts::default();
    let mut broken = 0;
    for scenario in &scenarios {
        let run = S::run_plan(&scenario.plan, None, RunTrace::default());
        S::add_counts(&mut counts, &run.counts);
        if let Some(violation) = run.violation {
            broken += 1;
            println!(
                "scenario {} BROKEN {}: {}",
                scenario.name, violation.invariant, violation.says
            );
        }
    }
    println!(
        "{broken} of {} directed schedules broke a promise",
        scenarios.len()
    );
    ScenarioTotals { counts, broken }
}

/// The only clock read here, for the seed rate; the simulation never sees it.
fn read_clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

#[expect(clippy::cast_precision_loss, reason = "it is a rate for people")]
fn per_second(seed_count: u64, took: Duration) -> f64 {
    seed_count as f64 / took.as_secs_f64().max(0.001)
}
