//! Reseals existing data: a job walks each table in batches, from the first row to the last.

use std::sync::Arc;

use process::metrics;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::DataKeys;

/// The progress through one table. Clones share it. A process that reaches the end is done: its
/// keys do not change, and only replicas not yet restarted still write plain values or use a former
/// key. The walk of the replica that restarts last covers those values.
#[derive(Clone)]
pub struct TableResealer<P> {
    table: &'static str,
    state: Arc<Mutex<ResealState<P>>>,
}

enum ResealState<P> {
    /// The last row passed and the number of values resealed.
    Behind(P, u64),
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResealedBatch<P> {
    pub sealed: usize,
    /// The last row of the batch; `None` at the end of the table.
    pub last: Option<P>,
}

/// One run of the job, which continues where the last one stopped. While it has a position, reseal
/// a batch of rows after that position and record the batch.
pub struct ResealRun<P> {
    table: &'static str,
    key: Option<String>,
    state: OwnedMutexGuard<ResealState<P>>,
    batches_left: usize,
}

impl<P: Clone + Default> TableResealer<P> {
    /// `table` labels the log line and the metric.
    pub fn for_table(table: &'static str) -> Self {
        Self {
            table,
            state: Arc::new(Mutex::new(ResealState::Behind(P::default(), 0))),
        }
    }
}

impl<P: Clone> TableResealer<P> {
    /// Starts a run of at most `batches_max` batches; the next run continues.
    pub async fn start_run(&self, keys: &DataKeys, batches_max: usize) -> ResealRun<P> {
        let key = keys.seals_by();
        let batches_left = if key.is_some() { batches_max } else { 0 };
        let state = self.state.clone().lock_owned().await;
        ResealRun {
            table: self.table,
            key,
            state,
            batches_left,
        }
    }
}

impl<P: Clone> ResealRun<P> {
    /// The row after which the next batch starts; `None` when this run is over.
    pub fn next_position(&mut self) -> Option<P> {
        self.batches_left = self.batches_left.checked_sub(1)?;
        match &*self.state {
            ResealState::Behind(after, _) => Some(after.clone()),
            ResealState::Done => None,
        }
    }

    /// Records a batch. The log line at the end of each table shows an operator that the old key is
    /// unused.
    pub fn record_batch(&mut self, batch: ResealedBatch<P>) {
        let ResealedBatch { sealed, last } = batch;
        metrics::SEALED_ANEW.add([self.table], sealed as u64);
        let before = match &*self.state {
            ResealState::Behind(_, before) => *before,
            ResealState::Done => 0,
        };
        let sealed = before + sealed as u64;
        if let Some(last) = last {
            *self.state = ResealState::Behind(last, sealed);
            return;
        }
        let table = self.table;
        let key = self.key.as_deref().unwrap_or_default();
        tracing::info!(sealed, "All of `{table}` is sealed by data key {key}");
        *self.state = ResealState::Done;
    }
}
