//! How a job seals what a store already has: table by table, a batch at a time, from the first row
//! to the last.

use std::sync::Arc;

use process::metrics;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::DataKeys;

/// How far one table is walked. Clones share it. A process that has come to the end is done: its
/// keys stay as they are, and nothing else writes plain values or by a former key, save replicas
/// that have not started anew; the walk of the replica that starts last passes over what they
/// wrote.
#[derive(Clone)]
pub struct SealWalk<P> {
    table: &'static str,
    state: Arc<Mutex<WalkState<P>>>,
}

enum WalkState<P> {
    /// The last row that was passed, and how many values were sealed anew.
    Behind(P, u64),
    Done,
}

/// A batch of a table that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch<P> {
    /// Rows that were written anew.
    pub sealed: usize,
    /// The last row of the batch; `None` at the end of the table.
    pub last: Option<P>,
}

/// One run of the job: it goes on where the last one stopped.
///
/// ```text
/// let mut turn = walk.turn(keys, BATCHES_MAX).await;
/// while let Some(after) = turn.place() {
///     turn.reached(store.reseal(after).await?);
/// }
/// ```
pub struct SealTurn<P> {
    table: &'static str,
    key: Option<String>,
    state: OwnedMutexGuard<WalkState<P>>,
    batches_left: usize,
}

impl<P: Clone + Default> SealWalk<P> {
    /// `table` stands in the log and in the metric.
    pub fn of(table: &'static str) -> Self {
        Self { table, state: Arc::new(Mutex::new(WalkState::Behind(P::default(), 0))) }
    }
}

impl<P: Clone> SealWalk<P> {
    /// At most so many batches; the next turn does the rest.
    pub async fn turn(&self, keys: &DataKeys, batches_max: usize) -> SealTurn<P> {
        let key = keys.seals_by();
        let batches_left = if key.is_some() { batches_max } else { 0 };
        let state = self.state.clone().lock_owned().await;
        SealTurn { table: self.table, key, state, batches_left }
    }
}

impl<P: Clone> SealTurn<P> {
    /// The place behind which the next batch begins; `None` when this turn is over.
    pub fn place(&mut self) -> Option<P> {
        self.batches_left = self.batches_left.checked_sub(1)?;
        match &*self.state {
            WalkState::Behind(after, _) => Some(after.clone()),
            WalkState::Done => None,
        }
    }

    /// An operator who takes an old key away waits for the line at the end of each table.
    pub fn reached(&mut self, batch: SealedBatch<P>) {
        let SealedBatch { sealed, last } = batch;
        metrics::SEALED_ANEW.add([self.table], sealed as u64);
        let before = match &*self.state {
            WalkState::Behind(_, before) => *before,
            WalkState::Done => 0,
        };
        let sealed = before + sealed as u64;
        if let Some(last) = last {
            *self.state = WalkState::Behind(last, sealed);
            return;
        }
        let (table, key) = (self.table, self.key.as_deref().unwrap_or_default());
        tracing::info!(sealed, "All of `{table}` is sealed by data key {key}");
        *self.state = WalkState::Done;
    }
}
