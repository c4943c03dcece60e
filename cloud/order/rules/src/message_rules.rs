//! Messages about an order: its customer and its current provider may write to each other, from the
//! acceptance until 30 days after the end.
//!
//! Invariant: a message does not change the order, and is sent once per sender and command id.

use wire::{
    Actor, Code, ERASED_TITLE, Order, OrderStatus, PhotoRef, Role, UnixMillis, check_message,
    find_other_party, is_party,
};

use crate::{
    KnownMessage, MessageDirection, MessageThread, OrderRule, OrderState, is_disabled,
    ruling::{Ruling, RulingContext},
};

/// How long the two may write after the end of the order, for questions about the work.
const MESSAGES_OPEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// When the messages of an order close; `None` until the order ends.
pub fn find_message_close(order: &Order, ended_at: Option<UnixMillis>) -> Option<UnixMillis> {
    let is_over = matches!(
        order.status,
        OrderStatus::Completed | OrderStatus::Reviewed | OrderStatus::Cancelled
    );
    is_over.then(|| {
        let ended_at = ended_at.unwrap_or(order.updated_at);
        ended_at.plus_ms(MESSAGES_OPEN_MS)
    })
}

/// The recipient of a message by this person. No message goes to a deleted customer. `ended_at` is
/// when the order was completed or cancelled.
pub fn find_message_recipient(
    order: &Order,
    writer: Actor,
    ended_at: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<Actor, Code> {
    if !is_party(order, writer) {
        return Err(Code::OrderNotFound);
    }
    let recipient = find_other_party(order, writer).ok_or(Code::MessagesNotOpen)?;
    if order.title == ERASED_TITLE {
        return Err(Code::MessagesClosed);
    }
    match find_message_close(order, ended_at) {
        Some(closes_at) if closes_at <= now => Err(Code::MessagesClosed),
        _ => Ok(recipient),
    }
}

/// Rules on a message by one of the order's two people.
pub(crate) fn rule_on_message(
    context: RulingContext<'_>,
    state: &OrderState,
    text: &str,
    photo: Option<PhotoRef>,
) -> Result<Ruling, Code> {
    let RulingContext { actor, now, .. } = context;
    let order = &state.order;
    let text = check_message(text, photo).map_err(|_| Code::InvalidInput)?;
    let none = MessageThread::default();
    let thread = context.messages.threads.get(&order.id).unwrap_or(&none);
    let id = context.attempt.command.id;
    let sent = thread.find_sent(id, actor.role);
    if let Some(sent) = sent.filter(|_| !is_disabled(OrderRule::MessageOnce)) {
        return repeat_or_refuse(sent, actor, &text, photo);
    }
    let recipient = find_message_recipient(order, actor, thread.ended_at, now)?;
    if context
        .messages
        .are_blocked(actor.user_id, recipient.user_id)
    {
        return Err(Code::MessagesBlocked);
    }
    if thread.is_full(actor.role) {
        return Err(Code::TooManyMessages);
    }
    let from_provider = actor.role == Role::Provider;
    let provider = match from_provider {
        true => actor,
        false => recipient,
    };
    let direction = MessageDirection {
        provider_id: provider.user_id,
        from_provider,
    };
    let message = KnownMessage {
        id,
        direction,
        text,
        photo,
    };
    let new = thread.number_message(order.id, message);
    Ok(Ruling::Sent(Box::new(new)))
}

/// A side can use an id for one message; an earlier provider counts too. Messages from an older
/// version have no stored answer, so their repeats are recognized here.
fn repeat_or_refuse(
    sent: &KnownMessage,
    writer: Actor,
    text: &str,
    photo: Option<PhotoRef>,
) -> Result<Ruling, Code> {
    let MessageDirection {
        provider_id,
        from_provider,
    } = sent.direction;
    let is_by_writer = !from_provider || provider_id == writer.user_id;
    match is_by_writer && sent.text == text && sent.photo == photo {
        true => Ok(Ruling::AlreadySo),
        false => Err(Code::CommandIdReused),
    }
}
