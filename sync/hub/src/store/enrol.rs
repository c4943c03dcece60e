//! Enrolment: an operator names an edge, which registers its key with a code. Also stores the hub's
//! public key, which all replicas share.

use platform::{columns, sql::Tx, transact, vals};
use wire::{ChainHead, EdgeId, Hash, HubKey, Region, UnixMillis, UserId};

use super::{Result, Store, StoreError};
use crate::domain::enrolment;

const EDGE: &str = "SELECT region, public_key FROM edges WHERE edge = ?";
const ENROLLED_AT: &str = "SELECT enrolled_at FROM edges WHERE edge = ?";
const ADD_EDGE: &str = "INSERT INTO edges (edge, region, created_at, epoch, term, cursor_seq, \
    cursor_hash, outcome_count, undecided, link_up, outcome_cursor, feed_cursor, ahead, pending, \
    last_seq, work_token, work_until) VALUES (?, ?, ?, 1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
const MOVE_EDGE: &str = "UPDATE edges SET region = ? WHERE edge = ? AND enrolled_at IS NULL";
const DROP_EDGE: &str = "DELETE FROM edges WHERE edge = ? AND enrolled_at IS NULL";
const DROP_CODES: &str = "DELETE FROM enrolment_codes WHERE edge = ?";
const CODE: &str = "SELECT edge, new_key FROM enrolment_codes WHERE code_hash = ?";
/// The edge took no ops before it had a key, so this moment bounds its first ops.
const REGISTER: &str = "UPDATE edges SET public_key = ?, enrolled_at = ?, told_at = ? \
    WHERE edge = ? AND enrolled_at IS NULL";
/// Raising the term ends the old key's session. The edge is in service again.
const REPLACE: &str = "UPDATE edges SET public_key = ?, enrolled_at = ?, disabled_at = NULL, \
    retired_at = NULL, term = term + 1, link_up = 0, link_since = ? WHERE edge = ?";
/// Receipts signed with it must still verify.
const KEEP_KEY: &str = "INSERT INTO former_keys (edge, public_key, ended_at) \
    SELECT e.edge, e.public_key, ? FROM edges e WHERE e.edge = ? AND e.public_key IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM former_keys f \
        WHERE f.edge = e.edge AND f.public_key = e.public_key)";
const FORMER_KEYS: &str = "SELECT f.public_key FROM former_keys f JOIN edges e ON e.edge = f.edge \
    WHERE f.edge = ? AND (e.public_key IS NULL OR f.public_key <> e.public_key) \
    ORDER BY f.ended_at DESC, f.public_key LIMIT ?";
const TAKE_KEY: &str = "UPDATE enrolment_codes SET key_taken = 1 \
    WHERE code_hash = ? AND new_key = 1 AND key_taken = 0";
const USE_CODE: &str =
    "UPDATE enrolment_codes SET used_at = ? WHERE code_hash = ? AND expires_at > ?";
const DROP_EXPIRED: &str = "DELETE FROM enrolment_codes WHERE expires_at <= ?";
const HUB_KEY: &str = "SELECT public_key FROM hub_key WHERE one = 1";
const ADD_HUB_KEY: &str = "INSERT INTO hub_key (one, public_key) VALUES (1, ?)";
const PUT_HUB_KEY: &str = "UPDATE hub_key SET public_key = ? WHERE one = 1";

/// Former keys sent to an edge. Receipts under older keys are no longer awaited.
const FORMER_KEYS_MAX: usize = 16;

columns! {
    pub(super) struct NewCode<'a> in enrolment_codes {
        pub(super) code_hash: Hash,
        pub(super) edge: &'a EdgeId,
        pub(super) created_at: UnixMillis,
        pub(super) created_by: UserId,
        pub(super) expires_at: UnixMillis,
        pub(super) new_key: bool,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationResult {
    Until(UnixMillis),
    /// An edge of this name has registered its key.
    Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalResult {
    Withdrawn,
    /// The edge has registered its key.
    Enrolled,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolmentResult {
    Edge {
        edge: EdgeId,
        region: Region,
    },
    /// The code is unknown, expired, or used by another key.
    CodeInvalid,
}

impl Store {
    /// Names an edge and gives it a code, which replaces an unused older one.
    pub async fn invite_edge(
        &self,
        edge: &EdgeId,
        region: Region,
        code_hash: Hash,
        by: UserId,
        now: UnixMillis,
    ) -> Result<InvitationResult> {
        let until = enrolment::expires_at(now);
        transact!(self.sql, tx => {
            let known: Option<Option<UnixMillis>> = tx.fetch_optional(ENROLLED_AT, vals![edge]).await?;
            match known {
                // Also for an edge that waits for a new key: its name identifies its log.
                Some(Some(_)) => return Ok(InvitationResult::Exists),
                Some(None) => {
                    // The edge registered its key after the read above.
                    if tx.exec(MOVE_EDGE, vals![region, edge]).await? == 0 {
                        return Ok(InvitationResult::Exists);
                    }
                    tx.exec(DROP_CODES, vals![edge]).await?;
                }
                None => {
                    let start = ChainHead::start(edge);
                    match tx.exec(ADD_EDGE, vals![edge, region, now, start.hash]).await {
                        Ok(_) => {}
                        Err(error) if error.is_unique() => return Ok(InvitationResult::Exists),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            let code = NewCode {
                code_hash,
                edge,
                created_at: now,
                created_by: by,
                expires_at: until,
                new_key: false,
            };
            tx.insert(code).await?;
            Ok(InvitationResult::Until(until))
        })
    }

    /// Removes an unenrolled edge and its code.
    pub async fn withdraw_invitation(&self, edge: &EdgeId) -> Result<WithdrawalResult> {
        transact!(self.sql, tx => {
            if tx.exec(DROP_EDGE, vals![edge]).await? == 0 {
                let known: Option<(Region, Option<Vec<u8>>)> = tx.fetch_optional(EDGE, vals![edge]).await?;
                return Ok(match known {
                    Some(_) => WithdrawalResult::Enrolled,
                    None => WithdrawalResult::Unknown,
                });
            }
            tx.exec(DROP_CODES, vals![edge]).await?;
            Ok(WithdrawalResult::Withdrawn)
        })
    }

    /// Registers the key of the code's edge. Idempotent for the same key and code, so a lost answer
    /// can be retried.
    pub async fn enrol_edge(
        &self,
        code_hash: Hash,
        public_key: [u8; 32],
        now: UnixMillis,
    ) -> Result<EnrolmentResult> {
        transact!(self.sql, tx => {
            // Runs first to lock the code, so a code that is being replaced registers no key.
            if tx.exec(USE_CODE, vals![now, code_hash, now]).await? == 0 {
                return Ok(EnrolmentResult::CodeInvalid);
            }
            let code: Option<(EdgeId, bool)> = tx.fetch_optional(CODE, vals![code_hash]).await?;
            let Some((edge, new_key)) = code else { return Ok(EnrolmentResult::CodeInvalid) };
            if !new_key {
                tx.exec(REGISTER, vals![public_key, now, now, &edge]).await?;
            } else if tx.exec(TAKE_KEY, vals![code_hash]).await? == 1 {
                keep_key(tx, &edge, now).await?;
                tx.exec(REPLACE, vals![public_key, now, now, &edge]).await?;
            }
            confirm_registration(tx, edge, public_key).await
        })
    }

    /// Returns true if the edges trust this key. The first key to arrive is stored.
    pub async fn ensure_key(&self, key: HubKey, is_replaced: bool) -> Result<bool> {
        let added = self.sql.exec(ADD_HUB_KEY, vals![key.0]).await;
        match added {
            Ok(_) => return Ok(true),
            Err(error) if error.is_unique() => {}
            Err(error) => return Err(error.into()),
        }
        if is_replaced {
            self.sql.exec(PUT_HUB_KEY, vals![key.0]).await?;
        }
        let known: Option<Vec<u8>> = self.sql.fetch_optional(HUB_KEY, vals![]).await?;
        Ok(known.is_some_and(|known| known == key.0))
    }

    /// Returns the newest first.
    pub async fn former_keys(&self, edge: &EdgeId) -> Result<Vec<[u8; 32]>> {
        let keys: Vec<Vec<u8>> = self
            .sql
            .fetch_all(FORMER_KEYS, vals![edge, FORMER_KEYS_MAX])
            .await?;
        keys.into_iter()
            .map(|bytes| {
                bytes
                    .try_into()
                    .map_err(|_| StoreError::Unreadable("a former key"))
            })
            .collect()
    }

    pub async fn drop_expired_codes(&self, now: UnixMillis) -> Result<u64> {
        Ok(self.sql.exec(DROP_EXPIRED, vals![now]).await?)
    }
}

/// Call it before replacing or refusing the edge's key.
pub(super) async fn keep_key(tx: &mut Tx, edge: &EdgeId, now: UnixMillis) -> Result<()> {
    tx.exec(KEEP_KEY, vals![now, edge]).await?;
    Ok(())
}

/// Succeeds if `public_key` is the registered key.
async fn confirm_registration(
    tx: &mut Tx,
    edge: EdgeId,
    public_key: [u8; 32],
) -> Result<EnrolmentResult> {
    let row: Option<(Region, Option<Vec<u8>>)> = tx.fetch_optional(EDGE, vals![&edge]).await?;
    match row {
        Some((region, Some(key))) if key == public_key => {
            Ok(EnrolmentResult::Edge { edge, region })
        }
        _ => Ok(EnrolmentResult::CodeInvalid),
    }
}
