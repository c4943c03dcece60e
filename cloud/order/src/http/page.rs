//! A page of a list of orders, as it is answered.

use serde::Serialize;
use wire::Order;

use crate::store::Slice;

#[derive(Serialize)]
pub struct Items {
    items: Vec<Order>,
    next: Option<String>,
}

impl Items {
    /// A page as its reader may see it.
    pub fn of(slice: Slice, seen: impl FnMut(&Order) -> Option<Order>) -> Self {
        let items = slice.orders.iter().filter_map(seen).collect();
        Self { items, next: slice.next.map(|cursor| cursor.to_string()) }
    }

    pub fn none() -> Self {
        Self { items: Vec::new(), next: None }
    }
}
