//! The command line.

use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use process::{config::ConfigArgs, parts::CloudPart, telemetry::LogFormat};

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
    /// Create a private folder per part with its service key, its callers' public keys and its data
    /// keys, for parts that run alone. Keeps existing keys
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
