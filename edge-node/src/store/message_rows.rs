//! The rows of messages: a copy of the cloud's, which may be emptied and requested again.
//!
//! Invariant: only an order with its copy here has messages, and none if its customer was erased.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{ERASED_TITLE, Order, OrderId, OrderMessage, Role};

use super::sql::{execute_cached, id, read_order, to_sql_int};

/// False if the order has no copy here, or was erased.
pub(super) fn insert_message(conn: &Connection, message: &OrderMessage) -> rusqlite::Result<bool> {
    const PUT: &str = "INSERT OR REPLACE INTO messages (order_id, number, id, customer_id,
        provider_id, from_provider, text, sent_at, photo_hash, photo_bytes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let Some(order) = find_readable_order(conn, message.order_id)? else {
        return Ok(false);
    };
    let values = params![
        &message.order_id.as_bytes()[..],
        to_sql_int(message.number),
        &message.id.as_bytes()[..],
        &order.customer_id.as_bytes()[..],
        &message.provider_id.as_bytes()[..],
        message.from == Role::Provider,
        message.text,
        message.sent_at.0,
        message.photo.map(|photo| photo.hash.0.to_vec()),
        message.photo.map(|photo| photo.bytes),
    ];
    execute_cached(conn, PUT, values)?;
    Ok(true)
}

fn find_readable_order(conn: &Connection, order_id: OrderId) -> rusqlite::Result<Option<Order>> {
    const ORDER: &str = "SELECT bytes FROM orders WHERE id = ? AND dropped_digest IS NULL";
    let order = conn
        .prepare_cached(ORDER)?
        .query_row([&order_id.as_bytes()[..]], |row| read_order(row, 0))
        .optional()?;
    Ok(order.filter(|order| order.title != ERASED_TITLE))
}

pub(super) fn delete_messages_of(conn: &Connection, order_id: OrderId) -> rusqlite::Result<()> {
    const DELETE: &str = "DELETE FROM messages WHERE order_id = ?";
    execute_cached(conn, DELETE, [&order_id.as_bytes()[..]])
}

/// Call it when an order comes before its messages were received from the cloud.
pub(super) fn forget_time_told(conn: &Connection) -> rusqlite::Result<()> {
    execute_cached(conn, "DELETE FROM messages_told", [])
}

/// After all orders were replaced.
pub(super) fn delete_messages_without_order(conn: &Connection) -> rusqlite::Result<()> {
    const ORDERS: &str = "SELECT DISTINCT order_id FROM messages";
    let orders: Vec<OrderId> = conn
        .prepare_cached(ORDERS)?
        .query_map([], |row| id(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for order_id in orders {
        if find_readable_order(conn, order_id)?.is_none() {
            delete_messages_of(conn, order_id)?;
        }
    }
    forget_time_told(conn)
}

pub(super) fn delete_all_messages(conn: &Connection) -> rusqlite::Result<()> {
    execute_cached(conn, "DELETE FROM messages", [])?;
    forget_time_told(conn)
}
