//! The steps of a run as the payment service took them, so that a store can take the same and be
//! compared.

use custody::{
    HeardOrder, MoneyStep, MoneyWrites, MovementId, OrderMoney, PayoutStep, PayoutWrites, Refusal,
    StatementLine,
};
use wire::{Currency, OrderId, UnixMillis, UserId};

/// One transaction, with the time and the id that it was given.
#[derive(Debug, Clone)]
pub struct StepRecord {
    pub now: UnixMillis,
    pub fresh: MovementId,
    pub of: RecordOf,
}

#[derive(Debug, Clone)]
pub enum RecordOf {
    Order {
        order: OrderId,
        /// The order as it opened the due, where this step met none.
        opened: Option<HeardOrder>,
        step: MoneyStep,
        outcome: Result<Box<MoneyWrites>, Refusal>,
    },
    Payout {
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        outcome: Option<PayoutWrites>,
    },
    /// A fee of the adapter's, which is booked.
    Fee {
        line: StatementLine,
    },
}

/// All that a run has done to money, and how it stands in the end.
#[derive(Debug, Clone, Default)]
pub struct RunRecord {
    pub steps: Vec<StepRecord>,
    pub money: Vec<OrderMoney>,
}
