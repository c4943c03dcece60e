//! Runs every task of a process. No other code spawns, so a stop reaches all tasks, in order,
//! within a deadline, and a dying task is logged.

use std::{
    fmt::Debug,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{
    signal::unix,
    task::{AbortHandle, JoinSet},
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::metrics;

/// How long a cloud process's tasks may take to stop.
pub const STOP_WITHIN: Duration = Duration::from_millis(900);

/// A set of tasks that stop together. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    token: CancellationToken,
    state: Mutex<TaskSetState>,
}

#[derive(Debug, Default)]
struct TaskSetState {
    set: JoinSet<()>,
    /// In start order, including some that have ended.
    started: Vec<(&'static str, AbortHandle)>,
    closed: bool,
    children: Vec<Tasks>,
}

impl TaskSetState {
    fn running_names(&self) -> impl Iterator<Item = &'static str> {
        self.started
            .iter()
            .filter(|(_, task)| !task.is_finished())
            .map(|(name, _)| *name)
    }
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs until the token is cancelled; an earlier end is logged.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.start(name, false, work.boxed());
    }

    /// Starts a task that ends when its work is done.
    pub fn spawn_once(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.start(name, true, work.boxed());
    }

    /// Cancelled when these tasks should stop.
    pub fn stop_token(&self) -> CancellationToken {
        self.0.token.clone()
    }

    /// A set that ends completely before this one is stopped. Use the child for intake and the
    /// parent for workers.
    pub fn new_child(&self) -> Self {
        let child = Self(Arc::new(Inner {
            token: self.0.token.child_token(),
            ..Inner::default()
        }));
        let mut state = self.lock_state();
        // Forget idle children that no one holds.
        state
            .children
            .retain(|child| Arc::strong_count(&child.0) > 1 || child.is_busy());
        if state.closed {
            child.0.token.cancel();
            child.lock_state().closed = true;
        }
        state.children.push(child.clone());
        child
    }

    /// Excludes the children's tasks.
    pub fn running_count(&self) -> usize {
        self.lock_state().running_names().count()
    }

    /// Stops the children, newest first, then these tasks; logs and aborts late ones.
    pub async fn shutdown(&self, deadline: Duration) {
        self.shutdown_until(time::sleep(deadline).shared()).await;
    }

    async fn shutdown_until(&self, end: Shared<time::Sleep>) {
        let children = {
            let mut state = self.lock_state();
            state.closed = true;
            std::mem::take(&mut state.children)
        };
        for child in children.into_iter().rev() {
            Box::pin(child.shutdown_until(end.clone())).await;
        }
        self.0.token.cancel();
        let mut set = std::mem::take(&mut self.lock_state().set);
        let in_time = tokio::select! {
            biased;
            () = async { while set.join_next().await.is_some() {} } => true,
            () = end => false,
        };
        if !in_time {
            for name in self.lock_state().running_names() {
                metrics::TASK_FAULTS.add([name], 1);
                tracing::error!(
                    task = name,
                    "Task `{name}` did not stop in time; aborting it"
                );
            }
            set.shutdown().await;
        }
    }

    /// Boxed, so that the runtime's code for a task is compiled once.
    fn start(&self, name: &'static str, once: bool, work: BoxFuture<'static, ()>) {
        let mut state = self.lock_state();
        if state.closed {
            tracing::debug!(
                task = name,
                "Did not start task `{name}`: the process is stopping"
            );
            return;
        }
        // Keep the set small by removing ended tasks.
        while state.set.try_join_next().is_some() {}
        state.started.retain(|(_, task)| !task.is_finished());
        let tasks = self.clone();
        let span = tracing::info_span!("task", task = name);
        let work = async move {
            let ended = AssertUnwindSafe(work).catch_unwind().await;
            report_end(name, once, ended.is_err(), tasks.0.token.is_cancelled());
        };
        #[allow(clippy::disallowed_methods)]
        let task = state.set.spawn(work.instrument(span));
        state.started.push((name, task));
    }

    fn is_busy(&self) -> bool {
        let state = self.lock_state();
        state.running_names().next().is_some() || state.children.iter().any(Self::is_busy)
    }

    fn lock_state(&self) -> MutexGuard<'_, TaskSetState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Completes on SIGINT or SIGTERM.
pub async fn stop_signal() {
    let signals = (
        unix::signal(unix::SignalKind::interrupt()),
        unix::signal(unix::SignalKind::terminate()),
    );
    match signals {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "Could not listen for signals; only SIGKILL stops this process");
            std::future::pending::<()>().await;
        }
    }
}

fn report_end(name: &'static str, once: bool, panicked: bool, stopping: bool) {
    if panicked {
        metrics::TASK_FAULTS.add([name], 1);
        tracing::error!(task = name, "Task `{name}` panicked");
    } else if !once && !stopping {
        metrics::TASK_FAULTS.add([name], 1);
        tracing::warn!(task = name, "Task `{name}` ended before it was asked to");
    }
}

#[cfg(test)]
mod tests;
