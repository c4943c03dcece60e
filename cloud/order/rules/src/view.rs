//! Who sees what of an order. An address is for the order's own people and for admins.

use wire::{Actor, Order, OrderStatus, Role};

/// The order as this person may read it; `None` where for them it does not exist.
pub fn readable_by(order: &Order, actor: Actor) -> Option<Order> {
    match actor.role {
        Role::Admin => Some(order.clone()),
        Role::Customer => is_party(order, actor).then(|| order.clone()),
        Role::Provider if is_party(order, actor) => Some(order.clone()),
        Role::Provider => (order.status == OrderStatus::Pending).then(|| without_address(order)),
    }
}

/// The order's state for someone whose command it answers: a loser sees where the order went, though
/// it is not theirs to read.
pub fn state_for(order: &Order, actor: Actor) -> Option<Order> {
    let seen = readable_by(order, actor);
    match actor.role {
        Role::Provider => seen.or_else(|| Some(without_address(order))),
        Role::Customer | Role::Admin => seen,
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
