//! `holdfast`, the operator's command: what the platform's state is, and why.
//!
//! Invariant: standard output holds the answer and nothing else; what went wrong goes to standard
//! error, and the exit code says which kind of wrong it was.

mod age;
mod args;
mod complaint;
mod conflicts;
mod edges;
mod enrol;
mod exit;
mod explain;
mod find;
mod gateway;
mod lease;
mod link;
mod look;
mod ops;
mod people;
mod queue;
mod race;
mod readmit;
mod run;
mod status;
mod table;
mod trail;
mod wait;

use std::{io::Write, process::ExitCode};

use crate::{args::Cli, exit::Failure, look::Look, run::Answer};

fn main() -> ExitCode {
    let asked = args::asked_language(std::env::args().skip(1));
    let language = look::language(asked.as_deref(), |name| std::env::var(name).ok());
    let cli = Cli::read(language);
    let look = Look::of_stdout(language);
    // One thread is enough for one question, and starts fastest.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = match runtime {
        Ok(runtime) => runtime.block_on(run::run(&cli, &look)),
        Err(error) => Err(Failure::new(exit::Exit::Failure, error.to_string())),
    };
    let answer = answer.unwrap_or_else(|failure| Answer {
        exit: failure.exit,
        out: String::new(),
        err: failure.render(language, cli.common.json),
    });
    // A reader that has gone away, as `head` does, is not our failure.
    let _ = std::io::stdout().write_all(answer.out.as_bytes());
    let _ = std::io::stderr().write_all(answer.err.as_bytes());
    ExitCode::from(answer.exit as u8)
}
