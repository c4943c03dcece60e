//! The first thing every `main` does.

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::{telemetry, tokens};

/// Makes this a well-behaved process: one TLS and one token provider, logs and metrics under `name`,
/// and an end when the parent ends. Calling it twice changes nothing.
pub fn start(name: &'static str, log: telemetry::LogFormat) {
    telemetry::install(name, log);
    // An earlier caller installed the same provider: `ring` is the only one linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokens::install_provider();
    // A supervisor that is killed cannot tell its children to stop, so the kernel does.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        tracing::warn!(%error, "Could not ask to be stopped when the parent process ends");
    }
}
