//! `holdfast-money-sim`: runs money seeds and prints their counts, replays a seed as text, or shows
//! that a named promise catches each planted bug.

mod many;
mod mutations;
mod one;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use money_sim::{MoneyBug, MoneyPlan, scenarios};

#[derive(Parser)]
#[command(
    about = "Simulates the custody of money by seed, with every fault, and checks its invariants"
)]
struct Options {
    /// Number of seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Replays this seed and prints its acts.
    #[arg(long)]
    seed: Option<u64>,
    /// Replays this directed schedule and prints its acts.
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

fn main() -> ExitCode {
    let options = Options::parse();
    let bug = match options.bug.as_deref().map(named) {
        Some(None) => {
            eprintln!("unknown bug; the bugs are:");
            MoneyBug::ALL
                .iter()
                .for_each(|bug| eprintln!("  {:<22} {}", bug.name(), bug.says()));
            return ExitCode::FAILURE;
        }
        bug => bug.flatten(),
    };
    let fine = match (&options.scenario, options.seed) {
        (Some(name), _) => match scenarios::named(name) {
            Some(scenario) => one::replay(&scenario.plan, bug),
            None => {
                eprintln!("unknown schedule; the schedules are:");
                scenarios::all()
                    .iter()
                    .for_each(|s| eprintln!("  {:<36} {}", s.name, s.says));
                false
            }
        },
        (None, Some(seed)) => one::replay(&MoneyPlan::of(seed), bug),
        _ if options.mutations || bug.is_some() => mutations::run(bug, options.jobs),
        _ => many::run(options.from, options.seeds, options.jobs.max(1), elapsed),
    };
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn named(name: &str) -> Option<MoneyBug> {
    MoneyBug::ALL
        .iter()
        .copied()
        .find(|bug| bug.name().eq_ignore_ascii_case(name))
}

/// The only clock read here, for the seed rate; the simulation never sees it.
fn elapsed() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}
