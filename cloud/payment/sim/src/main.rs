//! `holdfast-money-sim`: runs seeds of money and prints their counts, replays one in words, or
//! shows that a promise with a name catches each planted bug.

mod many;
mod mutations;
mod one;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use money_sim::{MoneyBug, MoneyPlan, scenarios};

#[derive(Parser)]
#[command(about = "Runs custody of money by seed, through every fault, and checks its promises")]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Replays this one seed and prints its acts.
    #[arg(long)]
    seed: Option<u64>,
    /// Replays this directed schedule in the same way.
    #[arg(long)]
    scenario: Option<String>,
    /// Shows that every planted bug is caught.
    #[arg(long)]
    mutations: bool,
    /// Plants one bug by its name: with `--seed` for a look at how it is caught, else for its row.
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
            MoneyBug::ALL.iter().for_each(|bug| eprintln!("  {:<22} {}", bug.name(), bug.says()));
            return ExitCode::FAILURE;
        }
        bug => bug.flatten(),
    };
    let fine = match (&options.scenario, options.seed) {
        (Some(name), _) => match scenarios::named(name) {
            Some(scenario) => one::replay(&scenario.plan, bug),
            None => {
                eprintln!("there is no such schedule; there are:");
                scenarios::all().iter().for_each(|s| eprintln!("  {:<36} {}", s.name, s.says));
                false
            }
        },
        (None, Some(seed)) => one::replay(&MoneyPlan::of(seed), bug),
        _ if options.mutations || bug.is_some() => mutations::run(bug, options.jobs),
        _ => many::run(options.from, options.seeds, options.jobs.max(1), elapsed),
    };
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn named(name: &str) -> Option<MoneyBug> {
    MoneyBug::ALL.iter().copied().find(|bug| bug.name().eq_ignore_ascii_case(name))
}

/// The one clock that is read here, for the rate of seeds; nothing that is simulated sees it.
fn elapsed() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}
