//! `holdfast-sim`: runs seeds and prints their counts, replays a seed as text, or shows that a
//! named promise catches each planted bug.

use std::process::ExitCode;

use clap::Parser;
use sim::{SyncSimulation, harness};

#[derive(Parser)]
#[command(about = "Runs the sync protocol by seed, through every fault, and checks its promises")]
struct Options {
    /// Number of seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    #[command(flatten)]
    task: harness::Task,
}

fn main() -> ExitCode {
    let options = Options::parse();
    harness::run_task::<SyncSimulation>(&options.task, options.seeds)
}
