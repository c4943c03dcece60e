//! Hides orders from people without read access.

use wire::{Action, Actor, Order, OrderStatus, Role, order_visible_to};

use crate::Attempt;

/// True if the order must look nonexistent to this person and command. A provider who accepts an
/// open order too late learns where it went. At an edge they act on an order the edge has shown
/// them, so they get the real reason.
pub(crate) fn is_hidden(order: &Order, actor: Actor, attempt: &Attempt) -> bool {
    let accepts = attempt.command.body.order_action() == Some(Action::Accept);
    let told = match actor.role {
        Role::Provider => attempt.op().is_some() || (accepts && was_open(order.status)),
        Role::Customer | Role::Admin => false,
    };
    !told && order_visible_to(order, actor).is_none()
}

/// A command without an authenticated author sees no order.
pub(crate) fn is_hidden_from_author(order: &Order, attempt: &Attempt) -> bool {
    match attempt.actor {
        Some(actor) => is_hidden(order, actor, attempt),
        None => true,
    }
}

/// True if every provider could read the order at some time.
fn was_open(status: OrderStatus) -> bool {
    match status {
        OrderStatus::PendingReview | OrderStatus::Rejected => false,
        OrderStatus::Pending
        | OrderStatus::Accepted
        | OrderStatus::InProgress
        | OrderStatus::Completed
        | OrderStatus::Reviewed
        | OrderStatus::Cancelled => true,
    }
}
