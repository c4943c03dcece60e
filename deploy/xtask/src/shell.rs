//! Runs other programs in the open: what is run is printed, and so is what a reader wants of its
//! output.

use std::process::{Command, ExitStatus, Stdio};

use crate::Result;

/// It must succeed.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line_of(command));
    let status = command.status().map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, status)
}

/// It must succeed; what it prints matters only when it does not.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line_of(command));
    let output = command.output().map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, output.status).inspect_err(|_| {
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    })
}

/// What it prints on standard output; it must succeed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, output.status)?;
    String::from_utf8(output.stdout).map_err(|e| format!("{}: {e}", line_of(command)))
}

/// Whether it runs and succeeds. Nothing is printed.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn successful(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", line_of(command))) }
}

fn line_of(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
