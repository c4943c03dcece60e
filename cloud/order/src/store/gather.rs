//! Gathers the commands of people on a database with one writer: those that come while it is at
//! work are decided together, in one transaction with one flush of the disk.
//!
//! Must stay true: each command is answered as if it had come alone, after the ones before it. A
//! shared transaction that fails, or whose leader goes away, blames nobody: each of its commands is
//! then decided by itself.

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

use super::{Store, StoreError, read::Reading};

/// Commands of one transaction. More wait for the next one.
const TOGETHER_MAX: usize = 64;

/// Clones share the queue. It is as long as there are callers who wait, and those are bounded by
/// the server.
#[derive(Clone, Default)]
pub(super) struct Gathering(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<VecDeque<WaitingCommand>>,
    /// Whoever holds it decides for all who wait.
    turn: Turn<()>,
}

struct WaitingCommand {
    attempt: Attempt,
    answer: Sender<OpDecision>,
}

impl Gathering {
    fn join(&self, attempt: Attempt) -> Receiver<OpDecision> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(WaitingCommand { attempt, answer });
        answered
    }

    /// The commands that have waited longest. Nobody waits any more for those that are left out.
    fn next(&self) -> Vec<WaitingCommand> {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.answer.is_closed());
        let count = waiting.len().min(TOGETHER_MAX);
        waiting.drain(..count).collect()
    }
}

impl Store {
    /// Decides one command together with those that wait beside it.
    pub(super) async fn decide_gathered(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let mut answered = self.gathering.join(attempt.clone());
        let turn = tokio::select! {
            biased;
            answer = &mut answered => match answer {
                Ok(decision) => return Ok(decision),
                Err(_) => return self.decide_alone(attempt).await,
            },
            // As long as for the writer itself. A stuck database refuses requests and does not
            // collect them.
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

    /// Decides for those who have waited longest. The error is that of a command without company,
    /// or of a writer out of reach.
    async fn decide_waiting(&self) -> Result<(), StoreError> {
        let (attempts, answers): (Vec<_>, Vec<_>) =
            self.gathering.next().into_iter().map(|one| (one.attempt, one.answer)).unzip();
        let requests: Vec<_> =
            attempts.into_iter().map(|attempt| Submission::Command(Box::new(attempt))).collect();
        match Box::pin(self.decide_anew(&requests, Reading::Plain)).await {
            Ok(writes) => {
                for (answer, decision) in answers.into_iter().zip(writes.answers) {
                    // Without a receiver its caller has hung up, as after any decision.
                    let _heard = answer.send(decision);
                }
                Ok(())
            }
            Err(error) if answers.len() == 1 || error.is_unavailable() => Err(error),
            Err(error) => {
                let commands = answers.len();
                tracing::debug!(%error, commands, "Deciding one by one what was gathered");
                Ok(())
            }
        }
    }
}

fn writer_away() -> StoreError {
    SqlError::TimedOut { sql: "a turn of the one writer".into() }.into()
}
