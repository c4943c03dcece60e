//! Owns order_db: orders and timeline, commands with their answers, region assignments, cases, and
//! cancellation fees.
//!
//! Invariants: one transaction reads the input of a decision and writes the whole result: order,
//! timeline, answer, outbox row. A decision depends on rows the transaction locks, never on a range
//! that others may extend; a provider's jobs and acts are counted under a per-provider lock.
//!
//! On a database with one writer, people's commands are batched: those that arrive while it is busy
//! are decided in one transaction with one disk flush. Each command gets the answer it would get
//! alone, after the ones before it. If a shared transaction fails or its leader is cancelled, each
//! command is decided separately.

mod admin;
mod assignment_rows;
mod assignments;
mod background;
mod decide;
mod lists;
mod orders;
mod rows;
mod snapshot;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use platform::{
    sealing::DataKeys,
    sql::{Migrations, ReplicaReader, SealedTable, Sql, SqlError, SqlResealer, WRITER_LIMIT},
};
use process::clock::Clock;
use rules::{Attempt, Submission};
use tokio::{
    sync::{
        Mutex as Turn,
        oneshot::{self, Receiver, Sender, error::TryRecvError},
    },
    time::timeout,
};
use wire::{OpDecision, ShareLimits};

pub use admin::{CancelFeeRow, CaseUpdateResult};
pub use assignments::{AssignmentRecord, AssignmentRequest};
pub use background::StaleCutoff;
pub use decide::FundedBatchResult;
pub use lists::{EXPORTED_MAX, OrderListCursor, OrderListQuery, OrderSort};
pub use orders::{CancelBasis, KNOWN_MAX, Publication, TrackedStep};
pub use platform::StoreError;

use snapshot::OrderReadMode;

pub const MIGRATIONS: Migrations = platform::migrations!();

/// Maximum commands per transaction; the rest wait for the next.
const TOGETHER_MAX: usize = 64;

const SEALED_TABLES: &[SealedTable] = &[rows::ORDERS, rows::TIMELINE, admin::CASES];

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    /// For reads that may lag a few seconds.
    reads: ReplicaReader,
    clock: Clock,
    rules: AcceptanceRules,
    batcher: CommandBatcher,
}

/// Limits and verification rules for accepting, and limits on publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptanceRules {
    pub limits: ShareLimits,
    /// Maximum open orders per customer; 0 means no limit.
    pub open_orders: u32,
    pub verified_only: bool,
}

impl AcceptanceRules {
    pub const OFF: Self = Self {
        limits: ShareLimits::OFF,
        open_orders: 0,
        verified_only: false,
    };
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, rules: AcceptanceRules) -> Self {
        Self {
            reads: ReplicaReader::without_replica(&sql),
            sql,
            clock,
            rules,
            batcher: CommandBatcher::default(),
        }
    }

    #[must_use]
    pub fn reading_from(self, reads: ReplicaReader) -> Self {
        Self { reads, ..self }
    }

    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    pub fn resealer(&self) -> SqlResealer {
        SqlResealer::new(&self.sql, SEALED_TABLES)
    }
}

/// Clones share the queue. Its length is the number of waiting callers, which the server bounds.
#[derive(Clone, Default)]
struct CommandBatcher(Arc<BatcherQueue>);

#[derive(Default)]
struct BatcherQueue {
    waiting: Mutex<VecDeque<WaitingCommand>>,
    /// The lock owner decides for all waiting commands.
    turn: Turn<()>,
}

struct WaitingCommand {
    attempt: Attempt,
    answer: Sender<OpDecision>,
}

impl CommandBatcher {
    fn enqueue_command(&self, attempt: Attempt) -> Receiver<OpDecision> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(WaitingCommand { attempt, answer });
        answered
    }

    /// Takes the longest-waiting commands. Drops commands of callers that have gone.
    fn next(&self) -> Vec<WaitingCommand> {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.answer.is_closed());
        let count = waiting.len().min(TOGETHER_MAX);
        waiting.drain(..count).collect()
    }
}

fn writer_timed_out() -> StoreError {
    SqlError::TimedOut {
        sql: "waiting for the writer".into(),
    }
    .into()
}

impl Store {
    /// Decides one command together with others that are waiting.
    async fn decide_batched(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let mut answered = self.batcher.enqueue_command(attempt.clone());
        let turn = tokio::select! {
            biased;
            answer = &mut answered => match answer {
                Ok(decision) => return Ok(decision),
                Err(_) => return self.decide_alone(attempt).await,
            },
            // The same limit as for the writer lock: a stuck database must refuse requests, not
            // queue them.
            turn = timeout(WRITER_LIMIT, self.batcher.0.turn.lock()) => {
                turn.map_err(|_| writer_timed_out())?
            }
        };
        loop {
            match answered.try_recv() {
                Ok(decision) => return Ok(decision),
                Err(TryRecvError::Empty) => self.decide_waiting().await?,
                Err(TryRecvError::Closed) => {
                    drop(turn);
                    return self.decide_alone(attempt).await;
                }
            }
        }
    }

    /// Decides the longest-waiting commands. Fails only if the batch had a single command or the
    /// writer is unreachable.
    async fn decide_waiting(&self) -> Result<(), StoreError> {
        let (attempts, answers): (Vec<_>, Vec<_>) = self
            .batcher
            .next()
            .into_iter()
            .map(|one| (one.attempt, one.answer))
            .unzip();
        let requests: Vec<_> = attempts
            .into_iter()
            .map(|attempt| Submission::Command(Box::new(attempt)))
            .collect();
        match Box::pin(self.decide_and_write(&requests, OrderReadMode::Plain)).await {
            Ok(writes) => {
                for (answer, decision) in answers.into_iter().zip(writes.answers) {
                    // A closed receiver means that the caller has hung up.
                    let _heard = answer.send(decision);
                }
                Ok(())
            }
            Err(error) if answers.len() == 1 || error.is_unavailable() => Err(error),
            Err(error) => {
                let commands = answers.len();
                tracing::debug!(%error, commands, "Could not decide a batch of commands; deciding them one by one");
                Ok(())
            }
        }
    }
}
