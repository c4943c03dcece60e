//! How a job seals what a store already has: table by table, a batch at a time, from the first row to the last.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::DataKeys;

/// How far one table is walked. Clones share it. A process that has come to the end is done: its keys stay as they
/// are, and nothing else writes plain values, save replicas of a version before, which the next start sees to.
#[derive(Clone, Default)]
pub struct SealWalk<P>(Arc<Mutex<WalkState<P>>>);

enum WalkState<P> {
    Behind(P),
    Done,
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
    state: OwnedMutexGuard<WalkState<P>>,
    batches_left: usize,
}

impl<P: Default> Default for WalkState<P> {
    fn default() -> Self {
        Self::Behind(P::default())
    }
}

impl<P: Clone> SealWalk<P> {
    /// At most so many batches; the next turn does the rest.
    pub async fn turn(&self, keys: &DataKeys, batches_max: usize) -> SealTurn<P> {
        let batches_left = if keys.seals() { batches_max } else { 0 };
        SealTurn { state: self.0.clone().lock_owned().await, batches_left }
    }
}

impl<P: Clone> SealTurn<P> {
    /// The place behind which the next batch begins; `None` when this turn is over.
    pub fn place(&mut self) -> Option<P> {
        self.batches_left = self.batches_left.checked_sub(1)?;
        match &*self.state {
            WalkState::Behind(after) => Some(after.clone()),
            WalkState::Done => None,
        }
    }

    /// The last row of a batch, or `None` at the end of the table.
    pub fn reached(&mut self, last: Option<P>) {
        *self.state = last.map_or(WalkState::Done, WalkState::Behind);
    }
}
