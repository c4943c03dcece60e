//! Who sees what of an order. An address is for the order's own people and for admins.

use wire::{Action, Actor, Order, OrderStatus, Role};

use crate::Attempt;

/// The order as this person may read it; `None` where for them it does not exist.
pub fn readable_by(order: &Order, actor: Actor) -> Option<Order> {
    match actor.role {
        Role::Admin => Some(order.clone()),
        Role::Customer => is_party(order, actor).then(|| order.clone()),
        Role::Provider if is_party(order, actor) => Some(order.clone()),
        Role::Provider => (order.status == OrderStatus::Pending).then(|| without_address(order)),
    }
}

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

fn is_party(order: &Order, actor: Actor) -> bool {
    match actor.role {
        Role::Customer => order.customer_id == actor.user_id,
        Role::Provider => order.provider_id == Some(actor.user_id),
        Role::Admin => true,
    }
}

fn without_address(order: &Order) -> Order {
    Order { address: String::new(), ..order.clone() }
}
