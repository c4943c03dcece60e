//! `holdfast-money-sim`: runs money seeds and prints their counts, replays a seed as text, or shows
//! that a named promise catches each planted bug.

use std::process::ExitCode;

use clap::Parser;
use money_sim::MoneySimulation;
use sim::harness;

#[derive(Parser)]
#[command(
    about = "Simulates the custody of money by seed, with every fault, and checks its invariants"
)]
struct Options {
    /// Number of seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    #[command(flatten)]
    task: harness::Task,
}

fn main() -> ExitCode {
    let options = Options::parse();
    harness::run_task::<MoneySimulation>(&options.task, options.seeds)
}
