//! Sends the bytes of photos while the line has nothing else to carry.
//!
//! Invariants: a chunk leaves only while every op is with the hub, and one at a time, so an op waits
//! for one chunk at most; only a signed answer counts, because an edge removes a photo that the
//! cloud has.

use std::time::Duration;

use wire::{
    CommandId, Frame, Hash, OrderId, PHOTO_CHUNK_BYTES_MAX, PhotoAnswerFrame, PhotoChunkFrame,
    PhotoRef,
};

use super::{EdgeProtocol, IgnoreReason, LinkPhase, LinkStep, ignore_frame};

/// A part of a photo, read from the edge's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoChunk {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub photo: PhotoRef,
    pub offset: u32,
    pub body: Vec<u8>,
}

/// The photo of which a chunk is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PhotoUnderWay {
    command_id: CommandId,
    hash: Hash,
}

impl EdgeProtocol {
    /// True if a chunk may leave now.
    pub fn may_send_photo(&self) -> bool {
        let LinkPhase::Open {
            window,
            takes_photos,
            ..
        } = &self.phase
        else {
            return false;
        };
        let is_idle = window.is_idle(self.position.head.seq);
        *takes_photos && self.is_signed && is_idle && self.photo.is_none()
    }

    /// `None` if no chunk may leave now.
    pub fn send_photo_chunk(&mut self, chunk: PhotoChunk) -> Option<Frame> {
        let LinkPhase::Open { link_session, .. } = &self.phase else {
            return None;
        };
        if !self.may_send_photo() {
            return None;
        }
        self.photo = Some(PhotoUnderWay {
            command_id: chunk.command_id,
            hash: chunk.photo.hash,
        });
        Some(Frame::PhotoChunk(PhotoChunkFrame {
            link_session: *link_session,
            order_id: chunk.order_id,
            command_id: chunk.command_id,
            photo: chunk.photo,
            offset: chunk.offset,
            body: chunk.body.into(),
        }))
    }

    /// Gives up on an answer that does not come, so that photos do not wait for the next session.
    pub fn forget_photo_chunk(&mut self) {
        self.photo = None;
    }

    pub(super) fn handle_photo_answer(&mut self, frame: &PhotoAnswerFrame) -> Vec<LinkStep> {
        let named = PhotoUnderWay {
            command_id: frame.command_id,
            hash: frame.hash,
        };
        if !self.is_signed || self.photo != Some(named) {
            return ignore_frame("PhotoAnswer", IgnoreReason::Unexpected);
        }
        self.photo = None;
        vec![LinkStep::PhotoAnswered {
            command_id: frame.command_id,
            hash: frame.hash,
            answer: frame.answer,
        }]
    }
}

/// How large the next chunk is: as large as the line carries in a moment.
#[derive(Debug, Clone, Copy)]
pub struct PhotoPace {
    chunk_bytes: usize,
}

const CHUNK_BYTES_MIN: usize = 4 * 1024;
const CHUNK_BYTES_FIRST: usize = 8 * 1024;
/// Grow below this, and shrink above twice as much.
const ANSWER_WITHIN: Duration = Duration::from_millis(250);

impl Default for PhotoPace {
    fn default() -> Self {
        Self {
            chunk_bytes: CHUNK_BYTES_FIRST,
        }
    }
}

impl PhotoPace {
    pub fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// `took` is the time from a full chunk to its answer.
    pub fn record_answer(&mut self, took: Duration) {
        if took < ANSWER_WITHIN {
            self.chunk_bytes = (self.chunk_bytes * 2).min(PHOTO_CHUNK_BYTES_MAX);
        } else if took > ANSWER_WITHIN * 2 {
            // A command waits behind a whole chunk. Halving would take several slow chunks to adapt,
            // so the answer's time decides how much shorter the next one is.
            let times_too_long = took.as_millis() / ANSWER_WITHIN.as_millis();
            let times_too_long = usize::try_from(times_too_long).unwrap_or(usize::MAX);
            self.chunk_bytes = (self.chunk_bytes / times_too_long).max(CHUNK_BYTES_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::{ChainHead, Code, FrameProof, PhotoAnswer, PhotoAnswerFrame, Welcome};

    use super::*;
    use crate::{
        edge::{
            HubCheck,
            tests::{LINK_SESSION, fresh, open, position, welcome},
        },
        tests::{edge as edge_id, id},
    };

    fn chunk() -> PhotoChunk {
        PhotoChunk {
            order_id: OrderId(id(1)),
            command_id: CommandId(id(2)),
            photo: PhotoRef {
                hash: Hash::digest_bytes(b"photo"),
                bytes: 5,
            },
            offset: 0,
            body: b"pho".to_vec(),
        }
    }

    fn answer(answer: PhotoAnswer) -> Frame {
        Frame::PhotoAnswer(PhotoAnswerFrame {
            link_session: LINK_SESSION,
            command_id: chunk().command_id,
            hash: chunk().photo.hash,
            answer,
        })
    }

    #[test]
    fn one_chunk_is_on_its_way_and_its_answer_counts_once() {
        let mut edge = open(position());
        let stored = PhotoAnswer::Stored { bytes: 3 };
        let unexpected = ignore_frame("PhotoAnswer", IgnoreReason::Unexpected);
        assert_eq!(edge.handle_signed_frame(answer(stored)), unexpected);
        assert!(edge.send_photo_chunk(chunk()).is_some());
        assert_eq!(edge.send_photo_chunk(chunk()), None, "one is on its way");
        let step = LinkStep::PhotoAnswered {
            command_id: chunk().command_id,
            hash: chunk().photo.hash,
            answer: stored,
        };
        assert_eq!(edge.handle_signed_frame(answer(stored)), [step]);
        assert_eq!(edge.handle_signed_frame(answer(stored)), unexpected);
        assert!(edge.send_photo_chunk(chunk()).is_some());
        edge.forget_photo_chunk();
        assert!(edge.may_send_photo());
    }

    #[test]
    fn without_the_hubs_signature_no_photo_leaves_and_no_answer_counts() {
        let mut edge = open(position());
        assert!(edge.send_photo_chunk(chunk()).is_some());
        let refused = PhotoAnswer::Refused {
            code: Code::PhotoNotNamed,
        };
        let unexpected = ignore_frame("PhotoAnswer", IgnoreReason::Unexpected);
        let unsigned = edge.handle_frame(answer(refused), FrameProof::Unsigned);
        assert_eq!(unsigned, unexpected);
        edge.forget_photo_chunk();
        assert_eq!(edge.send_photo_chunk(chunk()), None);
    }

    #[test]
    fn ops_go_first() {
        let mut edge = open(position());
        let mut ahead = position();
        ahead.head.seq += 1;
        let steps = edge.update_position(ahead);
        assert!(matches!(steps[..], [LinkStep::Read(_)]), "{steps:?}");
        assert!(!edge.may_send_photo(), "the op is not with the hub yet");
    }

    #[test]
    fn an_older_hub_gets_no_photos() {
        let Frame::Welcome(welcome) = welcome(LINK_SESSION, ChainHead::start(&edge_id())) else {
            unreachable!("a Welcome was built")
        };
        for photos in [None, Some(false)] {
            let mut edge = fresh(position());
            edge.start_greeting(HubCheck::default());
            edge.handle_signed_frame(Frame::Welcome(Welcome {
                photos,
                ..welcome.clone()
            }));
            assert!(edge.is_open());
            assert_eq!(edge.send_photo_chunk(chunk()), None);
        }
    }

    #[test]
    fn chunks_fit_the_line() {
        let mut pace = PhotoPace::default();
        for _ in 0..8 {
            pace.record_answer(Duration::from_millis(20));
        }
        assert_eq!(pace.chunk_bytes(), PHOTO_CHUNK_BYTES_MAX);
        pace.record_answer(Duration::from_secs(2));
        assert_eq!(pace.chunk_bytes(), PHOTO_CHUNK_BYTES_MAX / 8);
        pace.record_answer(Duration::from_secs(2));
        assert_eq!(pace.chunk_bytes(), CHUNK_BYTES_MIN);
        pace.record_answer(Duration::from_millis(300));
        assert_eq!(pace.chunk_bytes(), CHUNK_BYTES_MIN);
    }
}
