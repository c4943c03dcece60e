//! `holdfast`, the operator's command: shows and explains the platform's state.
//!
//! Invariant: stdout carries only the answer; failures go to stderr, and the exit code gives their
//! kind.

mod age;
mod args;
mod cause;
mod complaint;
mod conflicts;
mod dlq;
mod edges;
mod enrol;
mod exit;
mod explain;
mod find;
mod gateway;
mod keys;
mod lease;
mod login;
mod look;
mod ops;
mod people;
mod queue;
mod race;
mod run;
mod service;
mod status;
mod steer;
mod table;
mod trail;
mod wait;
mod withdraw;
mod wrap;

texts::include_texts!(say);

use std::process::ExitCode;

use crate::{
    args::CommandLine,
    exit::{CommandFailure, ExitKind},
    look::OutputStyle,
    run::CommandOutput,
};

fn main() -> ExitCode {
    let asked = args::find_flag_value("--lang", std::env::args().skip(1));
    let language = look::choose_language(asked.as_deref(), |name| std::env::var(name).ok());
    let width = args::find_flag_value("--width", std::env::args().skip(1))
        .and_then(|columns| columns.parse().ok());
    let line = CommandLine::read(&OutputStyle::for_stdout(language, false, width));
    let look = OutputStyle::for_stdout(language, line.common.json, line.common.width);
    // One thread is enough for one request, and starts fastest.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let output = match runtime {
        Ok(runtime) => runtime.block_on(run::run(&line, look)),
        Err(error) => Err(CommandFailure::new(
            ExitKind::Failure,
            process::problem::format_error_chain(&error),
        )),
    };
    let output = output.unwrap_or_else(|failure| CommandOutput {
        exit: failure.exit,
        out: String::new(),
        err: failure.render(&look),
    });
    ExitCode::from(output.print(&look) as u8)
}
