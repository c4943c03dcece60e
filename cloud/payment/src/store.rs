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
mod order_money;
mod payments;
mod payouts;
mod reconciliation;

use custody::{CustodyLimits, MovementId, PendingCall};
use platform::{
    sealing::{DataKeys, ResealedBatch, SealContext},
    sql::{Columns, Migrations, Sql, Statement, Tx},
    vals,
};
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
pub use journals::{AccountBalance, StatementEntry};
pub use order_money::{KeyedRequest, StepMetadata, StepOutcome};
pub use payments::{KEPT_METHODS_MAX, KeptMethodRow, PaymentRow, RefundRow};
pub use payouts::PayoutRow;
pub use platform::StoreError;
pub use reconciliation::{
    BookedCompensation, FindingContext, JournalCursor, LedgerDiscrepancies, OverdueRows,
};

pub const MIGRATIONS: Migrations = platform::migrations!();
const REQUEST_REASONS: &str =
    "SELECT id, reason FROM refund_requests WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_REQUEST: &str = "UPDATE refund_requests SET reason = ? WHERE id = ?";
const ACT_REASONS: &str = "SELECT id, reason FROM money_acts WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_ACT: &str = "UPDATE money_acts SET reason = ? WHERE id = ?";
/// Batch size.
const RESEAL_BATCH: usize = 200;

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

    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    /// Seals the reasons of the requests after `after`, at most one batch. Returns the batch's last
    /// request, or `None` at the end.
    pub async fn reseal_reasons(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_rows(
            REQUEST_REASONS,
            RESEAL_REQUEST,
            RefundRequestRow::reason_place,
            after,
        )
        .await
    }

    /// Does the same for admins' actions.
    pub async fn reseal_acts(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_rows(ACT_REASONS, RESEAL_ACT, MoneyActRow::reason_place, after)
            .await
    }

    async fn reseal_rows(
        &self,
        read: &'static str,
        write: &'static str,
        place: fn(Uuid) -> SealContext,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        let keys = self.data_keys();
        let rows: Vec<(Uuid, String)> =
            self.sql.fetch_all(read, vals![after, RESEAL_BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == RESEAL_BATCH)
            .map(|(id, _)| *id);
        let mut sealed = 0;
        for (id, reason) in rows {
            if !keys.is_stale_text(&reason) {
                continue;
            }
            let place = place(id);
            let anew = keys.seal_text(&place, &keys.open_text(&place, reason)?);
            self.sql.exec(write, vals![anew, id]).await?;
            sealed += 1;
        }
        Ok(ResealedBatch { sealed, last })
    }
}

/// Parses a domain value; we never write any other.
pub fn parse_column<T: std::str::FromStr>(
    text: &str,
    column: &'static str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
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
    let mut values = row.values();
    values.push(id.0.into());
    tx.exec(R::update("WHERE id = ?"), values).await?;
    Ok(())
}

fn parse_pending_call(ask: &str, tries: u32, at: UnixMillis) -> Result<PendingCall, StoreError> {
    Ok(PendingCall {
        ask: parse_column(ask, "ask")?,
        tries,
        at,
    })
}
