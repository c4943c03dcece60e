//! Sends photos while the session has nothing else to send, one chunk at a time.
//!
//! Invariants: an op waits for one chunk at most. A photo that cannot be sent now never ends the
//! session; others go first.

use std::{convert::Infallible, time::Duration};

use engine::edge::{PhotoChunk, PhotoPace};
use process::metrics;
use wire::{PhotoAnswer, PhotoRef};

use super::{LinkSession, SessionEnd};
use crate::photos::PhotoChunkPlace;

#[derive(Default)]
pub(super) struct PhotoSender {
    pace: PhotoPace,
    under_way: Option<ChunkUnderWay>,
}

struct ChunkUnderWay {
    place: PhotoChunkPlace,
    /// Only the answer to a full chunk measures the speed of the line.
    is_full: bool,
    sent_at: Duration,
}

/// The hub answers within the time that it gives the order service.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

impl LinkSession<'_> {
    pub(super) async fn send_photo_if_due(&mut self) -> Result<(), SessionEnd> {
        let photos = &self.link.context.photos;
        if !self.edge.may_send_photo() {
            return Ok(());
        }
        let chunk_bytes = self.photos.pace.chunk_bytes();
        let Some(place) = photos.find_due_chunk(chunk_bytes) else {
            return Ok(());
        };
        let reading = async { Ok::<_, Infallible>(photos.read_chunk(place).await) };
        let Some(body) = self.wait_for_file(Box::pin(reading)).await? else {
            return Ok(());
        };
        let named = place.named;
        let chunk = PhotoChunk {
            order_id: named.order_id,
            command_id: named.command_id,
            photo: PhotoRef {
                hash: named.hash,
                bytes: named.bytes,
            },
            offset: place.offset,
            body,
        };
        let Some(frame) = self.edge.send_photo_chunk(chunk) else {
            return Ok(());
        };
        self.photos.under_way = Some(ChunkUnderWay {
            place,
            is_full: place.length == chunk_bytes,
            sent_at: self.link.context.clock.elapsed(),
        });
        self.socket.send(&frame).await?;
        metrics::EDGE_PHOTO_BYTES.add([], place.length as u64);
        Ok(())
    }

    pub(super) async fn handle_photo_answer(
        &mut self,
        answer: PhotoAnswer,
    ) -> Result<(), SessionEnd> {
        let Some(sent) = self.photos.under_way.take() else {
            return Ok(());
        };
        let now = self.link.context.clock.elapsed();
        if sent.is_full {
            self.photos
                .pace
                .record_answer(now.saturating_sub(sent.sent_at));
        }
        let photos = &self.link.context.photos;
        let applying = async {
            photos.apply_answer(sent.place, answer).await;
            Ok::<_, Infallible>(())
        };
        self.wait_for_file(Box::pin(applying)).await
    }

    /// Runs once a second.
    pub(super) fn forget_unanswered_photo(&mut self) {
        let now = self.link.context.clock.elapsed();
        let is_late = |sent: &mut ChunkUnderWay| now.saturating_sub(sent.sent_at) >= ANSWER_WITHIN;
        if let Some(sent) = self.photos.under_way.take_if(is_late) {
            self.edge.forget_photo_chunk();
            self.link.context.photos.pause(&sent.place.named);
        }
    }
}
