//! `holdfast-cloud`: every part of the cloud in one process, or one part in each.
//!
//! Invariant: a part does not know which of the two it runs in; only how it reaches its peers, its
//! stores and the bus differs, and that is configuration.

mod all;
mod cli;
mod defaults;
mod ground;
mod parts;
mod run;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use process::problem::chain;

use crate::{
    cli::{Cli, Command},
    parts::Part,
    settings::Settings,
};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    process::start("holdfast-cloud", cli.log);
    match work(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &(dyn std::error::Error + Send + Sync) = error.as_ref();
            tracing::error!("{}", chain(error));
            ExitCode::FAILURE
        }
    }
}

async fn work(cli: Cli) -> anyhow::Result<()> {
    let settings = Settings::load(&cli)?;
    match cli.command {
        Command::All => all::run(settings).await,
        Command::Gateway => parts::run(Part::Gateway, settings).await,
        Command::Auth => parts::run(Part::Auth, settings).await,
        Command::Order => parts::run(Part::Order, settings).await,
        Command::Notification => parts::run(Part::Notification, settings).await,
        Command::Hub => parts::run(Part::Hub, settings).await,
        Command::Migrate => {
            ground::make_data(&settings)?;
            parts::migrate(&settings).await
        }
        Command::BootstrapAdmin { username, .. } => {
            parts::bootstrap_admin(&settings, &username).await
        }
        Command::Config => {
            print!("{}", settings.printable());
            Ok(())
        }
    }
}
