//! The cloud's side of messages: tells those after an edge's marks, or what a test says.

use std::collections::VecDeque;

use wire::{
    CommandId, MESSAGE_MARKS_MAX, MESSAGES_IN_ANSWER_MAX, MessagesAnswerFrame, MessagesQueryFrame,
    OrderId, OrderMessage, Role, UserId,
};

use super::{super::id, Cloud, Stored};

#[derive(Default)]
pub(super) struct MessageDesk {
    /// A cloud of the previous version tells none.
    tells: bool,
    messages: Vec<OrderMessage>,
    queries: Vec<MessagesQueryFrame>,
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
            standing: query.standing,
            messages,
            is_more,
            is_missing: false,
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
    assert!((1..=MESSAGE_MARKS_MAX).contains(&query.marks.len()));
    let told = desk.tell(&query);
    desk.queries.push(query);
    match desk.script.pop_front() {
        None => Some(told),
        Some(ScriptedTelling::Silence) => None,
        Some(ScriptedTelling::Missing) => Some(MessagesAnswerFrame {
            messages: Vec::new(),
            is_more: false,
            is_missing: true,
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
            });
        });
    }

    pub(crate) fn message_queries(&self) -> Vec<MessagesQueryFrame> {
        self.with(|state| state.messages.queries.clone())
    }
}
