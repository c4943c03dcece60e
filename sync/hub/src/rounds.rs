//! Work that a replica does again and again until the process stops.

use std::{error::Error, time::Duration};

use process::tasks::{STOP_WITHIN, Tasks};
use tokio_util::sync::CancellationToken;

/// Time for work under way when the process stops. It leaves enough to release a claim.
const GRACE: Duration = Duration::from_millis(500);
const _: () = assert!(GRACE.as_millis() < STOP_WITHIN.as_millis());

/// Logs the first of several failures in a row.
pub(crate) struct Rounds {
    stop: CancellationToken,
    warning: &'static str,
    is_failing: bool,
}

impl Rounds {
    pub fn new(tasks: &Tasks, warning: &'static str) -> Self {
        Self { stop: tasks.token(), warning, is_failing: false }
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
            tracing::warn!(cause = process::problem::chain(error), "{}", self.warning);
        }
        self.is_failing = result.is_err();
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = pause => true,
        }
    }
}

/// Returns when work under way must be given up, so that an owner that keeps silent stops nobody
/// from releasing a claim. None of that work is stored in part.
pub(crate) async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
