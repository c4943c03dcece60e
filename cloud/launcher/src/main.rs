//! `holdfast-cloud`: every part of the cloud in one process, or one part per process.
//!
//! Invariant: a part does not know in which of the two it runs. Only configuration of peers, stores
//! and the bus differs.

mod cli;
mod parts;
mod resources;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use platform::sealing;
use process::{problem::format_error_chain, tokens::ServiceKey, trust};
use tikv_jemallocator::Jemalloc;

use crate::{
    cli::{Cli, CloudCommand, PartCommand},
    settings::Settings,
};

/// A request makes about a hundred small allocations; the system allocator takes an eighth of a
/// read's time for them.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    process::start("holdfast-cloud", cli.log);
    match run_command(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &(dyn std::error::Error + Send + Sync) = error.as_ref();
            tracing::error!("{}", format_error_chain(error));
            ExitCode::FAILURE
        }
    }
}

/// Boxes the large futures to keep them on the heap.
async fn run_command(cli: Cli) -> anyhow::Result<()> {
    let settings = Settings::load(&cli)?;
    trust::trust_authorities(&settings.tls)?;
    match cli.command {
        CloudCommand::All => Box::pin(parts::run_all(settings)).await,
        CloudCommand::Part(PartCommand(part)) => Box::pin(parts::run_alone(part, settings)).await,
        CloudCommand::Migrate => {
            resources::create_data_folder(&settings)?;
            Box::pin(parts::migrate(&settings)).await
        }
        CloudCommand::DeclareBus => Box::pin(parts::declare_bus(&settings)).await,
        CloudCommand::MakeKeys { into } => {
            ServiceKey::create_key_folders(&into)?;
            resources::create_data_keys(&into)
        }
        CloudCommand::AddDataKey => {
            let key = sealing::add(&settings.platform.data_keys)?;
            println!(
                "{key} opens sealed data after the next restart; run `use-data-key` to seal with it"
            );
            Ok(())
        }
        CloudCommand::UseDataKey => {
            let key = sealing::use_newest(&settings.platform.data_keys)?;
            println!("{key} seals new data after the next restart");
            Ok(())
        }
        CloudCommand::ListDataKeys => {
            let keys = sealing::list_keys(&settings.platform.data_keys)?;
            for (place, key) in keys.iter().enumerate() {
                println!(
                    "{key} {}",
                    if place == 0 {
                        "seals and opens"
                    } else {
                        "opens"
                    }
                );
            }
            Ok(())
        }
        CloudCommand::RemoveDataKey { key } => {
            sealing::remove(&settings.platform.data_keys, &key)?;
            println!("{key} no longer opens sealed data after the next restart");
            Ok(())
        }
        CloudCommand::BootstrapAdmin { username, .. } => {
            Box::pin(parts::bootstrap_admin(&settings, &username)).await
        }
        CloudCommand::Config => {
            print!("{}", settings.render_masked()?);
            Ok(())
        }
    }
}
