//! The frames of photos.

use wire::*;

use crate::samples::*;

pub(crate) fn photo_frames() -> Vec<Frame> {
    let photo = photo(b"after");
    vec![
        Frame::PhotoChunk(PhotoChunkFrame {
            link_session: link_session(),
            order_id: OrderId(id(1)),
            command_id: CommandId(id(9)),
            photo,
            offset: 8_192,
            body: vec![0xff, 0xd8, 0xff].into(),
        }),
        Frame::PhotoAnswer(PhotoAnswerFrame {
            link_session: link_session(),
            command_id: CommandId(id(9)),
            hash: photo.hash,
            answer: PhotoAnswer::Stored { bytes: 8_195 },
        }),
    ]
}

/// The answers that bring a photo no further.
pub(crate) fn of_photos() -> Vec<(&'static str, Frame)> {
    let answer = |answer| {
        Frame::PhotoAnswer(PhotoAnswerFrame {
            link_session: link_session(),
            command_id: CommandId(id(9)),
            hash: photo(b"after").hash,
            answer,
        })
    };
    let refused = PhotoAnswer::Refused {
        code: Code::PhotoNotNamed,
    };
    vec![
        ("photo/later", answer(PhotoAnswer::Later)),
        ("photo/refused", answer(refused)),
    ]
}
