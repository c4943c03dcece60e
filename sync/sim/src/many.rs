//! Runs many seeds and prints their counts. Only the rate on stderr depends on anything but the
//! seeds.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sim::{Counts, SeedPlan, Violation, scenarios};

const FAILURES_SHOWN: usize = 10;

#[derive(Default)]
struct Met {
    counts: Counts,
    hashes: u64,
    failures: Vec<(u64, Violation)>,
}

/// `clock` is read only for the rate.
pub fn run(from: u64, seeds: u64, jobs: u64, clock: fn() -> Duration) -> bool {
    let began = clock();
    let next = AtomicU64::new(from);
    let met = Mutex::new(Met::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| work(&next, from + seeds, &met));
        }
    });
    let mut met = met.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = clock().saturating_sub(began);
    println!("{}", met.counts);
    println!("trace {:016x}", met.hashes);
    eprintln!(
        "{:.0} seeds a second on {jobs} threads",
        per_second(seeds, took)
    );
    met.failures.sort_by_key(|(seed, _)| *seed);
    for (seed, violation) in met.failures.iter().take(FAILURES_SHOWN) {
        println!(
            "seed {seed} BROKEN {}: {}",
            violation.invariant, violation.says
        );
    }
    println!("{} of {seeds} seeds broke a promise", met.failures.len());
    let (directed, broken) = directed();
    let never = met.counts.never_met(&directed);
    never.iter().for_each(|what| println!("never met: {what}"));
    broken == 0 && met.failures.is_empty() && never.is_empty()
}

/// The counts of the directed schedules, and the number that broke a promise.
fn directed() -> (Counts, usize) {
    let all = scenarios::all();
    let mut counts = Counts::default();
    let mut broken = 0;
    for scenario in &all {
        let ran = sim::run(&scenario.plan, None);
        counts.add(&ran.counts);
        if let Some(violation) = ran.violation {
            broken += 1;
            let Violation {
                invariant, says, ..
            } = violation;
            println!("scenario {} BROKEN {invariant}: {says}", scenario.name);
        }
    }
    println!(
        "{broken} of {} directed schedules broke a promise",
        all.len()
    );
    (counts, broken)
}

fn work(next: &AtomicU64, end: u64, met: &Mutex<Met>) {
    let mut mine = Met::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let ran = sim::run(&SeedPlan::of(seed), None);
        mine.counts.add(&ran.counts);
        // The sum is independent of thread order.
        mine.hashes = mine.hashes.wrapping_add(ran.trace.hash());
        mine.failures
            .extend(ran.violation.map(|violation| (seed, violation)));
    }
    let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
    met.counts.add(&mine.counts);
    met.hashes = met.hashes.wrapping_add(mine.hashes);
    met.failures.extend(mine.failures);
}

#[expect(clippy::cast_precision_loss, reason = "it is a rate for people")]
fn per_second(seeds: u64, took: Duration) -> f64 {
    seeds as f64 / took.as_secs_f64().max(0.001)
}
