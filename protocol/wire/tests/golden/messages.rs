//! The frames of messages.

use wire::*;

use crate::samples::*;

pub(crate) fn message_frames() -> Vec<Frame> {
    vec![
        Frame::MessagesQuery(MessagesQueryFrame {
            link_session: link_session(),
            marks: vec![MessageMark {
                order_id: OrderId(id(1)),
                number: 3,
            }],
            photo: None,
        }),
        Frame::MessagesAnswer(MessagesAnswerFrame {
            link_session: link_session(),
            messages: vec![OrderMessage {
                order_id: OrderId(id(1)),
                number: 4,
                id: CommandId(id(9)),
                from: Role::Customer,
                provider_id: UserId(id(5)),
                text: "The gate is open. 门开着。".to_owned(),
                sent_at: UnixMillis(1_764_000_000_003),
                photo: None,
            }],
            is_more: true,
            is_missing: false,
            photo: None,
        }),
    ]
}

/// A message with a photo, and the question for its first part with the answer.
pub(crate) fn frames_of_message_photos() -> Vec<(&'static str, Frame)> {
    let place = MessagePhotoPlace {
        order_id: OrderId(id(1)),
        number: 5,
        offset: 0,
    };
    let query = MessagesQueryFrame {
        link_session: link_session(),
        marks: Vec::new(),
        photo: Some(place),
    };
    let answer = MessagesAnswerFrame {
        link_session: link_session(),
        messages: Vec::new(),
        is_more: false,
        is_missing: false,
        photo: None,
    };
    let message = OrderMessage {
        order_id: OrderId(id(1)),
        number: 5,
        id: CommandId(id(10)),
        from: Role::Provider,
        provider_id: UserId(id(5)),
        text: String::new(),
        sent_at: UnixMillis(1_764_000_000_004),
        photo: Some(photo(b"valve")),
    };
    let part = MessagePhotoPart {
        place,
        bytes: 70_000,
        body: vec![0xff, 0xd8, 0xff],
        is_refused: false,
    };
    let told = MessagesAnswerFrame {
        messages: vec![message],
        ..answer.clone()
    };
    let answer = MessagesAnswerFrame {
        photo: Some(part),
        ..answer
    };
    vec![
        ("photo/of a message", Frame::MessagesAnswer(told)),
        ("photo/question", Frame::MessagesQuery(query)),
        ("photo/part", Frame::MessagesAnswer(answer)),
    ]
}
