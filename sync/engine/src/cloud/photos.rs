//! Photos of an open session, on their way to the order service.
//!
//! Invariant: one chunk of a session is under way at a time, so a session holds one in memory.
//! Others are ignored, and counted like other ignored frames.

use wire::{
    Frame, LinkSessionId, PHOTO_BYTES_MAX, PHOTO_CHUNK_BYTES_MAX, PhotoAnswer, PhotoAnswerFrame,
    PhotoChunkFrame,
};

use super::{SyncSession, SyncSessionOutput};

impl SyncSession {
    pub(super) fn admit_photo_chunk(
        &mut self,
        link_session: LinkSessionId,
        chunk: PhotoChunkFrame,
    ) -> Vec<SyncSessionOutput> {
        if chunk.link_session != link_session || self.photo_under_way || !has_valid_place(&chunk) {
            self.ignored += 1;
            return Vec::new();
        }
        self.photo_under_way = true;
        vec![SyncSessionOutput::DeliverPhotoChunk(Box::new(chunk))]
    }

    pub(super) fn answer_photo_chunk(
        &mut self,
        link_session: LinkSessionId,
        chunk: &PhotoChunkFrame,
        answer: PhotoAnswer,
    ) -> Vec<SyncSessionOutput> {
        self.photo_under_way = false;
        vec![SyncSessionOutput::Send(Frame::PhotoAnswer(
            PhotoAnswerFrame {
                link_session,
                command_id: chunk.command_id,
                hash: chunk.photo.hash,
                answer,
            },
        ))]
    }
}

fn has_valid_place(chunk: &PhotoChunkFrame) -> bool {
    let length = u32::try_from(chunk.body.len()).unwrap_or(u32::MAX);
    let end = chunk.offset.checked_add(length);
    chunk.body.len() <= PHOTO_CHUNK_BYTES_MAX
        && (1..=PHOTO_BYTES_MAX).contains(&chunk.photo.bytes)
        && end.is_some_and(|end| end <= chunk.photo.bytes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::{CommandId, Hash, OrderId, PhotoRef};

    use super::*;
    use crate::cloud::{
        SyncSessionInput,
        tests::{NOW, link_session, opened},
    };

    fn chunk() -> PhotoChunkFrame {
        PhotoChunkFrame {
            link_session: link_session(),
            order_id: OrderId(Uuid::from_u128(1)),
            command_id: CommandId(Uuid::from_u128(2)),
            photo: PhotoRef {
                hash: Hash::digest_bytes(b"photo"),
                bytes: 100_000,
            },
            offset: 0,
            body: vec![7; 8].into(),
        }
    }

    fn receive(session: &mut SyncSession, chunk: PhotoChunkFrame) -> Vec<SyncSessionOutput> {
        session.handle_input(SyncSessionInput::Frame(Frame::PhotoChunk(chunk)), NOW)
    }

    #[test]
    fn a_chunk_is_delivered_and_the_next_one_waits_for_its_answer() {
        let mut session = opened(&[]);
        let delivered = || SyncSessionOutput::DeliverPhotoChunk(Box::new(chunk()));
        assert_eq!(receive(&mut session, chunk()), [delivered()]);
        assert_eq!(receive(&mut session, chunk()), []);
        assert_eq!(session.ignored_count(), 1);
        let answered = SyncSessionInput::PhotoAnswered {
            chunk: Box::new(chunk()),
            answer: PhotoAnswer::Later,
        };
        let reply = SyncSessionOutput::Send(Frame::PhotoAnswer(PhotoAnswerFrame {
            link_session: link_session(),
            command_id: chunk().command_id,
            hash: chunk().photo.hash,
            answer: PhotoAnswer::Later,
        }));
        assert_eq!(session.handle_input(answered, NOW), [reply]);
        assert_eq!(receive(&mut session, chunk()), [delivered()]);
    }

    #[test]
    fn a_chunk_outside_its_photo_or_of_another_session_is_ignored() {
        let mut session = opened(&[]);
        let photo = |bytes| PhotoRef {
            bytes,
            ..chunk().photo
        };
        let wrong = [
            PhotoChunkFrame {
                link_session: LinkSessionId {
                    term: 1,
                    ..link_session()
                },
                ..chunk()
            },
            PhotoChunkFrame {
                offset: 99_993,
                ..chunk()
            },
            PhotoChunkFrame {
                offset: u32::MAX,
                ..chunk()
            },
            PhotoChunkFrame {
                photo: photo(0),
                ..chunk()
            },
            PhotoChunkFrame {
                photo: photo(PHOTO_BYTES_MAX + 1),
                ..chunk()
            },
            PhotoChunkFrame {
                body: vec![7; PHOTO_CHUNK_BYTES_MAX + 1].into(),
                ..chunk()
            },
        ];
        for (n, wrong) in wrong.into_iter().enumerate() {
            assert_eq!(receive(&mut session, wrong), [], "{n}");
        }
        assert_eq!(session.ignored_count(), 6);
        assert!(!receive(&mut session, chunk()).is_empty());
    }
}
