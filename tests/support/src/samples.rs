//! People and orders for tests; a test sets the fields it depends on and takes the rest from here.

use serde_json::{Value, json};
use uuid::Uuid;
use wire::{
    Actor, Amount, Draft, Order, OrderId, OrderStatus, Region, Role, ServiceType, Source,
    UnixMillis, UserId,
};

/// The customer of the sample orders.
pub const CUSTOMER: UserId = UserId(Uuid::from_u128(10));

pub fn person(n: u128, role: Role) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(n)),
        role,
    }
}

/// # Panics
/// Never: the price is valid.
pub fn draft() -> Draft {
    let price = Amount::from_minor(20_000).unwrap_or_else(|error| panic!("{error:?}"));
    Draft::new(
        "Fix the tap",
        ServiceType::CleaningRepair,
        price,
        Region::North,
        "1 Lake Road",
    )
}

/// The form that publishes an order over HTTP.
pub fn order_form(region: Region, title: &str) -> Value {
    json!({
        "title": title, "description": "as agreed", "service_type": "cleaning_repair",
        "price": "200.00", "location": region, "address": "1 Harbour Road",
    })
}

/// A pending order of the region NORTH; its content follows from id and version.
pub fn order(n: u128, version: u64) -> Order {
    let at = UnixMillis(0);
    Order {
        status: OrderStatus::Pending,
        version,
        updated_at: UnixMillis(version.cast_signed()),
        ..Order::new_published(
            OrderId(Uuid::from_u128(n)),
            draft(),
            CUSTOMER,
            at,
            Source::Portal,
        )
    }
}
