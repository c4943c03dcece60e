//! Customers in good standing at a region's edge: they have paid for finished work there and owe
//! for none.
//!
//! Invariant: only confirmed orders count. Their states and payments come from the cloud; pending
//! ops in the edge's log do not matter.

use wire::{Actor, CommandBody, Order, OrderStatus, PaymentStatus, UserId};

/// The payment state of one finished order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishedWorkPayment {
    Paid,
    Owed,
}

/// A customer's payment history over their finished orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentHistory {
    pub has_paid: bool,
    pub owes: bool,
}

impl FinishedWorkPayment {
    /// `None` if the work is unfinished, or refunded and thus neutral.
    pub fn from_order(order: &Order) -> Option<Self> {
        if !matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed) {
            return None;
        }
        match order.payment_status {
            PaymentStatus::Held | PaymentStatus::Paid => Some(Self::Paid),
            PaymentStatus::Unpaid => Some(Self::Owed),
            PaymentStatus::Refunded | PaymentStatus::PartiallyRefunded => None,
        }
    }
}

impl PaymentHistory {
    /// From one customer's confirmed orders.
    pub fn from_orders<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Self {
        let mut record = Self::default();
        for work in orders
            .into_iter()
            .filter_map(FinishedWorkPayment::from_order)
        {
            record.has_paid |= work == FinishedWorkPayment::Paid;
            record.owes |= work == FinishedWorkPayment::Owed;
        }
        record
    }

    /// False for a new account: it has paid for no work yet.
    pub fn is_good(self) -> bool {
        self.has_paid && !self.owes
    }
}

/// The customer to check for good standing on this command.
pub fn customer_of(actor: Actor, body: &CommandBody, seen: Option<&Order>) -> Option<UserId> {
    match body {
        CommandBody::PublishOrder { .. } => Some(actor.user_id),
        CommandBody::ApproveOrder { .. } => seen.map(|order| order.customer_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::order;

    #[test]
    fn who_has_paid_for_finished_work_and_owes_for_none_is_in_good_standing() {
        use OrderStatus::{Accepted, Cancelled, Completed, InProgress, Reviewed};
        use PaymentStatus::{Held, Paid, PartiallyRefunded, Refunded, Unpaid};
        for (orders, good) in [
            (&[][..], false),
            (&[(Completed, Held)], true),
            (&[(Reviewed, Paid)], true),
            (&[(Completed, Unpaid)], false),
            (&[(Reviewed, Paid), (Completed, Unpaid)], false),
            (&[(Completed, Unpaid), (Reviewed, Paid)], false),
            // Unfinished work and cancelled orders do not matter.
            (&[(Accepted, Held), (InProgress, Held)], false),
            (
                &[(Reviewed, Paid), (InProgress, Unpaid), (Cancelled, Unpaid)],
                true,
            ),
            (
                &[(Completed, Refunded), (Completed, PartiallyRefunded)],
                false,
            ),
            (&[(Completed, Refunded), (Completed, Paid)], true),
        ] {
            let told = orders.iter().map(|&(status, payment_status)| Order {
                status,
                payment_status,
                ..order(1, 3)
            });
            let told: Vec<Order> = told.collect();
            assert_eq!(
                PaymentHistory::from_orders(&told).is_good(),
                good,
                "{orders:?}"
            );
        }
    }
}
