//! `holdfast-cloud`: every part of the cloud in one process, or one part per process.
//!
//! Invariant: a part does not know in which of the two it runs. Only configuration of peers, stores
//! and the bus differs.

mod parts;
mod resources;
mod serve;
mod settings;

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgMatches, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use platform::sealing;
use process::{
    config::ConfigArgs, parts::CloudPart, problem::format_error_chain, telemetry::LogFormat,
    tokens::ServiceKey, trust,
};

use crate::settings::Settings;

/// A request makes about a hundred small allocations; the system allocator takes an eighth of a
/// read's time for them.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The cloud tier of Holdfast: all parts in one process, or a single part
#[derive(Debug, Parser)]
#[command(name = "holdfast-cloud", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Data folder for SQLite files, the embedded bus and keys. `all` defaults to .holdfast/cloud;
    /// a single part uses servers unless this is set
    #[arg(long, value_name = "DIR", global = true, env = "HOLDFAST_DATA")]
    pub data: Option<PathBuf>,
    /// Listen on this address instead of the configured one
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub bind: Option<String>,
    /// Format of log lines
    #[arg(
        long,
        value_enum,
        global = true,
        default_value_t,
        env = "HOLDFAST_LOG_FORMAT"
    )]
    pub log: LogFormat,
    #[command(subcommand)]
    pub command: CloudCommand,
}

#[derive(Debug, Subcommand)]
pub enum CloudCommand {
    /// Run every part in this process, behind the gateway; migrates the stores first
    All,
    #[command(flatten)]
    Part(PartCommand),
    /// Migrate every store to the current schema
    Migrate,
    /// Declare the broker's exchanges and queues, before the first part starts. Keeps existing ones
    DeclareBus,
    /// Create a private folder per part with its service key, its callers' public keys, its data
    /// keys and the key of web push, for parts that run alone. Keeps existing keys
    MakeKeys {
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Add a new data key to the file. It opens values after the next start, but does not seal yet
    AddDataKey,
    /// Seal with the newest data key after the next start. First restart every replica with the
    /// added key
    UseDataKey,
    /// List the data keys in the file, the sealing key first
    ListDataKeys,
    /// Remove a former data key from the file. First wait until another key seals every table:
    /// docs/keys.md
    RemoveDataKey {
        /// The key's name, as shown by list-data-keys
        key: String,
    },
    /// Create an admin, with the password from the first line of standard input
    BootstrapAdmin {
        #[arg(long)]
        username: String,
        /// Confirm that the password comes on standard input, the only source
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Print the effective configuration, secrets masked
    Config,
}

/// The subcommand of one part, named as in the parts table.
#[derive(Debug, Clone, Copy)]
pub struct PartCommand(pub CloudPart);

impl CloudCommand {
    pub fn listening_part(&self) -> CloudPart {
        match self {
            Self::Part(PartCommand(part)) => *part,
            // In one process only the gateway listens.
            _ => CloudPart::Gateway,
        }
    }
}

impl FromArgMatches for PartCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let part = matches.subcommand_name().and_then(CloudPart::from_name);
        part.map(Self)
            .ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for PartCommand {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        let parts = CloudPart::ALL.iter();
        command.subcommands(parts.map(|part| clap::Command::new(part.name()).about(part.about())))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        CloudPart::from_name(name).is_some()
    }
}

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
            resources::create_data_keys(&into)?;
            resources::create_push_key(&into)
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
