//! Reports the edge's state to systemd, if systemd has started it: ready, alive, stopping.

use std::time::Duration;

use process::problem::format_error_chain;
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

pub(crate) fn report_ready(edge: &str) {
    notify(&[
        NotifyState::Ready,
        NotifyState::Status(&format!("Edge `{edge}` is running")),
    ]);
}

pub(crate) fn report_stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Shows systemd's watchdog that the database answers. Without that, systemd restarts the edge.
pub(crate) async fn feed_watchdog(store: Store, stop: CancellationToken) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return stop.cancelled().await;
    };
    let mut ticks = interval(patience / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if is_alive(&store, patience).await {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

/// A read error does not need a restart: the edge reports a full disk or a damaged page itself.
async fn is_alive(store: &Store, patience: Duration) -> bool {
    match timeout(patience, store.load_position()).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not read the edge's database"
            );
            true
        }
        Err(_) => {
            tracing::error!("The edge's database does not answer");
            false
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "Could not reach systemd");
    }
}
