//! `holdfast-stack servers`: private servers for the duration of a test run.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use stack::{Ports, Servers, Supervisor, binaries, ready, servers};

/// Everything is killed and thrown away, so stopping is quick.
const STOP_MAX: Duration = Duration::from_secs(20);

#[derive(clap::Args)]
pub(crate) struct ServersArguments {
    /// The file for the servers' addresses, as JSON, written once all of them answer
    #[arg(long)]
    ready_file: PathBuf,
    /// The folder for the servers' logs; by default they are removed with the servers' data
    #[arg(long)]
    logs: Option<PathBuf>,
}

pub(crate) async fn run(arguments: ServersArguments) -> Result<()> {
    let folder = stack::temporary::folder()?;
    let supervisor = Supervisor::start(&binaries::supervisor()?)?;
    supervisor.remove_at_end(&folder)?;
    supervisor.remove_at_end(&arguments.ready_file)?;
    let logs = arguments.logs.unwrap_or_else(|| folder.join("logs"));
    let mut ports = Ports::default();
    let starting = Servers::start(
        &supervisor,
        &folder,
        &logs,
        servers::ServerData::OfTestRun,
        &mut ports,
    );
    let servers = tokio::select! {
        servers = starting => servers?,
        () = process::tasks::stop_signal() => return supervisor.stop(STOP_MAX).await,
    };
    ready::write(&arguments.ready_file, &servers.addresses)?;
    let ended = tokio::select! {
        () = process::tasks::stop_signal() => Ok(()),
        () = supervisor.gone() => bail!("the supervisor ended before it was asked to"),
    };
    ready::remove(&arguments.ready_file);
    supervisor
        .stop(STOP_MAX)
        .await
        .context("could not stop the servers")?;
    ended
}
