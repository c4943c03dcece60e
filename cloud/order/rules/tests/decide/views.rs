//! Who may read an order, and how much of it.

use crate::stage::*;
use rules::{readable_by, state_for};
use wire::{Actor, OrderStatus};

#[derive(Debug, PartialEq)]
enum Seen {
    Whole,
    WithoutAddress,
    Nothing,
}

fn seen(order: Option<wire::Order>) -> Seen {
    match order {
        None => Seen::Nothing,
        Some(order) if order.address.is_empty() => Seen::WithoutAddress,
        Some(_) => Seen::Whole,
    }
}

#[track_caller]
fn check(actor: Actor, status: OrderStatus, read: Seen, state: Seen) {
    let order = order(1, status).order;
    assert_eq!(seen(readable_by(&order, actor)), read, "{actor:?} reads {status}");
    assert_eq!(seen(state_for(&order, actor)), state, "{actor:?} is answered on {status}");
}

#[test]
fn an_address_is_for_the_orders_own_people() {
    for &status in OrderStatus::ALL {
        check(customer(1), status, Seen::Whole, Seen::Whole);
        check(customer(2), status, Seen::Nothing, Seen::Nothing);
        check(admin(), status, Seen::Whole, Seen::Whole);
        let read = match status {
            OrderStatus::Pending => Seen::WithoutAddress,
            _ => Seen::Nothing,
        };
        check(provider(2), status, read, Seen::WithoutAddress);
    }
    for status in [OrderStatus::Accepted, OrderStatus::InProgress, OrderStatus::Completed] {
        check(provider(1), status, Seen::Whole, Seen::Whole);
    }
}
