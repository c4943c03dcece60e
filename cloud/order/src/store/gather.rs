//! Batches people's commands on a database with one writer: those that arrive while it is busy are
//! decided in one transaction with one disk flush.
//!
//! Invariants: each command gets the answer it would get alone, after the ones before it. If a
//! shared transaction fails or its leader is cancelled, each command is decided separately.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use platform::sql::{SqlError, WRITER_LIMIT};
use rules::{Attempt, Submission};
use tokio::{
    sync::{
        Mutex as Turn,
        oneshot::{self, Receiver, Sender, error::TryRecvError},
    },
    time::timeout,
};
use wire::OpDecision;

use super::{Store, StoreError, read::OrderReadMode};

/// Maximum commands per transaction; the rest wait for the next.
const TOGETHER_MAX: usize = 64;

/// Clones share the queue. Its length is the number of waiting callers, which the server bounds.
#[derive(Clone, Default)]
pub(super) struct CommandBatcher(Arc<BatcherQueue>);

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

impl Store {
    /// Decides one command together with others that are waiting.
    pub(super) async fn decide_gathered(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let mut answered = self.gathering.enqueue_command(attempt.clone());
        let turn = tokio::select! {
            biased;
            answer = &mut answered => match answer {
                Ok(decision) => return Ok(decision),
                Err(_) => return self.decide_alone(attempt).await,
            },
            // The same limit as for the writer lock: a stuck database must refuse requests, not
            // queue them.
            turn = timeout(WRITER_LIMIT, self.gathering.0.turn.lock()) => {
                turn.map_err(|_| writer_away())?
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
            .gathering
            .next()
            .into_iter()
            .map(|one| (one.attempt, one.answer))
            .unzip();
        let requests: Vec<_> = attempts
            .into_iter()
            .map(|attempt| Submission::Command(Box::new(attempt)))
            .collect();
        match Box::pin(self.decide_anew(&requests, OrderReadMode::Plain)).await {
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

fn writer_away() -> StoreError {
    SqlError::TimedOut {
        sql: "waiting for the writer".into(),
    }
    .into()
}
