//! The view of people on orders that are not theirs to read.

use wire::{Action, Actor, Order, OrderStatus, Role, readable_by};

use crate::Attempt;

/// Returns whether this order does not exist for this person and this command. A provider who comes
/// too late for an open order has lost it, and hears where it went. At an edge a provider acts on
/// an order that the edge has shown him, so he hears the reason.
pub(crate) fn is_hidden(order: &Order, actor: Actor, attempt: &Attempt) -> bool {
    let accepts = attempt.command.body.action() == Some(Action::Accept);
    let told = match actor.role {
        Role::Provider => attempt.op().is_some() || (accepts && was_open(order.status)),
        Role::Customer | Role::Admin => false,
    };
    !told && readable_by(order, actor).is_none()
}

/// Returns whether every provider could read it, now or before.
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
