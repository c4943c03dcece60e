//! `holdfast-stack`: a whole platform, or only the servers for tests, under one supervisor.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod hold_servers;
mod table;
mod up;

#[derive(Parser)]
#[command(
    name = "holdfast-stack",
    version,
    about = "Starts, watches and stops a whole platform"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a whole platform, and stop it on Ctrl-C
    Up(up::UpArguments),
    /// Hold private servers for tests until a signal comes
    Servers(hold_servers::ServersArguments),
    /// Run processes for the program at the other end of standard input
    #[command(hide = true)]
    Supervise,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        // It must outlive its parent to clean up, so it does not use `process::start`.
        Command::Supervise => stack::supervisor::run(),
        Command::Up(arguments) => with_runtime(up::run(arguments)),
        Command::Servers(arguments) => with_runtime(hold_servers::run(arguments)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn with_runtime(work: impl Future<Output = Result<()>>) -> Result<()> {
    process::start("stack", process::telemetry::LogFormat::Pretty);
    work.await
}
