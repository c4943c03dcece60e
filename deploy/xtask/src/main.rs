//! `cargo xtask`: builds the workspace and hands over to `holdfast-stack` or a test runner.

use std::process::ExitCode;

use xtask::commands;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match commands::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
