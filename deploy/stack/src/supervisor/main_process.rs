//! The supervisor process itself: `holdfast-stack supervise`.

use std::{
    fs,
    io::{BufRead, ErrorKind},
    path::Path,
    sync::Arc,
    thread,
};

use anyhow::{Context, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{messages::SupervisorRequest, yard::Yard};

/// Serves requests until standard input closes or a signal comes; then stops everything.
pub fn run() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("could not become the reaper of orphaned processes")?;
    let yard = Arc::new(Yard::new());
    let (ended, end) = oneshot::channel();
    spawn_thread("reaper", {
        let yard = yard.clone();
        move || yard.reap()
    })?;
    spawn_thread("requests", {
        let yard = yard.clone();
        move || {
            serve(&yard);
            let _stopping_already = ended.send(());
            // Our programs stop when the thread that started them ends, so keep it alive for an
            // orderly stop.
            loop {
                thread::park();
            }
        }
    })?;
    wait_for_the_end(end)?;
    for path in yard.stop() {
        remove(&path)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn serve(yard: &Yard) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        match serde_json::from_str(&line) {
            Ok(SupervisorRequest::Start(spec)) => yard.start(&spec),
            Ok(SupervisorRequest::Signal { name, signal }) => yard.signal(&name, signal),
            Ok(SupervisorRequest::Remove(path)) => yard.remove_at_end(path),
            Err(error) => eprintln!("holdfast-stack: not a request: {error}"),
        }
    }
}

/// A hang-up of the terminal and a signal to us alone mean the same as a closed pipe.
fn wait_for_the_end(end: oneshot::Receiver<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut term = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            _ = end => {}
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
        Ok(())
    })
}

fn spawn_thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .context("could not start a thread")?;
    Ok(())
}
