//! Runs the stages that use neither a server nor a quiet machine in parallel with the others, in a
//! separate process at the lowest priority, so the tests that wait get the processors first.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command},
};

use crate::{
    Result,
    depth::{DEEP_FLAG, Depth},
    shell,
    stages::Stage,
    workspace,
};

const LOWEST_PRIORITY: &str = "19";
/// Tells the process that everything is built.
pub const BUILT_FLAG: &str = "--built";

/// Stops with everything it started when it is dropped.
pub struct Beside {
    process: Child,
    output: PathBuf,
    is_over: bool,
}

impl Beside {
    pub fn start(stages: &[Stage], depth: Depth) -> Result<Self> {
        let names: Vec<&str> = stages.iter().map(|stage| stage.name()).collect();
        let output = workspace::target()?.join("beside.log");
        let program = program_of(std::process::id());
        let spawned = || {
            let file = File::create(&output)?;
            let errors = file.try_clone()?;
            let mut command = Command::new("nice");
            command
                .args(["-n", LOWEST_PRIORITY])
                .arg(program)
                .args(["test", BUILT_FLAG])
                .args((depth == Depth::Deep).then_some(DEEP_FLAG))
                .args(&names);
            command.stdout(file).stderr(errors).spawn()
        };
        let process =
            spawned().map_err(|e| format!("could not start {}: {e}", names.join(", ")))?;
        println!("\n== running in the background: {}", names.join(", "));
        Ok(Self {
            process,
            output,
            is_over: false,
        })
    }

    /// An error if the process has failed.
    pub fn look(&mut self) -> Result<()> {
        match self.process.try_wait() {
            Ok(None) => Ok(()),
            _ => self.finish(),
        }
    }

    /// Waits for the end of the process, and prints all its output once.
    pub fn finish(&mut self) -> Result<()> {
        let status = self.process.wait().map_err(|e| e.to_string())?;
        if !std::mem::replace(&mut self.is_over, true) {
            let text = fs::read(&self.output).map_err(|e| e.to_string())?;
            println!("\n== background tests\n{}", String::from_utf8_lossy(&text));
        }
        if status.success() {
            Ok(())
        } else {
            Err(format!("the background tests failed: {status}"))
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        for process in family(self.process.id()) {
            shell::succeeds(Command::new("kill").args(["-TERM", &process.to_string()]));
        }
        let _ended = self.process.wait();
    }
}

/// The program of a process, even after another build has removed its file: the tests of xtask
/// rebuild it.
fn program_of(process: u32) -> PathBuf {
    format!("/proc/{process}/exe").into()
}

/// The process and all its descendants, itself first.
fn family(id: u32) -> Vec<u32> {
    let mut all = vec![id];
    // A child belongs to the thread that started it.
    for thread in fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let children = children
            .split_whitespace()
            .filter_map(|child| child.parse().ok());
        all.extend(children.flat_map(family));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_program_whose_file_is_gone_is_started_once_more() {
        let file = std::env::temp_dir().join(format!("xtask-beside-{}", std::process::id()));
        // Another process writes it: a program does not start while a fork of this process still
        // holds it open for writing.
        assert!(shell::succeeds(
            Command::new("cp").arg("/bin/sleep").arg(&file)
        ));
        // A program of many commands chooses the command by its name.
        let mut running = Command::new(&file).arg0("sleep").arg("60").spawn().unwrap();
        fs::remove_file(&file).unwrap();
        let again = Command::new(program_of(running.id()))
            .arg0("sleep")
            .arg("0")
            .status();
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(again.unwrap().success());
    }

    #[test]
    fn a_family_is_a_process_and_what_it_has_started() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let family = family(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(family[0], std::process::id());
        assert!(family.contains(&child.id()), "{family:?}");
    }
}
