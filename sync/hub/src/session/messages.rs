//! Passes an edge's queries for messages and their photos to the order service, outside the session's loop.
//!
//! Invariants: one query of a session is under way at a time, and no op waits for it; the end of
//! the session ends the call. A query's region comes from the edge's enrolment.

use std::time::Duration;

use engine::cloud::{MessageQuestion, SyncSessionInput};
use platform::upstream::UpstreamError;
use process::problem::format_error_chain;
use tokio::sync::mpsc;
use wire::{EdgeId, MessagesAnswer, MessagesQuery, Region};

use crate::peers::OwnerClient;

const MESSAGES: &str = "/internal/messages";
/// Shorter than the time limit of any call, so that a slow answer never counts against the order
/// service, which also decides the ops.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The session's end of the relay.
pub(super) struct MessageQueue {
    questions: mpsc::Sender<MessageQuestion>,
    answers: mpsc::Receiver<Option<MessagesAnswer>>,
}

impl MessageQueue {
    /// Answers at once, without messages, if the relay is busy; the engine rules this out.
    pub(super) fn ask(&self, question: MessageQuestion) -> Option<SyncSessionInput> {
        let is_full = self.questions.try_send(question).is_err();
        is_full.then_some(SyncSessionInput::MessagesAnswered(None))
    }

    pub(super) async fn next_answer(&mut self) -> Option<MessagesAnswer> {
        match self.answers.recv().await {
            Some(answer) => answer,
            // The relay lives as long as the session.
            None => std::future::pending().await,
        }
    }
}

pub(super) struct MessageRelay {
    edge: EdgeId,
    region: Region,
    order_client: OwnerClient,
    questions: mpsc::Receiver<MessageQuestion>,
    answers: mpsc::Sender<Option<MessagesAnswer>>,
    /// Only the first of several failures in a row is logged.
    is_failing: bool,
}

impl MessageRelay {
    pub(super) fn new(
        edge: EdgeId,
        region: Region,
        order_client: OwnerClient,
    ) -> (Self, MessageQueue) {
        let (sender, questions) = mpsc::channel(1);
        let (answers, receiver) = mpsc::channel(1);
        let relay = Self {
            edge,
            region,
            order_client,
            questions,
            answers,
            is_failing: false,
        };
        let queue = MessageQueue {
            questions: sender,
            answers: receiver,
        };
        (relay, queue)
    }

    pub(super) async fn run(mut self) {
        while let Some(question) = self.questions.recv().await {
            let answer = self.ask(question).await;
            if self.answers.send(answer).await.is_err() {
                return;
            }
        }
    }

    async fn ask(&mut self, question: MessageQuestion) -> Option<MessagesAnswer> {
        let region = self.region;
        let MessageQuestion { marks, photo } = question;
        let query = MessagesQuery {
            region,
            marks,
            photo,
        };
        let call = self.order_client.post(MESSAGES, &query);
        let answer = tokio::time::timeout(ANSWERED_WITHIN, call).await;
        match answer.unwrap_or(Err(UpstreamError::TimedOut)) {
            Ok(answer) => {
                self.is_failing = false;
                Some(answer)
            }
            Err(error) => {
                if !self.is_failing {
                    let cause = format_error_chain(&error);
                    let edge = &self.edge;
                    tracing::warn!(
                        edge.id = %edge, cause,
                        "The order service told `{edge}` no messages; the edge asks again"
                    );
                }
                self.is_failing = true;
                None
            }
        }
    }
}
