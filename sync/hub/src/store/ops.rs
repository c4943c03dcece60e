//! Receipt: ops and cursor in one transaction, guarded by the term.

use engine::cloud::{NewOp, NewOps};
use platform::{
    sql::{ROWS_MAX, Statement, Tx, parts},
    transact, vals,
};
use wire::{EdgeId, UnixMillis};

use super::{Store, StoreError};

const MOVE_CURSOR: &str = "UPDATE edges SET cursor_seq = ?, cursor_hash = ?, \
    undecided = undecided + ?, last_contact_at = ? \
    WHERE edge = ? AND term = ? AND epoch = ? AND cursor_seq = ? AND cursor_hash = ?";
const ADD_OPS: &str = "INSERT INTO ops (edge, epoch, seq, hash, received_at, bytes) VALUES ";
const ONE_OP: &str = "(?, ?, ?, ?, ?, ?)";
const ADD_UNDECIDED: &str = "INSERT INTO undecided (edge, epoch, seq, state, failures) VALUES ";
const ONE_UNDECIDED: &str = "(?, ?, ?, 'received', 0)";

impl Store {
    /// Whether they were stored. They are not where the term, the epoch or the cursor is another by
    /// now: then another session has the edge.
    pub async fn store_ops(
        &self,
        edge: &EdgeId,
        new: &NewOps,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let cursor = new.cursor();
        transact!(self.sql, tx => {
            let values = vals![
                cursor.seq,
                cursor.hash,
                new.ops.len(),
                now,
                edge,
                new.term,
                new.epoch,
                new.after.seq,
                new.after.hash,
            ];
            if tx.exec(MOVE_CURSOR, values).await? == 0 {
                return Ok(false);
            }
            for ops in parts(&new.ops, ROWS_MAX) {
                add(tx, edge, new.epoch, ops, now).await?;
            }
            Ok(true)
        })
    }
}

async fn add(
    tx: &mut Tx,
    edge: &EdgeId,
    epoch: u64,
    ops: &[NewOp],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(ops.len() * 6);
    let mut places = Vec::with_capacity(ops.len() * 3);
    for op in ops {
        values.extend(vals![edge, epoch, op.at.seq, op.at.hash, now, op.bytes.clone()]);
        places.extend(vals![edge, epoch, op.at.seq]);
    }
    let count = ops.len();
    tx.exec(Statement::new(ADD_OPS).repeat(ONE_OP, ", ", count), values).await?;
    tx.exec(Statement::new(ADD_UNDECIDED).repeat(ONE_UNDECIDED, ", ", count), places).await?;
    Ok(())
}
