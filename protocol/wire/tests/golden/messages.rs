//! The frames of messages.

use wire::*;

use crate::samples::*;

pub(crate) fn message_frames() -> Vec<Frame> {
    vec![
        Frame::MessagesQuery(MessagesQueryFrame {
            standing: standing(),
            marks: vec![MessageMark {
                order_id: OrderId(id(1)),
                number: 3,
            }],
        }),
        Frame::MessagesAnswer(MessagesAnswerFrame {
            standing: standing(),
            messages: vec![OrderMessage {
                order_id: OrderId(id(1)),
                number: 4,
                id: CommandId(id(9)),
                from: Role::Customer,
                provider_id: UserId(id(5)),
                text: "The gate is open. 门开着。".to_owned(),
                sent_at: UnixMillis(1_764_000_000_003),
            }],
            is_more: true,
            is_missing: false,
        }),
    ]
}
