//! Owns the running processes of a supervisor: starts, signals, reaps and stops them.
//!
//! Invariant: starting and reaping exclude each other, so an exit is always reported after its
//! start, and the reaper never takes the status that `spawn` waits for when a program cannot be
//! executed.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{self, Pid, WaitId, WaitIdOptions, WaitOptions, WaitStatus},
};

use super::messages::{Exit, ProcessReport, ProcessState, Signal, Spec};

/// After KILL, only a process in uninterruptible IO remains; we do not wait longer for it.
const KILLED_MS_MAX: u64 = 2_000;
/// Rounds of killing the orphans of daemons; each round kills at least one generation.
const STRAY_ROUNDS_MAX: u32 = 50;

pub(super) struct Yard {
    living: Mutex<Living>,
    changed: Condvar,
}

#[derive(Default)]
struct Living {
    by_name: BTreeMap<String, Running>,
    /// Counts starts, so the reaper notices one that happened while it had no children.
    starts: u64,
    stopping: bool,
    to_remove: Vec<PathBuf>,
}

struct Running {
    pid: Pid,
    stage: u8,
    stop: Signal,
    stop_ms_max: u64,
}

impl Yard {
    pub(super) fn new() -> Self {
        Self {
            living: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn start(&self, spec: &Spec) {
        let mut living = self.lock();
        match spawn(spec, &living) {
            Ok(pid) => {
                let running = Running {
                    pid,
                    stage: spec.stage,
                    stop: spec.stop,
                    stop_ms_max: spec.stop_ms_max,
                };
                living.by_name.insert(spec.name.clone(), running);
                living.starts += 1;
                report(spec.name.clone(), ProcessState::Running(number(pid)));
                self.changed.notify_all();
            }
            Err(error) => report(spec.name.clone(), ProcessState::Failed(error)),
        }
    }

    /// Signalling a process that has just exited is not an error: its exit is on the way.
    pub(super) fn signal(&self, name: &str, signal: Signal) {
        if let Some(running) = self.lock().by_name.get(name) {
            send(running.pid, signal);
        }
    }

    /// Reaps in an endless loop: our children and, as we are the subreaper, all their orphans.
    pub(super) fn reap(&self) {
        loop {
            let starts = self.lock().starts;
            match process::waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) => self.take_exits(),
                Err(Errno::CHILD) => {
                    let _unused = self
                        .changed
                        .wait_while(self.lock(), |living| living.starts == starts)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Err(_) => {}
            }
        }
    }

    pub(super) fn remove_at_end(&self, path: PathBuf) {
        self.lock().to_remove.push(path);
    }

    /// Stops everything, the highest stage first and orphans last. Returns the files and folders
    /// that are now unused and should be removed.
    pub(super) fn stop(&self) -> Vec<PathBuf> {
        self.lock().stopping = true;
        while let Some(stage) = self.highest_stage() {
            let deadline_ms = self.signal_stage(stage, None);
            if !self.wait_gone(stage, deadline_ms) {
                self.signal_stage(stage, Some(Signal::Kill));
                if !self.wait_gone(stage, KILLED_MS_MAX) {
                    self.lock()
                        .by_name
                        .retain(|_, running| running.stage != stage);
                }
            }
        }
        self.kill_strays();
        std::mem::take(&mut self.lock().to_remove)
    }

    fn highest_stage(&self) -> Option<u8> {
        self.lock()
            .by_name
            .values()
            .map(|running| running.stage)
            .max()
    }

    /// Sends each process of the stage the signal, or its stop signal; returns the time to wait.
    fn signal_stage(&self, stage: u8, signal: Option<Signal>) -> u64 {
        let living = self.lock();
        let mut deadline_ms = 0;
        for running in living
            .by_name
            .values()
            .filter(|running| running.stage == stage)
        {
            send(running.pid, signal.unwrap_or(running.stop));
            // A frozen process receives no signal until it continues.
            send(running.pid, Signal::Continue);
            deadline_ms = deadline_ms.max(running.stop_ms_max);
        }
        deadline_ms
    }

    fn wait_gone(&self, stage: u8, deadline_ms: u64) -> bool {
        let (_living, waited) = self
            .changed
            .wait_timeout_while(self.lock(), Duration::from_millis(deadline_ms), |living| {
                living
                    .by_name
                    .values()
                    .any(|running| running.stage == stage)
            })
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }

    fn kill_strays(&self) {
        for _ in 0..STRAY_ROUNDS_MAX {
            let strays = children_of(process::getpid());
            if strays.is_empty() {
                return;
            }
            for pid in strays {
                let _gone_already = process::kill_process(pid, process::Signal::KILL);
            }
            let _either_way = self
                .changed
                .wait_timeout(self.lock(), Duration::from_millis(20));
        }
    }

    fn take_exits(&self) {
        let mut living = self.lock();
        while let Ok(Some((pid, status))) = process::wait(WaitOptions::NOHANG) {
            let name = living
                .by_name
                .iter()
                .find(|(_, r)| r.pid == pid)
                .map(|(n, _)| n.clone());
            if let Some(name) = name {
                living.by_name.remove(&name);
                report(name, ProcessState::Exited(exit_of(status)));
            }
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Living> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(spec: &Spec, living: &Living) -> Result<Pid, String> {
    if living.stopping {
        return Err("the platform is stopping".into());
    }
    if living.by_name.contains_key(&spec.name) {
        return Err("a process with this name is already running".into());
    }
    let said = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&spec.log);
    let log = log.map_err(|e| said(&format!("could not open {}", spec.log.display()), &e))?;
    let errors = log
        .try_clone()
        .map_err(|e| said("could not duplicate the handle of its log", &e))?;
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.args)
        .envs(&spec.env)
        .stdout(log)
        .stderr(errors);
    // A separate group: Ctrl-C in a terminal reaches only us, and we stop things in order.
    command.process_group(0);
    command.stdin(if spec.stdin.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    if let Some(dir) = &spec.dir {
        command.current_dir(dir);
    }
    let mut child = command
        .spawn()
        .map_err(|e| said(&format!("could not start {}", spec.program.display()), &e))?;
    if let (Some(text), Some(mut pipe)) = (&spec.stdin, child.stdin.take()) {
        // If the child is already gone, its exit shows that.
        let _gone_already = pipe.write_all(text.as_bytes());
    }
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| "has no pid".into())
}

fn send(group: Pid, signal: Signal) {
    let signal = match signal {
        Signal::Term => process::Signal::TERM,
        Signal::Int => process::Signal::INT,
        Signal::Kill => process::Signal::KILL,
        Signal::Freeze => process::Signal::STOP,
        Signal::Continue => process::Signal::CONT,
    };
    let _gone_already = process::kill_process_group(group, signal);
}

/// Read from /proc, because we have no list of adopted processes.
fn children_of(parent: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent))
        .filter_map(Pid::from_raw)
        .collect()
}

fn parent_of(pid: i32) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in brackets and may contain anything, brackets included.
    let (_, after_name) = stat.rsplit_once(')')?;
    Pid::from_raw(after_name.split_whitespace().nth(1)?.parse().ok()?)
}

fn exit_of(status: WaitStatus) -> Exit {
    status.terminating_signal().map_or_else(
        || Exit::Code(status.exit_status().unwrap_or(-1)),
        Exit::Signal,
    )
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

/// If the reader is gone there is no one left to report to.
fn report(name: String, state: ProcessState) {
    if let Ok(line) = serde_json::to_string(&ProcessReport { name, state }) {
        let _nobody_reads = writeln!(std::io::stdout(), "{line}");
    }
}
