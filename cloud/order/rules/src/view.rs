//! Who is told what about an order that is not theirs to read.

use wire::{Action, Actor, Order, OrderStatus, Role, readable_by};

use crate::Attempt;

/// Whether for this person, and for what they ask, there is no such order. Who comes too late for one
/// that was open has lost it, and hears where it went. What a provider does at an edge he does on an
/// order that the edge has shown him, so he hears why not.
pub(crate) fn is_hidden(order: &Order, actor: Actor, attempt: &Attempt) -> bool {
    let accepts = attempt.command.body.action() == Some(Action::Accept);
    let told = match actor.role {
        Role::Provider => attempt.op().is_some() || (accepts && was_open(order.status)),
        Role::Customer | Role::Admin => false,
    };
    !told && readable_by(order, actor).is_none()
}

/// Whether every provider could read it, now or before.
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
