//! The parts that the work of a replica shares.

use std::{sync::Arc, time::Duration};

use platform::keys::KeySource;
use process::{clock::Clock, tasks::Tasks};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::sweeps::Sweeps;
use crate::{
    peers::OpOwner,
    signals::{Nudges, PutAccepts, WorkBell},
    store::Store,
};

/// Batches of different edges under way at once; the rest wait their turn.
const BATCHES_MAX: usize = 4;

/// Works the logs of all edges, one call an edge at a time. Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Workers {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order: OpOwner,
    pub review: OpOwner,
    pub keys: KeySource,
    pub nudges: Nudges,
    pub put_accepts: PutAccepts,
    pub bell: WorkBell,
    pub held_again: Duration,
    pub accept_cloud_tokens: bool,
    /// Tells this process from other replicas, and from itself before a restart.
    pub replica: Uuid,
    pub sweeps: Sweeps,
    pub turns: BatchTurns,
}

#[derive(Clone)]
pub(crate) struct BatchTurns(pub Arc<Semaphore>);

impl Default for BatchTurns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BATCHES_MAX)))
    }
}
