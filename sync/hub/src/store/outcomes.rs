//! Outcomes as a session reads them, by number.

use platform::vals;
use uuid::Uuid;
use wire::{CommandId, EdgeId, NumberedOutcome};

use super::{Store, StoreError, count, fitting};

const READ: &str = "SELECT number, seq, command_id, bytes FROM outcomes \
    WHERE edge = ? AND epoch = ? AND number > ? ORDER BY number LIMIT ?";

impl Store {
    /// Those after `after`, without a gap, at most `limit` and a frame full.
    pub async fn outcomes(
        &self,
        edge: &EdgeId,
        epoch: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<NumberedOutcome>, StoreError> {
        let rows: Vec<(i64, i64, Option<Uuid>, Vec<u8>)> =
            self.sql.all(READ, vals![edge, epoch, after, limit]).await?;
        let fitting = fitting(rows.iter().map(|(.., bytes)| bytes.len()));
        rows.into_iter()
            .take(fitting)
            .map(|(number, seq, command_id, bytes)| {
                let outcome = minicbor::decode(&bytes);
                Ok(NumberedOutcome {
                    number: count(number),
                    seq: count(seq),
                    command_id: command_id.map(CommandId),
                    outcome: outcome.map_err(|_| StoreError::Unreadable("an outcome"))?,
                })
            })
            .collect()
    }
}
