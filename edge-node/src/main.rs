//! Command line: `holdfast-edge [run]`, `config`, `report`, `check`, `rescue`, `backup` and
//! `restore`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use holdfast_edge::{
    Config, FileCheck, ReportError, StartError, back_up, check_file, check_owner, path_in,
    read_disk_standing, read_report, rescue_commands, restore_backup, start,
};
use process::{
    clock::Clock,
    config::{self, ConfigArgs},
    tasks::stop_signal,
    telemetry::LogFormat,
    trust::{self, TlsConfig},
};

/// One region's node: takes commands while the cloud is unreachable.
#[derive(Parser)]
#[command(name = "holdfast-edge", version)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Log format
    #[arg(long, value_enum, default_value = "pretty", global = true)]
    log: LogFormat,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the edge (default)
    Run,
    /// Print the effective configuration, secrets masked
    Config,
    /// Report the edge's state from its file, even while the edge runs
    Report {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check the whole database, even while the edge runs
    Check,
    /// Save the commands that wait for the cloud in a new file, also from a damaged database
    Rescue {
        /// The file to make; it contains people's tokens
        file: PathBuf,
    },
    /// Copy this edge into a new folder, even while it runs
    Backup {
        /// The folder to make
        folder: PathBuf,
    },
    /// Fill the empty data folder from a backup
    Restore {
        /// The folder that `backup` made
        folder: PathBuf,
    },
}

const SECTION: &str = "edge";

/// Two threads are enough: one works while the other waits for the kernel.
#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match run_command(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-edge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_command(args: Args) -> anyhow::Result<()> {
    let sources = args.config.collect_sources();
    config::check_sections(&sources)?;
    let config: Config = config::load(SECTION, &sources)?;
    let tls: TlsConfig = config::load(trust::SECTION, &sources)?;
    match args.command.unwrap_or(Command::Run) {
        Command::Run => {
            process::start("holdfast-edge", args.log);
            trust::trust_authorities(&tls)?;
            run(config).await
        }
        Command::Config => {
            let edge = config::render_masked_section(SECTION, &config);
            let tls = config::render_masked_section(trust::SECTION, &tls);
            print_text(&format!("{edge}\n{tls}"))
        }
        Command::Report { json } => print_report(&config, json),
        Command::Check => check_database(&config),
        Command::Rescue { file } => rescue_undecided(&config, &file),
        Command::Backup { folder } => write_backup(&config, &folder),
        Command::Restore { folder } => run_restore(&config, &folder),
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut running = start(config, Clock::system()).await?;
    let damaged = running.watch_damage();
    let ended = tokio::select! {
        () = stop_signal() => Ok(()),
        found = damaged => Err(found.into()),
        error = running.wait_enrolment_failure() => Err(error.into()),
    };
    running.stop().await;
    tracing::info!("Stopped");
    ended
}

fn print_report(config: &Config, json: bool) -> anyhow::Result<()> {
    let data = config.data.clone();
    check_owner(&data)?;
    let mut report = match read_report(&path_in(&data)) {
        Err(error) if journal::is_of_damage(&error) => {
            let stopped_at = "could not read the report".to_owned();
            return Err(StartError::Damaged { data, stopped_at }.into());
        }
        Err(ReportError::NewerVersion) => return Err(StartError::NewerVersion(data).into()),
        read => read?,
    };
    report.disk = read_disk_standing(config, &report.disk_days, Clock::system().now());
    let text = if json {
        serde_json::to_string_pretty(&report)?
    } else {
        report.to_string()
    };
    print_text(&format!("{text}\n"))
}

/// A reader may close the pipe early, as `head` does.
fn print_text(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn check_database(config: &Config) -> anyhow::Result<()> {
    check_owner(&config.data)?;
    let path = path_in(&config.data);
    match check_file(&path, || false) {
        FileCheck::Sound => println!("{} is sound.", path.display()),
        FileCheck::Unfinished => anyhow::bail!("{} could not be checked now", path.display()),
        FileCheck::Damaged(fault) => anyhow::bail!(
            "{} is damaged: {fault}. The next start of the edge makes a new database from what it \
             still has",
            path.display()
        ),
        FileCheck::NewerProgram => {
            return Err(StartError::NewerVersion(config.data.clone()).into());
        }
    }
    Ok(())
}

fn rescue_undecided(config: &Config, file: &Path) -> anyhow::Result<()> {
    check_owner(&config.data)?;
    let commands = rescue_commands(config, file, Clock::system().now())?;
    println!(
        "Saved {commands} commands that wait for the cloud in {}. The file contains people's \
         tokens: keep it as safe as the edge.",
        file.display()
    );
    Ok(())
}

fn write_backup(config: &Config, folder: &Path) -> anyhow::Result<()> {
    let edge = back_up(&config.data, folder)?.edge_id;
    let folder = folder.display();
    println!(
        "Copied edge `{edge}` to {folder}. It contains the edge's key: keep it as safe as the edge."
    );
    Ok(())
}

fn run_restore(config: &Config, folder: &Path) -> anyhow::Result<()> {
    let identity = restore_backup(folder, &config.data)?;
    println!(
        "Restored edge `{}` of {} to {}. Its next start tells the cloud, which gives back what is \
         newer. Never run it beside the machine that it was copied from.",
        identity.edge_id,
        identity.region,
        config.data.display()
    );
    Ok(())
}
