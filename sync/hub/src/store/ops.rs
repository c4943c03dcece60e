//! Stores the ops that a session receives and reads the outcomes that it sends.
//!
//! Invariant: ops and cursor are stored in one transaction, guarded by the term.

use engine::{
    cloud::{NewOp, NewOps},
    trusted_time::OpBounds,
};
use platform::{columns, transact, vals};
use wire::{CommandId, EdgeId, Hash, NumberedOutcome, UnixMillis};

use super::{
    Result, Store, count_rows_in_frame, decode_stored,
    edges::head_values,
    sealed::{op_place, outcome_place},
    work::RECEIVED,
};

const MOVE_CURSOR: &str = "UPDATE edges SET cursor_seq = ?, cursor_hash = ?, \
    undecided = undecided + ?, last_contact_at = ?, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ? AND epoch = ? AND cursor_seq = ? AND cursor_hash = ?";
const OUTCOMES: &str = "SELECT number, seq, command_id, bytes FROM outcomes \
    WHERE edge = ? AND epoch = ? AND number > ? ORDER BY number LIMIT ?";

columns! {
    struct OpRow<'a> in ops {
        edge: &'a EdgeId,
        epoch: u64,
        seq: u64,
        hash: Hash,
        received_at: UnixMillis,
        not_before: UnixMillis,
        knows_to: u64,
        bytes: Vec<u8>,
    }
}

columns! {
    struct NewUndecided<'a> in undecided {
        edge: &'a EdgeId,
        epoch: u64,
        seq: u64,
        state: &'static str,
        failures: u32,
    }
}

impl Store {
    /// Returns `false`, and stores none, if the term, epoch or cursor has changed: another session
    /// has the edge.
    pub async fn store_ops(&self, edge: &EdgeId, new: &NewOps, now: UnixMillis) -> Result<bool> {
        let cursor = new.cursor();
        transact!(self.sql, tx => {
            let mut values = vals![cursor.seq, cursor.hash, new.ops.len(), now];
            values.extend(head_values(&new.heads));
            values.extend(vals![edge, new.term, new.epoch, new.after.seq, new.after.hash]);
            if tx.exec(MOVE_CURSOR, values).await? == 0 {
                return Ok(false);
            }
            let epoch = new.epoch;
            let keys = self.sql.data_keys();
            let rows = new.ops.iter().map(|NewOp { head, bytes, bounds }| {
                let OpBounds { not_before, knows_to } = *bounds;
                OpRow {
                    edge,
                    epoch,
                    seq: head.seq,
                    hash: head.hash,
                    received_at: now,
                    not_before,
                    knows_to,
                    bytes: keys.seal(&op_place(edge.as_str(), epoch, head.seq), bytes),
                }
            });
            tx.insert_all(rows.collect()).await?;
            let places = new.ops.iter().map(|op| {
                NewUndecided { edge, epoch, seq: op.head.seq, state: RECEIVED, failures: 0 }
            });
            tx.insert_all(places.collect()).await?;
            Ok(true)
        })
    }

    /// Returns outcomes after `after` without a gap: at most `limit` and one frame.
    pub async fn read_outcomes(
        &self,
        edge: &EdgeId,
        epoch: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<NumberedOutcome>> {
        let rows: Vec<(u64, u64, Option<CommandId>, Vec<u8>)> = self
            .sql
            .fetch_all(OUTCOMES, vals![edge, epoch, after, limit])
            .await?;
        let mut opened = Vec::with_capacity(rows.len());
        for (number, seq, command_id, bytes) in rows {
            let place = outcome_place(edge.as_str(), epoch, seq);
            opened.push((
                number,
                seq,
                command_id,
                self.sql.data_keys().open(&place, bytes)?,
            ));
        }
        let fitting = count_rows_in_frame(opened.iter().map(|(.., bytes)| bytes.len()));
        let mut outcomes = Vec::with_capacity(fitting);
        for (number, seq, command_id, bytes) in opened.into_iter().take(fitting) {
            let outcome = decode_stored(&bytes, "an outcome")?;
            outcomes.push(NumberedOutcome {
                number,
                seq,
                command_id,
                outcome,
            });
        }
        Ok(outcomes)
    }
}
