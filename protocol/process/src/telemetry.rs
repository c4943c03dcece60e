//! Logs and metrics of this process. Logs go to stderr; stdout is for output to people and scripts.

use std::{io, time::Duration};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::metrics;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// Readable lines.
    #[default]
    Pretty,
    /// One JSON object per line, for a log store.
    Json,
}

/// Our own events and the warnings of libraries, unless `HOLDFAST_LOG` is set.
const FILTER: &str = "info,lapin=warn,mongodb=warn,sqlx=warn,hyper=warn,tower=warn,\
    tokio_cron_scheduler=warn,rusqlite_migration=warn";
const TIDY_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn install_logs_and_metrics(name: &'static str, format: LogFormat) {
    let wanted = std::env::var("HOLDFAST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let parsed = EnvFilter::try_new(wanted.as_deref().unwrap_or(FILTER));
    let unreadable = parsed.as_ref().err().map(ToString::to_string);
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new(FILTER));
    let registry = tracing_subscriber::registry().with(filter);
    let colour =
        io::IsTerminal::is_terminal(&io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    // A second call, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Pretty => registry
            .with(fmt::layer().with_writer(io::stderr).with_ansi(colour))
            .try_init(),
        LogFormat::Json => {
            let layer = fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false);
            registry.with(layer.with_writer(io::stderr)).try_init()
        }
    };
    if let Some(why) = unreadable {
        tracing::warn!(
            why,
            "Could not parse HOLDFAST_LOG; using the default filter"
        );
    }
    if metrics::install_recorder() {
        spawn_metrics_upkeep(name);
    }
}

fn run_metrics_upkeep() {
    loop {
        std::thread::sleep(TIDY_EVERY);
        metrics::run_upkeep();
    }
}

/// A plain thread runs under any runtime, or without one.
fn spawn_metrics_upkeep(name: &'static str) {
    if let Err(error) = std::thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(run_metrics_upkeep)
    {
        tracing::warn!(%error, process = name, "Could not start the metrics upkeep thread; upkeep runs only on scrapes");
    }
}
