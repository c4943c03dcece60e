//! The life of an edge: an operator names it, and it registers its key with a one-time code, of
//! which only the hash is stored; later an operator gives it a new key, disables or retires it.
//! Operators' acts on enrolled edges are on record (table `edge_acts`).
//!
//! Invariant: the transaction that refuses or replaces a key also raises the term, which ends the
//! session of that key.

pub(crate) mod disabling;

use platform::{
    columns, row,
    sql::{Columns, Tx},
    transact, vals,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{ChainHead, EdgeId, Hash, Region, UnixMillis, UserId};

use super::{Result, Store, StoreError};

const EDGE: &str = "SELECT region, public_key FROM edges WHERE edge = ?";
const ENROLLED_AT: &str = "SELECT enrolled_at FROM edges WHERE edge = ?";
const ADD_EDGE: &str = "INSERT INTO edges (edge, region, created_at, epoch, term, cursor_seq, \
    cursor_hash, outcome_count, undecided, link_up, outcome_cursor, feed_cursor, ahead, pending, \
    last_seq, work_token, work_until) VALUES (?, ?, ?, 1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
const MOVE_EDGE: &str = "UPDATE edges SET region = ? WHERE edge = ? AND enrolled_at IS NULL";
const DROP_EDGE: &str = "DELETE FROM edges WHERE edge = ? AND enrolled_at IS NULL";
const DROP_CODES: &str = "DELETE FROM enrolment_codes WHERE edge = ?";
const CODE: &str = "SELECT edge, new_key FROM enrolment_codes WHERE code_hash = ?";
const EDGE_OF_CODE: &str = "SELECT e.edge, e.region FROM enrolment_codes c \
    JOIN edges e ON e.edge = c.edge \
    WHERE c.code_hash = ? AND c.used_at IS NULL AND c.expires_at > ?";
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
const REFUSE_KEY: &str = "UPDATE edges SET public_key = NULL, term = term + 1, link_up = 0, \
    link_since = ? WHERE edge = ? AND enrolled_at IS NOT NULL";
const ENROLLED: &str = "SELECT COUNT(*) FROM edges WHERE edge = ? AND enrolled_at IS NOT NULL";
const ACTS: &str = "WHERE edge = ? ORDER BY at DESC LIMIT 100";

/// A code is valid for one day.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// Former keys sent to an edge. Receipts under older keys are no longer awaited.
const FORMER_KEYS_MAX: usize = 16;

columns! {
    struct NewCode<'a> in enrolment_codes {
        code_hash: Hash,
        edge: &'a EdgeId,
        created_at: UnixMillis,
        created_by: UserId,
        expires_at: UnixMillis,
        new_key: bool,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvitationResult {
    Until(UnixMillis),
    /// An edge of this name has registered its key.
    Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithdrawalResult {
    Withdrawn,
    /// The edge has registered its key.
    Enrolled,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnrolmentResult {
    Edge {
        edge: EdgeId,
        region: Region,
    },
    /// The code is unknown, expired, or used by another key.
    CodeInvalid,
}

impl Store {
    /// Names an edge and gives it a code, which replaces an unused older one.
    pub(crate) async fn invite_edge(
        &self,
        edge: &EdgeId,
        region: Region,
        code_hash: Hash,
        by: UserId,
        now: UnixMillis,
    ) -> Result<InvitationResult> {
        let until = code_expires_at(now);
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
                        Err(error) if error.is_duplicate_key() => return Ok(InvitationResult::Exists),
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
    pub(crate) async fn withdraw_invitation(&self, edge: &EdgeId) -> Result<WithdrawalResult> {
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

    /// `None` for a code that is unknown, used or expired.
    pub(crate) async fn find_edge_of_code(
        &self,
        code_hash: Hash,
        now: UnixMillis,
    ) -> Result<Option<(EdgeId, Region)>> {
        Ok(self
            .sql
            .fetch_optional(EDGE_OF_CODE, vals![code_hash, now])
            .await?)
    }

    /// Registers the key of the code's edge. Idempotent for the same key and code, so a lost answer
    /// can be retried.
    pub(crate) async fn enrol_edge(
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
                store_former_key(tx, &edge, now).await?;
                tx.exec(REPLACE, vals![public_key, now, now, &edge]).await?;
            }
            confirm_registration(tx, edge, public_key).await
        })
    }

    /// Returns the newest first.
    pub(crate) async fn list_former_keys(&self, edge: &EdgeId) -> Result<Vec<[u8; 32]>> {
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

    pub(crate) async fn drop_expired_codes(&self, now: UnixMillis) -> Result<u64> {
        Ok(self.sql.exec(DROP_EXPIRED, vals![now]).await?)
    }
}

/// Call it before replacing or refusing the edge's key.
async fn store_former_key(tx: &mut Tx, edge: &EdgeId, now: UnixMillis) -> Result<()> {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeActKind {
    Disabled,
    Retired,
    /// Given a new key; the old one is refused at once.
    Rekeyed,
    /// Given a new key; the old one stays valid until the edge registers it.
    Rotated,
}

columns! {
    struct NewAct<'a> in edge_acts {
        edge: &'a EdgeId,
        at: UnixMillis,
        act: &'static str,
        made_by: UserId,
        since: Option<UnixMillis>,
        why: Option<String>,
    }
}

row! {
    /// One line of an edge's record.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
    pub struct EdgeAct in edge_acts {
        pub at: UnixMillis,
        /// `disabled`, `retired`, `rekeyed` or `rotated`.
        pub act: String,
        pub made_by: UserId,
        /// The hub distrusts everything that the edge sent since.
        #[schema(required)]
        pub since: Option<UnixMillis>,
        #[schema(required)]
        pub why: Option<String>,
    }
}

/// An operator's order to give an edge a new key, with the hash of the code that it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RekeyRequest {
    /// `Rekeyed` or `Rotated`.
    pub kind: EdgeActKind,
    pub code_hash: Hash,
    pub by: UserId,
    pub why: Option<String>,
}

impl EdgeActKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Retired => "retired",
            Self::Rekeyed => "rekeyed",
            Self::Rotated => "rotated",
        }
    }
}

impl Store {
    /// Stores a code that gives an enrolled edge a new key. The old key is refused now, or for
    /// `Rotated` once the code is used. Returns the code's expiry; `None` if the edge is not
    /// enrolled.
    pub(crate) async fn issue_rekey_code(
        &self,
        edge: &EdgeId,
        request: &RekeyRequest,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>> {
        let RekeyRequest {
            kind,
            code_hash,
            by,
            why,
        } = request;
        let until = code_expires_at(now);
        transact!(self.sql, tx => {
            let known = match kind {
                EdgeActKind::Rotated => tx.fetch_optional::<u64>(ENROLLED, vals![edge]).await?.unwrap_or_default(),
                _ => {
                    store_former_key(tx, edge, now).await?;
                    tx.exec(REFUSE_KEY, vals![now, edge]).await?
                }
            };
            if known == 0 {
                return Ok(None);
            }
            tx.exec(DROP_CODES, vals![edge]).await?;
            let code = NewCode {
                code_hash: *code_hash,
                edge,
                created_at: now,
                created_by: *by,
                expires_at: until,
                new_key: true,
            };
            tx.insert(code).await?;
            let act = kind.as_str();
            tx.insert(NewAct { edge, at: now, act, made_by: *by, since: None, why: why.clone() })
                .await?;
            Ok(Some(until))
        })
    }

    /// Returns the newest first.
    pub(crate) async fn list_edge_acts(&self, edge: &EdgeId) -> Result<Vec<EdgeAct>> {
        Ok(self
            .sql
            .fetch_all(EdgeAct::select(ACTS), vals![edge])
            .await?)
    }
}

/// The stored hash of a code. Ignores case and dashes.
pub(crate) fn hash_code(code: &str) -> Hash {
    let plain: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .take(64)
        .collect();
    Hash::digest_bytes(format!("holdfast enrolment {plain}").as_bytes())
}

pub(super) fn code_expires_at(now: UnixMillis) -> UnixMillis {
    now.plus_ms(CODE_LIFE_MS)
}

#[cfg(test)]
mod tests {
    use wire::{CODE_PART_BYTES, HubKey, enrolment_code};

    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_was_copied() {
        let code = |secret| enrolment_code([secret; CODE_PART_BYTES], &HubKey([1; 32]));
        let one = code(7);
        let other = code(8);
        assert_eq!(
            hash_code(&one),
            hash_code(&one.to_lowercase().replace('-', " "))
        );
        assert_ne!(hash_code(&one), hash_code(&other));
    }
}
