//! Behaviour of every process: configuration, time, tokens, problems, telemetry, tasks, shutdown.
//!
//! Invariant: only `clock` reads a clock or makes a UUIDv7, only `random` draws random bytes, and
//! only `tasks` spawns, so that one place shows and bounds each.

pub mod client;
pub mod clock;
pub mod config;
pub mod context;
pub mod health;
pub mod idempotency;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod parts;
pub mod problem;
pub mod qr;
pub mod random;
pub mod routes;
pub mod seal;
pub mod sse;
pub mod start_code;
pub mod tasks;
pub mod telemetry;
pub mod tokens;
pub mod trace;
pub mod trust;
pub mod web;

use rustix::{
    fs::Mode,
    process::{Signal, set_parent_process_death_signal, umask},
};

texts::include_texts!(say);

/// Runs first in every `main`: private files, one TLS and one token provider, logs and metrics
/// under `name`, and an exit with the parent. A second call changes nothing.
pub fn start(name: &'static str, log: telemetry::LogFormat) {
    umask(Mode::RWXG | Mode::RWXO);
    telemetry::install_logs_and_metrics(name, log);
    if let Some(defect) = planted::defect_from_environment() {
        tracing::warn!(
            defect = defect.name(),
            "This process runs with a planted defect"
        );
    }
    // An earlier caller installed the same provider: only `ring` is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokens::install_provider();
    // A killed supervisor cannot stop its children, so the kernel does.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        tracing::warn!(%error, "Could not arrange to stop with the parent process");
    }
}
