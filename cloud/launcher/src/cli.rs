//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use process::{config::ConfigArgs, telemetry::LogFormat};

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
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every part in this process, behind the gateway; brings its stores up to date by itself
    All,
    /// The public entry alone
    Gateway,
    /// Accounts and sessions alone
    Auth,
    /// Orders alone
    Order,
    /// Inboxes alone
    Notification,
    /// The cloud end of the edges' links alone
    Hub,
    /// Bring every store up to date
    Migrate,
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

impl Command {
    /// Whether everything runs in one process, which then may share embedded stores.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}
