//! Who may write to whom about an order: its customer and its current provider to each other, from
//! the acceptance until some time after the end.

use wire::{Actor, Code, Order, OrderStatus, UnixMillis, find_other_party, is_party};

/// How long the two may write after the end of the order, for questions about the work.
const MESSAGES_OPEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// When the messages of an order close; `None` while it goes on.
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

/// The recipient of what this person writes now. `ended_at` is when the order was completed or
/// cancelled.
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
    match find_message_close(order, ended_at) {
        Some(closes_at) if closes_at <= now => Err(Code::MessagesClosed),
        _ => Ok(recipient),
    }
}
