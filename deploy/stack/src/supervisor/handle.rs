//! Our end of the pipes: a supervisor and its children as values.
//!
//! Dropping the last handle closes the pipe, and so stops everything; `stop` also waits for the
//! end.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    sync::{broadcast, watch},
    time::timeout,
};

use super::messages::{
    Exit, ProcessReport, ProcessState as State, Signal, Spec, SupervisorRequest,
};

/// A start is answered as soon as the program is executed; it takes this long only on an overloaded
/// machine.
const START_WAIT_MAX: Duration = Duration::from_secs(20);
/// A listener that falls further behind misses the oldest exits.
const ENDS_MAX: usize = 64;

#[derive(Clone)]
pub struct Supervisor {
    pipe: Arc<Mutex<Option<ChildStdin>>>,
    children: Arc<Mutex<HashMap<String, watch::Sender<State>>>>,
    ends: broadcast::Sender<(String, Exit)>,
    gone: watch::Receiver<bool>,
    pid: u32,
}

/// A supervised process. It keeps its name over restarts, but its pid changes.
#[derive(Clone)]
pub struct Child {
    spec: Arc<Spec>,
    supervisor: Supervisor,
    state: watch::Receiver<State>,
}

impl Supervisor {
    /// Starts `program supervise`.
    pub fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .arg("supervise")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut process = command
            .spawn()
            .with_context(|| format!("could not start the supervisor {}", program.display()))?;
        let pipe = process
            .stdin
            .take()
            .context("the supervisor has no standard input")?;
        let reports = process
            .stdout
            .take()
            .context("the supervisor has no standard output")?;
        let (tell_gone, gone) = watch::channel(false);
        let supervisor = Self {
            pipe: Arc::new(Mutex::new(Some(pipe))),
            children: Arc::default(),
            ends: broadcast::channel(ENDS_MAX).0,
            gone,
            pid: process.id(),
        };
        let children = supervisor.children.clone();
        let ends = supervisor.ends.clone();
        std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || {
                follow(reports, &children, &ends);
                // Its output closes when it exits, so this does not wait.
                let _reaped = process.wait();
                let _nobody_waits = tell_gone.send(true);
            })?;
        Ok(supervisor)
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The pids of the supervisor and all its running processes, by name.
    pub fn pids(&self) -> Vec<(String, u32)> {
        let mut pids = vec![("supervisor".to_owned(), self.pid)];
        for (name, state) in lock(&self.children).iter() {
            if let State::Running(pid) = &*state.borrow() {
                pids.push((name.clone(), *pid));
            }
        }
        pids.sort();
        pids
    }

    pub async fn spawn(&self, spec: Spec) -> Result<Child> {
        let state = lock(&self.children)
            .entry(spec.name.clone())
            .or_insert_with(|| watch::channel(State::Starting).0)
            .subscribe();
        let mut child = Child {
            spec: Arc::new(spec),
            supervisor: self.clone(),
            state,
        };
        child.start().await?;
        Ok(child)
    }

    /// Runs a program to its end; an error if it fails.
    pub async fn run(&self, spec: Spec, deadline: Duration) -> Result<()> {
        let name = spec.name.clone();
        let log = spec.log.clone();
        let mut child = self.spawn(spec).await?;
        let exit = child.wait_exit(deadline).await?;
        if !exit.is_success() {
            bail!("`{name}` ended with {exit}:\n{}", crate::logs::tail(&log));
        }
        Ok(())
    }

    /// Stops everything in order and waits until the supervisor itself is gone.
    pub async fn stop(&self, deadline: Duration) -> Result<()> {
        drop(lock(&self.pipe).take());
        let mut gone = self.gone.clone();
        let waited = timeout(deadline, gone.wait_for(|gone| *gone)).await;
        waited
            .map(drop)
            .map_err(|_| anyhow!("some processes were still running after {deadline:?}"))
    }

    /// Removes a file or folder after everything has stopped, even if we are killed before.
    pub fn remove_at_end(&self, path: &Path) -> Result<()> {
        self.send(&SupervisorRequest::Remove(path.to_owned()))
    }

    /// Reports every process that ends from now on, and how.
    pub fn ends(&self) -> broadcast::Receiver<(String, Exit)> {
        self.ends.subscribe()
    }

    /// Returns when the supervisor has exited unexpectedly.
    pub async fn gone(&self) {
        let mut gone = self.gone.clone();
        let _gone_as_well = gone.wait_for(|gone| *gone).await;
    }

    fn send(&self, request: &SupervisorRequest) -> Result<()> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        let mut pipe = lock(&self.pipe);
        let pipe = pipe.as_mut().context("the supervisor has been stopped")?;
        pipe.write_all(line.as_bytes())
            .context("the supervisor has exited")
    }
}

impl Child {
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    pub fn log(&self) -> &Path {
        &self.spec.log
    }

    pub fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Running(pid) => Some(pid),
            _ => None,
        }
    }

    pub fn exit(&self) -> Option<Exit> {
        match *self.state.borrow() {
            State::Exited(exit) => Some(exit),
            _ => None,
        }
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.supervisor.send(&SupervisorRequest::Signal {
            name: self.spec.name.clone(),
            signal,
        })
    }

    /// `kill -9`; returns once it is gone.
    pub async fn kill9(&mut self) -> Result<()> {
        self.signal(Signal::Kill)?;
        self.wait_exit(Duration::from_secs(10)).await.map(drop)
    }

    /// Requests a stop; the process must end within its spec's time limit.
    pub async fn terminate(&mut self) -> Result<Exit> {
        self.signal(self.spec.stop)?;
        self.wait_exit(Duration::from_millis(self.spec.stop_ms_max))
            .await
    }

    pub async fn wait_exit(&mut self, deadline: Duration) -> Result<Exit> {
        let name = self.spec.name.clone();
        let ended = self
            .state
            .wait_for(|state| matches!(state, State::Exited(_)));
        let state = timeout(deadline, ended)
            .await
            .map_err(|_| anyhow!("`{name}` was still running after {deadline:?}"))?
            .map_err(|_| anyhow!("the supervisor of `{name}` has exited"))?;
        match *state {
            State::Exited(exit) => Ok(exit),
            _ => bail!("`{name}` has not ended"),
        }
    }

    /// Starts or restarts it with its spec; it must not be running.
    pub async fn start(&mut self) -> Result<()> {
        let name = self.spec.name.clone();
        if self.pid().is_some() {
            bail!("`{name}` is running");
        }
        if let Some(sender) = lock(&self.supervisor.children).get(&name) {
            sender.send_replace(State::Starting);
        }
        self.supervisor
            .send(&SupervisorRequest::Start(Box::new(Spec::clone(&self.spec))))?;
        let answered = self.state.wait_for(|state| *state != State::Starting);
        let state = timeout(START_WAIT_MAX, answered)
            .await
            .map_err(|_| anyhow!("`{name}` was not started within {START_WAIT_MAX:?}"))?
            .map_err(|_| anyhow!("the supervisor has exited"))?;
        match &*state {
            State::Failed(error) => bail!("`{name}`: {error}"),
            _ => Ok(()),
        }
    }
}

fn follow(
    reports: ChildStdout,
    children: &Mutex<HashMap<String, watch::Sender<State>>>,
    ends: &broadcast::Sender<(String, Exit)>,
) {
    for line in BufReader::new(reports).lines().map_while(Result::ok) {
        let Ok(ProcessReport { name, state }) = serde_json::from_str(&line) else {
            continue;
        };
        if let State::Exited(exit) = state {
            let _nobody_listens = ends.send((name.clone(), exit));
        }
        if let Some(sender) = lock(children).get(&name) {
            sender.send_replace(state);
        }
    }
    // Without a supervisor there are no more reports.
    lock(children).clear();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
