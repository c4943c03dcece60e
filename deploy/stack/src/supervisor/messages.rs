//! The messages on the two pipes of a supervisor, one JSON line each.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// The highest stage stops first, so nothing outlives its dependencies.
pub mod stage {
    pub const SERVER: u8 = 0;
    pub const CLOUD: u8 = 1;
    pub const GATEWAY: u8 = 2;
    pub const EDGE: u8 = 3;
}

/// A process to start. Its name is unique among running processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Added to the supervisor's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    pub dir: Option<PathBuf>,
    /// Both output streams are appended to this file.
    pub log: PathBuf,
    /// Written to its standard input, which is then closed. At most a pipe's capacity (64 KiB).
    pub stdin: Option<String>,
    pub stage: u8,
    pub stop: Signal,
    /// The time limit for a stop before it is killed.
    pub stop_ms_max: u64,
}

impl Spec {
    /// One of our programs: stopped with TERM, within two seconds.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, log: PathBuf) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: None,
            log,
            stdin: None,
            stage: stage::CLOUD,
            stop: Signal::Term,
            stop_ms_max: 2_000,
        }
    }

    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        self.env.insert(key.to_owned(), value.into());
        self
    }

    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    pub fn stage(mut self, stage: u8) -> Self {
        self.stage = stage;
        self
    }

    pub fn stop_with(mut self, signal: Signal, deadline_ms: u64) -> Self {
        (self.stop, self.stop_ms_max) = (signal, deadline_ms);
        self
    }
}

/// A signal goes to the whole process group, because a script starts some servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    Term,
    Int,
    Kill,
    /// Freezes a process like a stalled machine, until `Continue`.
    Freeze,
    Continue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SupervisorRequest {
    Start(Box<Spec>),
    Signal {
        name: String,
        signal: Signal,
    },
    /// A file or folder to remove after everything has stopped.
    Remove(PathBuf),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ProcessReport {
    pub(super) name: String,
    pub(super) state: ProcessState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProcessState {
    Starting,
    Running(u32),
    Failed(String),
    Exited(Exit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl Exit {
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}
