//! Runs other programs visibly: prints the command, and the part of its output that a reader needs.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use crate::Result;

/// Runs the command; an error if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line_of(command));
    let status = command
        .status()
        .map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, status)
}

/// Runs the command and prints its output only if it fails.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line_of(command));
    let output = command
        .output()
        .map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, output.status).inspect_err(|_| {
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    })
}

/// Runs the command and returns its output. Both streams go into `log`, so lines stay in order.
pub fn run_into(log: &Path, command: &mut Command) -> Result<(ExitStatus, String)> {
    let mut run = || {
        let file = File::create(log)?;
        let errors = file.try_clone()?;
        command.stdout(file).stderr(errors).status()
    };
    let status = run();
    let status = status.map_err(|e| format!("{}: {e}", line_of(command)))?;
    let text = fs::read(log).map_err(|e| format!("{}: {e}", log.display()))?;
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Returns the command's standard output; an error if it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("{}: {e}", line_of(command)))?;
    successful(command, output.status)?;
    String::from_utf8(output.stdout).map_err(|e| format!("{}: {e}", line_of(command)))
}

/// True if the command runs and succeeds. Prints nothing.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn successful(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", line_of(command)))
    }
}

fn line_of(command: &Command) -> String {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
