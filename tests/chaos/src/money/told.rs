//! The end of a tale according to the answers, and the sums that follow.

use wire::{OrderId, PaymentStatus, UserId};

use super::Tale;

/// The fee in force from the start.
const PLATFORM_FEE_BP: i64 = 1_000;

/// A cancel's price as shown to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownCancel {
    pub fee_minor: i64,
    pub refund_minor: i64,
}

#[derive(Debug, Clone)]
pub struct ToldTale {
    pub tale: Tale,
    pub order: OrderId,
    pub customer: UserId,
    /// The provider paid for the work or for a late cancel.
    pub provider: UserId,
    pub price_minor: i64,
    pub granted_minor: i64,
    /// The preview, if the order was cancelled.
    pub shown: Option<ShownCancel>,
}

impl ToldTale {
    /// The customer's final cost.
    pub fn cost_minor(&self) -> i64 {
        match self.shown {
            Some(shown) => shown.fee_minor,
            None => self.price_minor - self.granted_minor,
        }
    }

    pub fn earned_minor(&self) -> i64 {
        let cost = self.cost_minor();
        match self.shown {
            Some(_) => cost,
            None => cost - cost * PLATFORM_FEE_BP / 10_000,
        }
    }

    /// The minimum and maximum number of charges by the adapter.
    pub fn charges(&self) -> (usize, usize) {
        match self.tale {
            Tale::WrongAmountFirst => (2, 2),
            // The cancel may have come first.
            Tale::CancelledMeanwhile => (0, 1),
            _ => (1, 1),
        }
    }

    /// The final payment status, if the tale determines it.
    pub fn shows(&self) -> Option<PaymentStatus> {
        match self.tale {
            Tale::CancelledMeanwhile => None,
            Tale::CancelledEarly => Some(PaymentStatus::Refunded),
            Tale::CancelledLate | Tale::PartlyRefunded => Some(PaymentStatus::PartiallyRefunded),
            _ => Some(PaymentStatus::Paid),
        }
    }
}
