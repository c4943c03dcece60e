//! `cargo xtask`: builds the workspace and hands over to `holdfast-stack` or a test runner.

use std::{ffi::OsString, process::ExitCode};

use xtask::{commands, linting_compiler};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = if linting_compiler::is_called_by_cargo(&arguments) {
        linting_compiler::compile(&arguments)
    } else {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        commands::run(&arguments)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
