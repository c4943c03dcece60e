//! Reads a customer's standing from the confirmed orders.

use engine::customers::{FinishedWorkPayment, PaymentHistory, customer_of};
use rusqlite::{Connection, Transaction, params};
use wire::{Order, UserId};

use super::{
    book::LogBook,
    commands::CheckedCommand,
    sql::{execute_cached, read_order},
};

/// Has paid for an order; owes for an order.
pub(super) const RECORD: &str =
    "SELECT EXISTS (SELECT 1 FROM orders WHERE customer = ?1 AND owed = 0),
    EXISTS (SELECT 1 FROM orders WHERE customer = ?1 AND owed = 1)";

/// False if no rule of the region depends on it.
pub fn is_in_good_standing(
    conn: &Connection,
    book: &LogBook,
    checked: &CheckedCommand,
    seen: Option<&Order>,
) -> rusqlite::Result<bool> {
    if book
        .tenure
        .assignment
        .rules
        .approval_in_good_standing
        .is_none()
    {
        return Ok(false);
    }
    let customer = customer_of(checked.actor, &checked.command.body, seen);
    customer.map_or(Ok(false), |customer| {
        Ok(record_of(conn, customer)?.is_good())
    })
}

/// Column values: the customer of a finished order, and the debt flag.
pub fn finished_work_columns(order: &Order) -> (Option<&[u8]>, Option<bool>) {
    match FinishedWorkPayment::from_order(order) {
        None => (None, None),
        Some(work) => (
            Some(&order.customer_id.as_bytes()[..]),
            Some(work == FinishedWorkPayment::Owed),
        ),
    }
}

/// Files of older versions lack the customer columns.
pub fn fill_customers(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut statement = tx.prepare("SELECT bytes FROM orders")?;
    let orders = statement.query_map([], |row| read_order(row, 0))?;
    for order in orders {
        let order: Order = order?;
        if let (Some(customer), owed) = finished_work_columns(&order) {
            let values = params![customer, owed, &order.id.as_bytes()[..]];
            execute_cached(
                tx,
                "UPDATE orders SET customer = ?, owed = ? WHERE id = ?",
                values,
            )?;
        }
    }
    Ok(())
}

fn record_of(conn: &Connection, customer: UserId) -> rusqlite::Result<PaymentHistory> {
    conn.prepare_cached(RECORD)?
        .query_row([&customer.as_bytes()[..]], |row| {
            Ok(PaymentHistory {
                has_paid: row.get(0)?,
                owes: row.get(1)?,
            })
        })
}
