//! The cloud's side of messages: tells those after an edge's marks, or what a test says.

use std::collections::{BTreeMap, VecDeque};

use wire::{
    CommandId, MESSAGE_MARKS_MAX, MESSAGE_PHOTO_PART_BYTES_MAX, MESSAGES_IN_ANSWER_MAX,
    MessagePhotoPart, MessagePhotoPlace, MessagesAnswerFrame, MessagesQueryFrame, OrderId,
    OrderMessage, PhotoRef, Role, UserId,
};

use super::{super::id, Cloud, Stored};

#[derive(Default)]
pub(super) struct MessageDesk {
    /// A cloud of the previous version tells none.
    tells: bool,
    messages: Vec<OrderMessage>,
    queries: Vec<MessagesQueryFrame>,
    /// The pictures that have arrived, by order and number.
    pictures: BTreeMap<(OrderId, u64), Vec<u8>>,
    /// The next answers; after them the messages are told.
    script: VecDeque<ScriptedTelling>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ScriptedTelling {
    Missing,
    /// The answer gets lost.
    Silence,
}

impl MessageDesk {
    pub(super) fn tells(&self) -> Option<bool> {
        self.tells.then_some(true)
    }

    fn tell_part(&self, place: MessagePhotoPlace) -> MessagePhotoPart {
        let picture = self.pictures.get(&(place.order_id, place.number));
        let picture = picture.map_or(&[][..], Vec::as_slice);
        let from = usize::try_from(place.offset).unwrap();
        let part = picture[from..].chunks(MESSAGE_PHOTO_PART_BYTES_MAX).next();
        MessagePhotoPart {
            place,
            bytes: picture.len().try_into().unwrap(),
            body: part.unwrap_or_default().to_vec(),
            is_refused: false,
        }
    }

    fn tell(&self, query: &MessagesQueryFrame) -> MessagesAnswerFrame {
        let is_asked = |message: &&OrderMessage| {
            let mut marks = query.marks.iter();
            let mark = marks.find(|mark| mark.order_id == message.order_id);
            mark.is_some_and(|mark| message.number > mark.number)
        };
        let mut messages: Vec<OrderMessage> =
            self.messages.iter().filter(is_asked).cloned().collect();
        let is_more = messages.len() > MESSAGES_IN_ANSWER_MAX;
        messages.truncate(MESSAGES_IN_ANSWER_MAX);
        MessagesAnswerFrame {
            link_session: query.link_session,
            messages,
            is_more,
            is_missing: false,
            photo: query.photo.map(|place| self.tell_part(place)),
        }
    }
}

/// `None` for no answer.
pub(super) fn answer_messages_query(
    state: &mut Stored,
    query: MessagesQueryFrame,
) -> Option<MessagesAnswerFrame> {
    let desk = &mut state.messages;
    assert!(desk.tells, "asked without being invited");
    match query.photo {
        None => assert!((1..=MESSAGE_MARKS_MAX).contains(&query.marks.len())),
        Some(_) => assert!(query.marks.is_empty()),
    }
    let told = desk.tell(&query);
    desk.queries.push(query);
    match desk.script.pop_front() {
        None => Some(told),
        Some(ScriptedTelling::Silence) => None,
        Some(ScriptedTelling::Missing) => Some(MessagesAnswerFrame {
            messages: Vec::new(),
            is_more: false,
            is_missing: true,
            photo: None,
            ..told
        }),
    }
}

impl Cloud {
    /// Tells messages from the next session on.
    pub(crate) fn tell_messages(&self) {
        self.with(|state| state.messages.tells = true);
    }

    pub(crate) fn script_messages(&self, script: impl IntoIterator<Item = ScriptedTelling>) {
        self.with(|state| state.messages.script.extend(script));
    }

    /// Adds a message at an order, as its next one.
    pub(crate) fn send_message(&self, order: u128, from: Role, provider: u128) {
        let sent_at = self.now();
        self.with(|state| {
            let messages = &mut state.messages.messages;
            let order_id = OrderId(id(order));
            let earlier = messages.iter().filter(|sent| sent.order_id == order_id);
            let number = earlier.count() as u64 + 1;
            messages.push(OrderMessage {
                order_id,
                number,
                id: CommandId(id(1_000 * order + u128::from(number))),
                from,
                provider_id: UserId(id(provider)),
                text: format!("{number}: 钥匙在垫子下面 🔑"),
                sent_at,
                photo: None,
            });
        });
    }

    /// The newest message names this photo. Its picture has not arrived.
    pub(crate) fn name_photo(&self, photo: PhotoRef) {
        self.with(|state| {
            let newest = state.messages.messages.last_mut();
            newest.expect("a message").photo = Some(photo);
        });
    }

    pub(crate) fn put_picture(&self, order: u128, number: u64, picture: &[u8]) {
        self.with(|state| {
            let place = (OrderId(id(order)), number);
            state.messages.pictures.insert(place, picture.to_vec());
        });
    }

    pub(crate) fn message_queries(&self) -> Vec<MessagesQueryFrame> {
        self.with(|state| state.messages.queries.clone())
    }
}
