//! Retries of stopped ops and waiting accepts.
//!
//! Invariant: the same transaction records the operator.

use platform::{transact, vals};
use wire::{CommandId, EdgeId, UnixMillis, UserId};

use super::{Result, Store, work::NEEDS_OPERATOR};
use crate::domain::run::FAILURES_MAX;

const LET_IN: &str = "UPDATE undecided SET state = 'received', failures = 0 \
    WHERE edge = ? AND epoch = ? AND seq = ? AND state = ?";
const STATE: &str = "SELECT state FROM undecided WHERE edge = ? AND epoch = ? AND seq = ?";
const NOTE: &str = "INSERT INTO op_retries (edge, epoch, seq, at, made_by) VALUES (?, ?, ?, ?, ?)";
const ASKS: &str = "SELECT user_id FROM asks WHERE command_id = ?";
const LET_ASK_IN: &str =
    "UPDATE asks SET failures = 0 WHERE command_id = ? AND user_id = ? AND failures >= ?";
const NOTE_ASK: &str =
    "INSERT INTO ask_retries (command_id, user_id, at, made_by) VALUES (?, ?, ?, ?)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryResult {
    /// It is retried with a fresh failure count.
    LetIn,
    /// It waits for something else.
    NotStopped,
    /// No such op or accept waits.
    Unknown,
}

impl Store {
    pub async fn retry_op(
        &self,
        edge: &EdgeId,
        epoch: u64,
        seq: u64,
        by: UserId,
        now: UnixMillis,
    ) -> Result<RetryResult> {
        transact!(self.sql, tx => {
            if tx.exec(LET_IN, vals![edge, epoch, seq, NEEDS_OPERATOR]).await? == 1 {
                tx.exec(NOTE, vals![edge, epoch, seq, now, by]).await?;
                return Ok(RetryResult::LetIn);
            }
            let state: Option<String> = tx.fetch_optional(STATE, vals![edge, epoch, seq]).await?;
            Ok(if state.is_some() { RetryResult::NotStopped } else { RetryResult::Unknown })
        })
    }

    /// Retries the portal's accepts with that id. There may be several, because an id is unique
    /// only per user.
    pub async fn retry_asks(
        &self,
        id: CommandId,
        by: UserId,
        now: UnixMillis,
    ) -> Result<RetryResult> {
        transact!(self.sql, tx => {
            let users: Vec<UserId> = tx.fetch_all(ASKS, vals![id]).await?;
            let mut retried = if users.is_empty() { RetryResult::Unknown } else { RetryResult::NotStopped };
            for user in users {
                if tx.exec(LET_ASK_IN, vals![id, user, FAILURES_MAX]).await? == 1 {
                    tx.exec(NOTE_ASK, vals![id, user, now, by]).await?;
                    retried = RetryResult::LetIn;
                }
            }
            Ok(retried)
        })
    }
}
