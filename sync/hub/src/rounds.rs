//! A loop that a replica repeats until the process stops.

use std::{error::Error, time::Duration};

use process::tasks::{STOP_WITHIN, Tasks};
use tokio_util::sync::CancellationToken;

/// Time for running work when the process stops. It leaves enough to release a claim.
const GRACE: Duration = Duration::from_millis(500);
const _: () = assert!(GRACE.as_millis() < STOP_WITHIN.as_millis());

/// Logs only the first of several failures in a row.
pub(crate) struct PollLoop {
    stop: CancellationToken,
    warning: &'static str,
    is_failing: bool,
}

impl PollLoop {
    pub fn new(tasks: &Tasks, warning: &'static str) -> Self {
        Self {
            stop: tasks.stop_token(),
            warning,
            is_failing: false,
        }
    }

    /// Takes the result of one round and waits for the next. Returns `false` when the process
    /// stops.
    pub async fn next(
        &mut self,
        result: Result<(), impl Error>,
        pause: impl Future<Output = ()>,
    ) -> bool {
        if let Err(error) = &result
            && !self.is_failing
        {
            tracing::warn!(
                cause = process::problem::format_error_chain(error),
                "{}",
                self.warning
            );
        }
        self.is_failing = result.is_err();
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = pause => true,
        }
    }
}

/// Completes when running work must be abandoned, so that a silent owner cannot prevent the release
/// of a claim. Abandoned work is never partially stored.
pub(crate) async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
