//! `holdfast`, the operator's command: shows and explains the platform's state.
//!
//! Invariant: stdout carries only the answer; failures go to stderr, and the exit code gives their
//! kind.

mod command_line;
mod conflicts;
mod dlq;
mod edge_lifecycle;
mod edges;
mod explain;
mod gateway;
mod keys;
mod layout;
mod login;
mod output;
mod queue;
mod region;
mod status;
mod style;
mod values;
mod wait;
mod withdraw;

texts::include_texts!(say);

use std::process::ExitCode;

use crate::{
    command_line::CommandLine,
    output::{CommandFailure, CommandOutput, ExitKind},
    style::OutputStyle,
};

fn main() -> ExitCode {
    let asked = command_line::find_flag_value("--lang", std::env::args().skip(1));
    let language = style::choose_language(asked.as_deref(), |name| std::env::var(name).ok());
    let width = command_line::find_flag_value("--width", std::env::args().skip(1))
        .and_then(|columns| columns.parse().ok());
    let line = CommandLine::read(&OutputStyle::for_stdout(language, false, width));
    let look = OutputStyle::for_stdout(language, line.common.json, line.common.width);
    // One thread is enough for one request, and starts fastest.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let output = match runtime {
        Ok(runtime) => runtime.block_on(command_line::run_command(&line, look)),
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
