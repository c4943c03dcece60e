//! The payment service's steps in a run, so that a store can replay and compare them.

use custody::{
    BilledOrder, MoneyStep, MoneyWrites, MovementId, OrderMoney, PayoutStep, PayoutWrites,
    StatementLine,
};
use wire::{Code, Currency, OrderId, UnixMillis, UserId};

/// One transaction, with the time and id it was given.
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
        /// The order that opened the due, if this step created it.
        opened: Option<BilledOrder>,
        step: MoneyStep,
        outcome: Result<Box<MoneyWrites>, Code>,
    },
    Payout {
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        outcome: Option<PayoutWrites>,
    },
    Fee {
        line: StatementLine,
    },
}

/// Every money step of a run, and the final state.
#[derive(Debug, Clone, Default)]
pub struct RunRecord {
    pub steps: Vec<StepRecord>,
    pub money: Vec<OrderMoney>,
}
