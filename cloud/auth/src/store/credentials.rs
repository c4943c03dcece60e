//! Password changes, and the reset codes that admins issue.

use platform::{columns, transact, vals};
use ring::digest;
use uuid::Uuid;
use wire::{Event, Role, SessionId, UnixMillis, UserId};

use super::{
    NameHash, OtherSessionsRevocation, PlaceHash, Store, StoreError, addresses::DROP_CHANGE,
    identities::REMOVE_LINKED, reasons,
};
use crate::domain::OneTimeCode;

const NAME: &str = "SELECT username FROM users WHERE id = ? AND is_active = 1";
const OPEN_ROLE: &str = "SELECT role_id FROM users WHERE id = ? AND is_active = 1";
const UPGRADE: &str = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?";
const CHANGE: &str = "UPDATE users SET password_hash = ?, password_changed_at = ?, updated_at = ? \
    WHERE id = ? AND is_active = 1 AND COALESCE(password_changed_at, 0) = ?";
const OPEN_CODE: &str = "SELECT id, created_at FROM password_resets \
    WHERE user_id = ? AND used_at IS NULL AND expires_at > ? ORDER BY created_at DESC LIMIT 1";
const WRONG_HERE: &str = "SELECT COUNT(*) FROM login_failures \
    WHERE name_hash = ? AND place_hash = ? AND at >= ?";
const TRY_CODE: &str = "UPDATE password_resets SET tries = tries + 1 WHERE id = ? AND tries < ?";
const IS_CODE: &str = "SELECT id FROM password_resets WHERE id = ? AND code_hash = ?";
const USE_CODE: &str = "UPDATE password_resets SET used_at = ? \
    WHERE user_id = ? AND code_hash = ? AND used_at IS NULL AND expires_at > ?";
const VOID_CODES: &str = "UPDATE password_resets SET expires_at = ? \
    WHERE user_id = ? AND used_at IS NULL AND expires_at > ?";

/// Tries from all places after which a code is void.
const TRIES_MAX: i64 = 10;
/// Tries from one place, so that a stranger at one address cannot void the code for its owner.
const TRIES_OF_PLACE_MAX: i64 = 5;

/// The stored form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneTimeCodeHash(pub(super) [u8; 32]);

impl OneTimeCodeHash {
    pub fn from_code(code: &OneTimeCode) -> Self {
        let hash = digest::digest(&digest::SHA256, code.as_str().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Self(bytes)
    }
}

/// A password that replaces the one set at `before`.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub hash: String,
    pub before: Option<UnixMillis>,
    /// The code that authorises the change and is spent by it.
    pub code: Option<OneTimeCodeHash>,
}

/// An admin's permission for one password change.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    pub id: Uuid,
    pub user: UserId,
    pub code: OneTimeCodeHash,
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
    pub expires_at: UnixMillis,
}

columns! {
    struct ResetRow in password_resets {
        id: Uuid,
        user_id: UserId,
        code_hash: [u8; 32],
        created_at: UnixMillis,
        created_by: UserId,
        why: String,
        expires_at: UnixMillis,
    }
}

impl Store {
    /// Returns the username of an open account.
    pub async fn load_username(&self, user: UserId) -> Result<Option<String>, StoreError> {
        Ok(self.sql.fetch_optional(NAME, vals![user]).await?)
    }

    /// Returns the role of an open account.
    pub async fn load_open_role(&self, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.sql.fetch_optional(OPEN_ROLE, vals![user]).await?)
    }

    /// Replaces the hash of an unchanged password. A password changed meanwhile stays.
    pub async fn upgrade_hash(&self, user: UserId, old: &str, new: &str) -> Result<(), StoreError> {
        self.sql.exec(UPGRADE, vals![new, user, old]).await?;
        Ok(())
    }

    /// Sets a new password and ends the person's other sessions, with an event for each. Voids
    /// unused codes, removes linked identities and cancels an address change. Returns the ended
    /// sessions, or `None` if the password or the code has changed since the check.
    pub async fn change_password(
        &self,
        new: &NewPassword,
        revocation: OtherSessionsRevocation,
        event_of: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        let user = revocation.user;
        let at = revocation.at;
        let before = new.before.unwrap_or(UnixMillis(0));
        let changed_at = at.max(before.plus_ms(1));
        transact!(self.sql, tx => {
            if let Some(OneTimeCodeHash(code)) = new.code
                && tx.exec(USE_CODE, vals![at, user, code, at]).await? != 1
            {
                return Ok(None);
            }
            let values = vals![new.hash.as_str(), changed_at, at, user, before];
            if tx.exec(CHANGE, values).await? != 1 {
                return Ok(None);
            }
            tx.exec(VOID_CODES, vals![at, user, at]).await?;
            // An intruder with the old password may have requested a change to their own address.
            tx.exec(DROP_CHANGE, vals![user]).await?;
            // They may also have linked their own identity.
            tx.exec(REMOVE_LINKED, vals![user]).await?;
            Ok(Some(Self::end_others(tx, revocation, &event_of).await?))
        })
    }

    /// Stores a reset; its code replaces earlier ones.
    pub async fn store_reset_code(&self, reset: &PasswordReset) -> Result<(), StoreError> {
        let PasswordReset {
            id,
            user,
            code,
            at,
            by,
            why,
            expires_at,
        } = reset;
        transact!(self.sql, tx => {
            tx.exec(VOID_CODES, vals![*at, *user, *at]).await?;
            let why = tx.data_keys().seal_text(&reasons::reset_place(*id), why);
            let row = ResetRow {
                id: *id,
                user_id: *user,
                code_hash: code.0,
                created_at: *at,
                created_by: *by,
                why,
                expires_at: *expires_at,
            };
            Ok(tx.insert(row).await?)
        })
    }

    /// Counts a try at a person's code, and returns true if the code is right. Counting first keeps
    /// concurrent tries within the limit. A place that has used up its tries is refused unchecked.
    pub async fn try_reset_code(
        &self,
        user: UserId,
        code: OneTimeCodeHash,
        name: NameHash,
        place: PlaceHash,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let open: Option<(Uuid, UnixMillis)> = tx.fetch_optional(OPEN_CODE, vals![user, now]).await?;
            let Some((reset, created_at)) = open else { return Ok(false) };
            let here = vals![name.to_bytes(), place.to_bytes(), created_at];
            let wrong_here: Option<i64> = tx.fetch_optional(WRONG_HERE, here).await?;
            if wrong_here.unwrap_or_default() >= TRIES_OF_PLACE_MAX {
                return Ok(false);
            }
            if tx.exec(TRY_CODE, vals![reset, TRIES_MAX]).await? == 0 {
                return Ok(false);
            }
            let right: Option<Uuid> = tx.fetch_optional(IS_CODE, vals![reset, code.0]).await?;
            Ok(right.is_some())
        })
    }
}
