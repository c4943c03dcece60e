//! Ops that an operator lets in again.
//!
//! Invariant: what is let in again stands on record with who did it, in the same transaction.

use platform::{transact, vals};
use wire::{EdgeId, UnixMillis, UserId};

use super::{Store, StoreError, work::NEEDS_OPERATOR};

const LET_IN: &str = "UPDATE undecided SET state = 'received', failures = 0 \
    WHERE edge = ? AND epoch = ? AND seq = ? AND state = ?";
const STATE: &str = "SELECT state FROM undecided WHERE edge = ? AND epoch = ? AND seq = ?";
const NOTE: &str = "INSERT INTO op_retries (edge, epoch, seq, at, made_by) VALUES (?, ?, ?, ?, ?)";

/// What became of an operator's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is tried again, with as many trials as if it were new.
    LetIn,
    /// It waits for something else.
    NotStopped,
    /// No such op waits.
    Unknown,
}

impl Store {
    pub async fn retry(
        &self,
        edge: &EdgeId,
        epoch: u64,
        seq: u64,
        by: UserId,
        now: UnixMillis,
    ) -> Result<Retried, StoreError> {
        transact!(self.sql, tx => {
            if tx.exec(LET_IN, vals![edge, epoch, seq, NEEDS_OPERATOR]).await? == 1 {
                tx.exec(NOTE, vals![edge, epoch, seq, now, by]).await?;
                return Ok(Retried::LetIn);
            }
            let row: Option<(String,)> = tx.one(STATE, vals![edge, epoch, seq]).await?;
            Ok(if row.is_some() { Retried::NotStopped } else { Retried::Unknown })
        })
    }
}
