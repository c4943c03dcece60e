//! Customers in good standing, as the edge of a region knows them: who has paid for finished work
//! there, and owes for none.
//!
//! Invariant: only confirmed orders count. Each state and each payment in them is the cloud's word;
//! what waits in the edge's own log says nothing yet.

use wire::{Actor, CommandBody, Order, OrderStatus, PaymentStatus, UserId};

/// What a finished order says about its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishedWork {
    Paid,
    Owed,
}

/// What the finished orders of one customer say together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayingRecord {
    pub has_paid: bool,
    pub owes: bool,
}

impl FinishedWork {
    /// `None` of work that is not finished. Work whose money went back speaks neither for its
    /// customer nor against.
    pub fn of(order: &Order) -> Option<Self> {
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

impl PayingRecord {
    /// Of the confirmed orders of one customer.
    pub fn of<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Self {
        let mut record = Self::default();
        for work in orders.into_iter().filter_map(FinishedWork::of) {
            record.has_paid |= work == FinishedWork::Paid;
            record.owes |= work == FinishedWork::Owed;
        }
        record
    }

    /// A new account has nothing to show yet.
    pub fn is_good(self) -> bool {
        self.has_paid && !self.owes
    }
}

/// The customer whose standing counts for this command.
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
            // Work in hand is not finished, and a cancelled order was never work.
            (&[(Accepted, Held), (InProgress, Held)], false),
            (&[(Reviewed, Paid), (InProgress, Unpaid), (Cancelled, Unpaid)], true),
            (&[(Completed, Refunded), (Completed, PartiallyRefunded)], false),
            (&[(Completed, Refunded), (Completed, Paid)], true),
        ] {
            let told = orders.iter().map(|&(status, payment_status)| Order {
                status,
                payment_status,
                ..order(1, 3)
            });
            let told: Vec<Order> = told.collect();
            assert_eq!(PayingRecord::of(&told).is_good(), good, "{orders:?}");
        }
    }
}
