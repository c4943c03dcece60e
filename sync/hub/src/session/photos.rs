//! Hands an edge's chunks of photos to the order service, outside the session's loop.
//!
//! Invariants: one chunk of a session is under way at a time, and no op waits for it; the end of
//! the session ends the call. A chunk without an answer does no harm, because the order service
//! takes the same chunk again.

use std::time::Duration;

use engine::cloud::SyncSessionInput;
use platform::upstream::UpstreamError;
use process::{metrics, problem::format_error_chain};
use tokio::sync::mpsc;
use wire::{EdgeId, PhotoAnswer, PhotoChunkDelivery, PhotoChunkFrame};

use crate::peers::OwnerClient;

const PHOTOS: &str = "/internal/photos";
/// Shorter than the time limit of any call, so that a slow photo never counts against the order
/// service, which also decides the ops.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct AnsweredChunk {
    pub chunk: Box<PhotoChunkFrame>,
    pub answer: PhotoAnswer,
}

/// The session's end of the relay.
pub(super) struct PhotoQueue {
    chunks: mpsc::Sender<Box<PhotoChunkFrame>>,
    answers: mpsc::Receiver<AnsweredChunk>,
}

impl PhotoQueue {
    /// Returns the answer if the relay is busy, which the engine rules out.
    pub(super) fn deliver_chunk(&self, chunk: Box<PhotoChunkFrame>) -> Option<SyncSessionInput> {
        let full = self.chunks.try_send(chunk).err()?;
        let chunk = full.into_inner();
        let answer = PhotoAnswer::Later;
        Some(SyncSessionInput::PhotoAnswered { chunk, answer })
    }

    pub(super) async fn next_answer(&mut self) -> AnsweredChunk {
        match self.answers.recv().await {
            Some(answered) => answered,
            // The relay lives as long as the session.
            None => std::future::pending().await,
        }
    }
}

pub(super) struct PhotoRelay {
    edge: EdgeId,
    order_client: OwnerClient,
    chunks: mpsc::Receiver<Box<PhotoChunkFrame>>,
    answers: mpsc::Sender<AnsweredChunk>,
    /// Only the first of several failures in a row is logged.
    is_failing: bool,
}

impl PhotoRelay {
    pub(super) fn new(edge: EdgeId, order_client: OwnerClient) -> (Self, PhotoQueue) {
        let (sender, chunks) = mpsc::channel(1);
        let (answers, receiver) = mpsc::channel(1);
        let relay = Self {
            edge,
            order_client,
            chunks,
            answers,
            is_failing: false,
        };
        let queue = PhotoQueue {
            chunks: sender,
            answers: receiver,
        };
        (relay, queue)
    }

    pub(super) async fn run(mut self) {
        while let Some(chunk) = self.chunks.recv().await {
            let answer = self.deliver_chunk(&chunk).await;
            let result = match answer {
                PhotoAnswer::Stored { .. } => "delivered",
                PhotoAnswer::Later => "later",
                PhotoAnswer::Refused { .. } => "refused",
            };
            metrics::HUB_PHOTO_CHUNKS.add([result], 1);
            if self
                .answers
                .send(AnsweredChunk { chunk, answer })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    async fn deliver_chunk(&mut self, chunk: &PhotoChunkFrame) -> PhotoAnswer {
        let delivery = PhotoChunkDelivery {
            edge: self.edge.clone(),
            order_id: chunk.order_id,
            command_id: chunk.command_id,
            photo: chunk.photo,
            offset: chunk.offset,
            body: chunk.body.to_vec(),
        };
        let call = self.order_client.post(PHOTOS, &delivery);
        let answer = tokio::time::timeout(ANSWERED_WITHIN, call).await;
        match answer.unwrap_or(Err(UpstreamError::TimedOut)) {
            Ok(answer) => {
                self.is_failing = false;
                answer
            }
            Err(error) => {
                if !self.is_failing {
                    let cause = format_error_chain(&error);
                    let edge = &self.edge;
                    tracing::warn!(
                        edge.id = %edge, order.id = %chunk.order_id, cause,
                        "The order service took no photo from `{edge}`; the edge tries again"
                    );
                }
                self.is_failing = true;
                PhotoAnswer::Later
            }
        }
    }
}
