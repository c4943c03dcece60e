//! Runs many seeds and prints their counts. Only the rate on standard error depends on anything but
//! the seeds.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use money_sim::{BrokenPromise, MoneyPlan, run as run_plan, scenarios};

const FAILURES_SHOWN: usize = 10;
/// With this many seeds, a run must cover every entry of [`WANTED`].
const SEEDS_ENOUGH: u64 = 1_000;
/// The situations that a thousand seeds must reach, so that the run proves enough.
const WANTED: [&str; 35] = [
    "adapter declined",
    "adapter failed",
    "adapter_fee",
    "adapter paid another amount",
    "already_paid",
    "asked before a refusal",
    "cancel at a fee",
    "chargeback",
    "chargeback_reversed",
    "charge",
    "command repeated",
    "compensation",
    "dead letter",
    "extra_payment",
    "granted",
    "late call",
    "late reply",
    "log handed in again",
    "old word about money",
    "order_not_payable",
    "paid though closed",
    "paid_otherwise",
    "parked start",
    "payment closing",
    "payout_back",
    "payout_returned",
    "refund_failed",
    "release",
    "request repeated",
    "reversal",
    "start unpaid by a rule",
    "statement differs",
    "terms_changed",
    "version pulled",
    "worked in vain",
];

#[derive(Default)]
struct Met {
    counts: BTreeMap<&'static str, u64>,
    hashes: u64,
    failures: Vec<(u64, BrokenPromise)>,
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
    let seconds = clock().saturating_sub(began).as_secs_f64().max(0.001);
    met.counts
        .iter()
        .for_each(|(what, count)| println!("{count:>10}  {what}"));
    println!("trace {:016x}", met.hashes);
    eprintln!(
        "{:.0} seeds a second on {jobs} threads",
        per_second(seeds, seconds)
    );
    met.failures.sort_by_key(|(seed, _)| *seed);
    for (seed, broken) in met.failures.iter().take(FAILURES_SHOWN) {
        println!("seed {seed} BROKEN {}: {}", broken.invariant, broken.says);
    }
    println!("{} of {seeds} seeds broke a promise", met.failures.len());
    let missing = |what: &&&str| seeds >= SEEDS_ENOUGH && !met.counts.contains_key(**what);
    let never: Vec<_> = WANTED.iter().filter(missing).collect();
    never.iter().for_each(|what| println!("never met: {what}"));
    met.failures.is_empty() && never.is_empty() && directed()
}

/// Runs the hand-written schedules and returns true if all keep every promise.
fn directed() -> bool {
    let all = scenarios::all();
    let mut fine = true;
    for scenario in &all {
        if let Some(broken) = run_plan(&scenario.plan, None).broken {
            fine = false;
            println!(
                "scenario {} BROKEN {}: {}",
                scenario.name, broken.invariant, broken.says
            );
        }
    }
    println!("{} directed schedules ran", all.len());
    fine
}

fn work(next: &AtomicU64, end: u64, met: &Mutex<Met>) {
    let mut mine = Met::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let ran = run_plan(&MoneyPlan::of(seed), None);
        ran.counts
            .iter()
            .for_each(|(what, n)| *mine.counts.entry(what).or_default() += n);
        // The sum is independent of thread order.
        mine.hashes = mine.hashes.wrapping_add(ran.trace.hash());
        mine.failures
            .extend(ran.broken.map(|broken| (seed, broken)));
    }
    let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
    mine.counts
        .iter()
        .for_each(|(what, n)| *met.counts.entry(what).or_default() += n);
    met.hashes = met.hashes.wrapping_add(mine.hashes);
    met.failures.extend(mine.failures);
}

#[expect(clippy::cast_precision_loss, reason = "it is a rate for people")]
fn per_second(seeds: u64, seconds: f64) -> f64 {
    seeds as f64 / seconds
}
