//! The end of a tale as its people were told it, and the sums that follow.

use std::sync::Arc;

use wire::{OrderId, PaymentStatus, UserId};

use super::{Tale, tale::MoneyPeople};

/// In force from the start.
const PLATFORM_FEE_BP: i64 = 1_000;

/// A cancel's price as its customer was shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownCancel {
    pub fee_minor: i64,
    pub refund_minor: i64,
}

/// A round's people, and how their orders ended.
pub struct PlayedRound {
    pub people: Arc<MoneyPeople>,
    pub tales: Vec<ToldTale>,
}

#[derive(Debug, Clone)]
pub struct ToldTale {
    pub tale: Tale,
    pub order: OrderId,
    pub customer: UserId,
    /// Who is paid: for the work, or for a late cancel.
    pub provider: UserId,
    pub price_minor: i64,
    /// Granted back.
    pub granted_minor: i64,
    /// Of a cancelled order.
    pub shown: Option<ShownCancel>,
}

impl ToldTale {
    /// What the customer has paid for good.
    pub fn cost_minor(&self) -> i64 {
        match self.shown {
            Some(shown) => shown.fee_minor,
            None => self.price_minor - self.granted_minor,
        }
    }

    /// What its provider has earned.
    pub fn earned_minor(&self) -> i64 {
        let cost = self.cost_minor();
        match self.shown {
            Some(_) => cost,
            None => cost - cost * PLATFORM_FEE_BP / 10_000,
        }
    }

    /// The charges that the adapter has made, at the least and at the most.
    pub fn charges(&self) -> (usize, usize) {
        match self.tale {
            Tale::WrongAmountFirst => (2, 2),
            // The cancel may have come first.
            Tale::CancelledMeanwhile => (0, 1),
            _ => (1, 1),
        }
    }

    /// Shown by the order in the end, where its money went one way alone.
    pub fn shows(&self) -> Option<PaymentStatus> {
        match self.tale {
            Tale::CancelledMeanwhile => None,
            Tale::CancelledEarly => Some(PaymentStatus::Refunded),
            Tale::CancelledLate | Tale::PartlyRefunded => Some(PaymentStatus::PartiallyRefunded),
            _ => Some(PaymentStatus::Paid),
        }
    }
}
