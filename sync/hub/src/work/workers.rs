//! The parts that a replica's workers share.

use std::{sync::Arc, time::Duration};

use platform::keys::KeySource;
use process::{clock::Clock, tasks::Tasks};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::sweeps::RetrySchedule;
use crate::{
    peers::OwnerClient,
    signals::{EdgeSignals, ForwardedAccepts, WorkSignal},
    store::Store,
};

/// Permits for concurrent batches of different edges; the rest queue.
const BATCHES_MAX: usize = 4;

/// Works the logs of all edges, one call at a time per edge. Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Workers {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order_client: OwnerClient,
    pub review: OwnerClient,
    pub keys: KeySource,
    pub signals: EdgeSignals,
    pub put_accepts: ForwardedAccepts,
    pub bell: WorkSignal,
    pub held_again: Duration,
    pub accept_cloud_tokens: bool,
    /// Distinguishes this process from other replicas, and from itself before a restart.
    pub replica: Uuid,
    pub sweeps: RetrySchedule,
    pub turns: BatchPermits,
}

#[derive(Clone)]
pub(crate) struct BatchPermits(pub Arc<Semaphore>);

impl Default for BatchPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BATCHES_MAX)))
    }
}
