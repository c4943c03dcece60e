//! `holdfast-sim`: runs seeds and prints their counts, replays a seed as text, or shows that a
//! named promise catches each planted bug.

mod many;
mod mutations;
mod one;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

#[derive(Parser)]
#[command(about = "Runs the sync protocol by seed, through every fault, and checks its promises")]
struct Options {
    /// Number of seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Replays this seed and prints its events.
    #[arg(long)]
    seed: Option<u64>,
    /// Replays this directed schedule and prints its events.
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
            eprintln!("there is no such bug; there are:");
            sim::Bug::ALL
                .iter()
                .for_each(|bug| eprintln!("  {:<28} {}", bug.name(), bug.says()));
            return ExitCode::FAILURE;
        }
        bug => bug.flatten(),
    };
    if let Some(name) = &options.scenario {
        let Some(scenario) = sim::scenarios::named(name) else {
            eprintln!("there is no such schedule; there are:");
            sim::scenarios::all()
                .iter()
                .for_each(|s| eprintln!("  {:<36} {}", s.name, s.says));
            return ExitCode::FAILURE;
        };
        let fine = one::replay(&scenario.plan, bug).is_none();
        return if fine {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let fine = match options.seed {
        Some(seed) => one::run(seed, bug),
        None if options.mutations || bug.is_some() => mutations::run(bug, options.jobs),
        None => many::run(options.from, options.seeds, options.jobs.max(1), elapsed),
    };
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn named(name: &str) -> Option<sim::Bug> {
    sim::Bug::ALL.iter().copied().find(|bug| bug.name() == name)
}

/// The only clock read here, for the seed rate; the simulation never sees it.
fn elapsed() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}
