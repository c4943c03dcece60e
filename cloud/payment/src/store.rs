//! Owns payment_db: dues, movements, journals with their postings, accounts, cases and admins'
//! actions on them, versions of the platform fee, saved payment methods, and idempotency keys.
//!
//! Invariant: one transaction locks the due, reads every row about the order's money, and writes
//! the whole decision, events included [LOCK_DUE].
//!
//! Text that people wrote is stored sealed, and resealed under new keys.

mod adapter_calls;
mod admin_decisions;
mod dues;
mod journals;
mod money_events;
mod open_matters;
mod order_money;
mod payments;
mod payouts;
mod reconciliation;

use std::{fmt::Display, str::FromStr};

use custody::{CustodyLimits, MovementId, PendingCall};
use platform::sql::{Columns, Migrations, SealedTable, Sql, SqlResealer, Statement, Tx};
use process::clock::Clock;
use uuid::Uuid;
use wire::UnixMillis;

pub use adapter_calls::{
    AdapterCall, AdapterCallKind, CallbackClaim, CallbackMessage, CallbackRow, CallbackVerdict,
};
pub use admin_decisions::{
    MoneyAct, MoneyActKind, MoneyActRow, MoneyCaseRow, PlatformFeeRow, RefundRequestRow,
};
pub use dues::Parties;
pub use journals::{AccountBalance, AccountName, StatementEntry};
pub use order_money::{KeyedRequest, StepMetadata, StepOutcome};
pub use payments::{KEPT_METHODS_MAX, KeptMethodRow, PaymentRow, RefundRow};
pub use payouts::PayoutRow;
pub use platform::StoreError;
pub use reconciliation::{
    BookedCompensation, FindingContext, JournalCursor, LedgerDiscrepancies, OverdueRows,
};

pub const MIGRATIONS: Migrations = platform::migrations!("0001_payment", "0002_open_matters");

const SEALED_TABLES: &[SealedTable] = &[
    admin_decisions::REFUND_REQUESTS,
    admin_decisions::MONEY_ACTS,
];

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

    /// How long held money waits after a completion, so that its customer can object.
    pub fn objection_ms(&self) -> i64 {
        self.limits.dispute_ms
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

    pub fn resealer(&self) -> SqlResealer {
        SqlResealer::new(&self.sql, SEALED_TABLES)
    }
}

/// Parses a domain value of the row with that id. A later version may have written another.
pub fn parse_column<T: FromStr>(
    text: &str,
    column: &'static str,
    row: impl Display,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::UnknownWord {
        word: text.to_owned(),
        column,
        row: row.to_string(),
    })
}

/// Only MySQL needs row locks: SQLite has one writer at a time.
pub fn for_update(tx: &Tx, statement: Statement) -> Statement {
    if tx.is_mysql() {
        statement.append_text(" FOR UPDATE")
    } else {
        statement
    }
}

pub async fn update_row<R: Columns>(tx: &mut Tx, row: R, id: MovementId) -> Result<(), StoreError> {
    let mut values = row.sealed_values(tx.data_keys());
    values.push(id.0.into());
    tx.exec(R::update("WHERE id = ?"), values).await?;
    Ok(())
}

fn parse_pending_call(
    ask: &str,
    row: Uuid,
    tries: u32,
    at: UnixMillis,
) -> Result<PendingCall, StoreError> {
    Ok(PendingCall {
        ask: parse_column(ask, "ask", row)?,
        tries,
        at,
    })
}

#[cfg(test)]
mod tests {
    use custody::RefundState;

    use super::*;

    #[test]
    fn a_word_of_a_later_version_is_a_fault_that_names_row_and_word() {
        let read: Result<RefundState, _> = parse_column("halved", "refunds.status", Uuid::nil());
        assert_eq!(
            read.unwrap_err().to_string(),
            "this version does not know `halved` in refunds.status of the row \
             00000000-0000-0000-0000-000000000000"
        );
    }
}
