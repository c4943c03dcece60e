//! The command line.

use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use process::{config::ConfigArgs, parts::CloudPart, telemetry::LogFormat};

/// The cloud side of Holdfast: all of it in one process, or one part
#[derive(Debug, Parser)]
#[command(name = "holdfast-cloud", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Keep everything in this folder: SQLite files, the embedded bus, keys. `all` uses
    /// .holdfast/cloud where none is named; a single part expects servers unless one is
    #[arg(long, value_name = "DIR", global = true, env = "HOLDFAST_DATA")]
    pub data: Option<PathBuf>,
    /// The address to listen on, in place of the configured one
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub bind: Option<String>,
    /// How log lines are written
    #[arg(long, value_enum, global = true, default_value_t, env = "HOLDFAST_LOG_FORMAT")]
    pub log: LogFormat,
    #[command(subcommand)]
    pub command: CloudCommand,
}

#[derive(Debug, Subcommand)]
pub enum CloudCommand {
    /// Every part in this process, behind the gateway; brings its stores up to date by itself
    All,
    #[command(flatten)]
    Part(PartCommand),
    /// Bring every store up to date
    Migrate,
    /// Declare every exchange and queue of the broker, before the first part starts. What is there
    /// stays
    DeclareBus,
    /// Make the keys by which parts that run alone know each other, and those that seal the data of
    /// each: a folder for each part, which belongs to that part alone. What is there stays
    MakeKeys {
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Add a new key to the file of data keys. It opens after the next start, and does not seal yet
    AddDataKey,
    /// Let the newest data key seal after the next start. First restart every replica with the key
    /// that was added
    UseDataKey,
    /// List the data keys of the file, the one that seals first
    ListDataKeys,
    /// Take a former data key out of the file. First wait until each table is sealed by another
    /// one: docs/keys.md
    RemoveDataKey {
        /// The key's name, as list-data-keys shows it
        key: String,
    },
    /// Make an admin; the password is the first line of standard input
    BootstrapAdmin {
        #[arg(long)]
        username: String,
        /// Says that the password comes on standard input, the only way it is taken
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Print the configuration as it would be used, secrets masked
    Config,
}

/// One part alone, by its name in the table of parts.
#[derive(Debug, Clone, Copy)]
pub struct PartCommand(pub CloudPart);

impl CloudCommand {
    /// The part that listens.
    pub fn listener(&self) -> CloudPart {
        match self {
            Self::Part(PartCommand(part)) => *part,
            // In one process only the gateway listens.
            _ => CloudPart::Gateway,
        }
    }
}

impl FromArgMatches for PartCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let part = matches.subcommand_name().and_then(CloudPart::named);
        part.map(Self).ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))
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
        CloudPart::named(name).is_some()
    }
}
