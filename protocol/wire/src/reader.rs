//! The readers of an order, and how much each may read: at an edge the same as in the cloud.
//!
//! Invariant: an address is for the order's own people and for admins.

use crate::{Actor, Order, OrderStatus, Role};

/// The order as this person may read it; `None` where for them it does not exist.
pub fn readable_by(order: &Order, actor: Actor) -> Option<Order> {
    match actor.role {
        Role::Admin => Some(order.clone()),
        Role::Customer => (order.customer_id == actor.user_id).then(|| order.clone()),
        Role::Provider if order.provider_id == Some(actor.user_id) => Some(order.clone()),
        Role::Provider => readable_by_every_provider(order),
    }
}

/// An open order, without its address; no other is for every provider to read.
pub fn readable_by_every_provider(order: &Order) -> Option<Order> {
    (order.status == OrderStatus::Pending).then(|| without_address(order))
}

pub fn without_address(order: &Order) -> Order {
    Order { address: String::new(), ..order.clone() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Amount, Draft, OrderId, Region, ServiceType, Source, UnixMillis, UserId};

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    /// Of customer 1, done by provider 2.
    fn order(status: OrderStatus) -> Order {
        let id = OrderId(Uuid::from_u128(9));
        let price = Amount::from_minor(20_000).unwrap();
        let work = ServiceType::CleaningRepair;
        let draft = Draft::new("Fix the tap", work, price, Region::North, "1 Lake Road");
        Order {
            provider_id: (status != OrderStatus::Pending).then(|| user(2)),
            status,
            ..Order::published(id, draft, user(1), UnixMillis(0), Source::Portal)
        }
    }

    #[test]
    fn an_order_is_for_its_own_people_and_an_open_one_for_every_provider() {
        for status in OrderStatus::ALL {
            let order = order(status);
            let address = |role, n| {
                let seen = readable_by(&order, Actor { user_id: user(n), role });
                seen.map(|order| order.address)
            };
            let whole = Some("1 Lake Road".to_owned());
            let open = status == OrderStatus::Pending;
            assert_eq!(address(Role::Customer, 1), whole);
            assert_eq!(address(Role::Admin, 7), whole);
            assert_eq!(address(Role::Customer, 3), None);
            assert_eq!(address(Role::Provider, 3), open.then(String::new), "{status}");
            assert_eq!(address(Role::Provider, 2).is_some_and(|text| !text.is_empty()), !open);
        }
    }
}
