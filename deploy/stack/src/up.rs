//! `holdfast-stack up`: a whole platform for a person at a terminal, or for a script that waits for
//! the ready file.
//!
//! Invariants: the ready file and the operator's context exist exactly while the platform is
//! healthy and up; a signal at any moment, even while starting, stops everything that was started.

use std::{
    path::{self, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use process::context::{ContextFolder, OperatorContext};
use stack::{
    Data, Exit, Layout, PORT_BASE, PortChoice, ReadyFile, Stack, Stores, Supervisor, Wishes, ready,
    supervisor_for,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::table;

const DATA: &str = ".holdfast";
/// On files a stop takes at most five seconds, on servers at most twenty; the rest is for an
/// overloaded machine.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Well before an admin's session ends.
const REFRESH: Duration = Duration::from_secs(20 * 60);

#[derive(clap::Args)]
pub(crate) struct UpArguments {
    /// Keep nothing: everything is in a temporary folder that is removed with the platform
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// The data folder; by default .holdfast, or a subfolder of it with --port-base
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The gateway's port; all other ports follow from it
    #[arg(long, value_name = "N", default_value_t = PORT_BASE)]
    port_base: u16,
    /// Use any free ports, so other platforms can run on this machine
    #[arg(long, conflicts_with = "port_base", requires = "ephemeral")]
    free_ports: bool,
    /// The file for the platform's addresses, as JSON, written once everything is healthy
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Run a process per part on private MariaDB, MongoDB, RabbitMQ, Redis and Mosquitto
    #[arg(long)]
    real: bool,
    /// Use the limits of an installation: widen none, although everyone shares one address
    #[arg(long)]
    default_limits: bool,
}

pub(crate) async fn run(arguments: UpArguments) -> Result<()> {
    let stores = if arguments.real {
        Stores::Real
    } else {
        Stores::Embedded
    };
    let ports = if arguments.free_ports {
        PortChoice::Free
    } else {
        PortChoice::From(arguments.port_base)
    };
    let layout = Layout::decide(stores, &data(&arguments), ports)?;
    let supervisor = supervisor_for(&layout)?;
    let worked = tokio::select! {
        worked = work(&arguments, supervisor.clone(), layout) => worked,
        () = process::tasks::stop_signal() => Ok(()),
    };
    eprintln!("Stopping");
    supervisor.stop(STOP_MAX).await?;
    worked
}

/// Ends only when something goes wrong; its caller drops it when a signal comes.
async fn work(arguments: &UpArguments, supervisor: Supervisor, layout: Layout) -> Result<()> {
    let own_ready_file = layout.folder.join("ready.json");
    let wishes = wishes_of(arguments);
    let say = |step: &str| eprintln!("{step}");
    let stack = Stack::start_under(supervisor, layout, &wishes, &say).await?;
    let mut ends = stack.supervisor().ends();
    let described = stack.ready_file();
    let files = [Some(own_ready_file), arguments.ready_file.clone()];
    let _told = Told::everyone(&stack, &described, files.into_iter().flatten().collect()).await?;
    print!("{}", table::of(&described, arguments.ephemeral));
    tokio::select! {
        () = keep_context_fresh(&stack) => Ok(()),
        () = tell_of_ends(&mut ends) => bail!("the supervisor no longer responds"),
        () = stack.supervisor().gone() => bail!("the supervisor ended before it was asked to"),
    }
}

fn wishes_of(arguments: &UpArguments) -> Wishes {
    Wishes {
        demo_data: true,
        default_limits: arguments.default_limits,
        ..Wishes::default()
    }
}

fn data(arguments: &UpArguments) -> Data {
    match &arguments.data {
        _ if arguments.ephemeral => Data::ThrownAway,
        Some(folder) => Data::Kept(folder.clone()),
        // A second platform has a separate data folder.
        None if arguments.port_base != PORT_BASE => Data::Kept(
            [DATA, &format!("at-{}", arguments.port_base)]
                .iter()
                .collect(),
        ),
        None => Data::Kept(DATA.into()),
    }
}

/// The announcements of this platform; withdrawn when it is dropped.
struct Told {
    gateway: String,
    files: Vec<PathBuf>,
}

impl Told {
    async fn everyone(stack: &Stack, ready: &ReadyFile, files: Vec<PathBuf>) -> Result<Self> {
        let told = Self {
            gateway: ready.gateway.clone(),
            files,
        };
        stack
            .supervisor()
            .remove_at_end(&save_context(stack).await?)?;
        for file in &told.files {
            // In case we are killed and this is never dropped.
            stack.supervisor().remove_at_end(&path::absolute(file)?)?;
            ready::write(file, ready)?;
        }
        Ok(told)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        for file in &self.files {
            ready::remove(file);
        }
        if let Err(error) = ContextFolder::for_user().remove(&self.gateway) {
            eprintln!("holdfast-stack: {error}");
        }
    }
}

/// Lets the operator's command find this platform, already signed in.
async fn save_context(stack: &Stack) -> Result<PathBuf> {
    let gateway = stack.layout().gateway_url();
    let token = stack.admin().await?.token().to_owned();
    let saved = ContextFolder::for_user().save(&OperatorContext {
        gateway,
        token,
        renewal: None,
    });
    saved.context("could not save the operator's context")
}

async fn keep_context_fresh(stack: &Stack) {
    loop {
        tokio::time::sleep(REFRESH).await;
        if let Err(error) = save_context(stack).await {
            eprintln!("holdfast-stack: {error:#}");
        }
    }
}

async fn tell_of_ends(ends: &mut Receiver<(String, Exit)>) {
    loop {
        match ends.recv().await {
            Ok((name, exit)) => eprintln!("holdfast-stack: {name} ended with {exit}"),
            Err(RecvError::Lagged(missed)) => {
                eprintln!("holdfast-stack: {missed} more processes ended")
            }
            Err(RecvError::Closed) => return,
        }
    }
}
