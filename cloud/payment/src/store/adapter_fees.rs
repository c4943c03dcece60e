//! The adapter's own fees, which appear only in its statement.

use custody::{LineKind, StatementLine};
use platform::{row, sql::Statement, transact, vals};
use uuid::Uuid;
use wire::{OrderId, UnixMillis};

use super::{Store, StoreError, load, write};

const DUE: &str = "SELECT order_id FROM dues WHERE order_id = ?";

row! {
    /// Links a fee to its movement; its journal has the amount.
    struct AdapterFeeRow in adapter_fees {
        id: Uuid,
        movement_id: Uuid,
        heard_at: UnixMillis,
    }
}

impl Store {
    /// Books a fee from the adapter's statement, once, under the line's own id [JOURNAL_KEY].
    /// Returns false without booking if that id is already booked, the line is impossible, or the
    /// movement is unknown.
    pub async fn book_adapter_fee(&self, line: &StatementLine) -> Result<bool, StoreError> {
        self.book_adapter_fee_at(line, self.clock.now()).await
    }

    /// The same, at a given time.
    pub async fn book_adapter_fee_at(
        &self,
        line: &StatementLine,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let LineKind::Fee(id) = line.kind else {
            return Ok(false);
        };
        let Some(call) = self.build_query_call(line.movement).await? else {
            return Ok(false);
        };
        let journal = custody::adapter_fee(line, call.amount_minor, call.currency, now);
        let Some(journal) = journal else {
            return Ok(false);
        };
        let order = call.kind.order_id();
        let movement_id = line.movement.0;
        transact!(self.sql, tx => {
            if let Some(order) = order {
                let text = load::for_update(tx, Statement::new(DUE));
                tx.fetch_optional::<OrderId>(text, vals![order]).await?;
            }
            if !tx.insert_new(AdapterFeeRow { id, movement_id, heard_at: now }).await? {
                return Ok(false);
            }
            let journals = std::slice::from_ref(&journal);
            write::book_journals(tx, &self.clock, journals, order, movement_id).await?;
            Ok::<_, StoreError>(true)
        })
    }
}
