//! Owns payment_db: dues, movements, journals with their postings, accounts, cases and admins'
//! actions on them, versions of the platform fee, saved payment methods, and idempotency keys.
//!
//! Invariant: one transaction locks the due, reads every row about the order's money, and writes
//! the whole decision, events included [LOCK_DUE].

mod acts;
mod adapter_fees;
mod callbacks;
mod compare;
mod errands;
mod fees;
mod load;
mod methods;
mod payout;
mod reads;
mod reconcile;
mod rows;
mod sealing;
mod statement;
mod step;
mod write;

use custody::{CustodyLimits, MovementId};
use platform::sql::{Migrations, Sql};
use process::clock::Clock;
use wire::UnixMillis;

pub use acts::{ActRow, MoneyAct, MoneyActKind};
pub use callbacks::{CallbackRow, CallbackVerdict};
pub use errands::{AdapterCall, AdapterCallKind};
pub use fees::PlatformFeeRow;
pub use methods::{KEPT_METHODS_MAX, KeptMethodRow};
pub use platform::StoreError;
pub use reads::{MoneyCaseRow, Parties, RequestRecord};
pub use reconcile::{
    BookedCompensation, FindingContext, JournalCursor, LedgerDiscrepancies, OverdueRows,
};
pub use rows::{PaymentRow, PayoutRow, RefundRow};
pub use statement::{AccountBalance, StatementEntry};
pub use step::{KeyedRequest, StepMetadata, StepOutcome};

pub const MIGRATIONS: Migrations = platform::migrations!();

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    clock: Clock,
    limits: CustodyLimits,
}

/// The time of a step, and the id of the one movement that it may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepContext {
    pub now: UnixMillis,
    pub fresh: MovementId,
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, limits: CustodyLimits) -> Self {
        Self { sql, clock, limits }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn new_step_context(&self) -> StepContext {
        StepContext {
            now: self.clock.now(),
            fresh: MovementId(self.clock.new_id()),
        }
    }
}
