//! Accounts: registration, sealed addresses, password changes, and the reset codes that admins
//! issue.

use platform::{
    columns, outbox, provider_verification, row,
    sealing::SealContext,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, SqlError, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, ProviderVerification, Role, SessionId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    sessions::OtherSessionsRevocation,
    sign_ins::{NameHash, OneTimeCodeHash, PlaceHash},
};
use crate::domain::{Email, Username};

const ROLE: &str = "SELECT u.role_id FROM users u \
    LEFT JOIN account_deletions d ON d.user_id = u.id WHERE u.id = ? AND d.deleted_at IS NULL";
const BY_ADDRESS: &str = "WHERE (email = ? OR email_hash = ?) AND is_active = 1";
const BY_NAME: &str = "WHERE username = ? AND is_active = 1";
const OPEN_USERNAME: &str = "SELECT username FROM users WHERE id = ? AND is_active = 1";
const OPEN_ROLE: &str = "SELECT role_id FROM users WHERE id = ? AND is_active = 1";
const WITH_EMAIL: &str = "SELECT id FROM users WHERE email = ? OR email_hash = ? LIMIT 1";
const UPGRADE_HASH: &str = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?";
const CHANGE_PASSWORD: &str = "UPDATE users SET password_hash = ?, password_changed_at = ?, updated_at = ? \
    WHERE id = ? AND is_active = 1 AND COALESCE(password_changed_at, 0) = ?";
const OPEN_CODE: &str = "SELECT id, created_at FROM password_resets \
    WHERE user_id = ? AND used_at IS NULL AND expires_at > ? ORDER BY created_at DESC LIMIT 1";
const CODE_OF_ADMIN: &str = "SELECT id FROM password_resets WHERE user_id = ? \
    AND created_by <> user_id AND used_at IS NULL AND expires_at > ? AND tries < ? LIMIT 1";
const WRONG_HERE: &str = "SELECT COUNT(*) FROM login_failures \
    WHERE name_hash = ? AND place_hash = ? AND at >= ?";
const TRY_CODE: &str = "UPDATE password_resets SET tries = tries + 1 WHERE id = ? AND tries < ?";
const IS_CODE: &str = "SELECT id FROM password_resets WHERE id = ? AND code_hash = ?";
const USE_CODE: &str = "UPDATE password_resets SET used_at = ? \
    WHERE user_id = ? AND code_hash = ? AND used_at IS NULL AND expires_at > ?";
const VOID_CODES: &str = "UPDATE password_resets SET expires_at = ? \
    WHERE user_id = ? AND used_at IS NULL AND expires_at > ?";
/// Tries from all places after which a code is void.
const RESET_TRIES_MAX: i64 = 10;
/// Tries from one place, so that a stranger at one address cannot void the code for its owner.
const RESET_TRIES_OF_PLACE_MAX: i64 = 5;
/// A code for the current address stays valid.
pub(super) const DROP_ADDRESS_CHANGE: &str =
    "DELETE FROM address_claims WHERE user_id = ? AND is_change = 1";
const REMOVE_LINKED_IDENTITIES: &str = "DELETE FROM identities WHERE user_id = ? AND is_origin = 0";

/// The key of most tables.
pub(super) const ID: &[KeyColumn] = &[KeyColumn::Id("id")];

/// The name of addresses in seals and in their hashes.
pub(super) const EMAIL: &str = "users.email";

const USER_EMAIL: SealedColumn = SealedColumn::text("email", EMAIL, ID).hashed_in("email_hash");

const CLOSED_WHY: SealedColumn = SealedColumn::text("closed_why", "users.closed_why", ID);

pub(super) const USERS: SealedTable = SealedTable {
    label: "auth.users",
    name: "users",
    key: ID,
    part: None,
    columns: &[USER_EMAIL, CLOSED_WHY],
};

pub(super) const RESET_WHY: SealedColumn = SealedColumn::text("why", "password_resets.why", ID);

pub(super) const RESETS: SealedTable = SealedTable {
    label: "auth.password_resets",
    name: "password_resets",
    key: ID,
    part: None,
    columns: &[RESET_WHY],
};

row! {
    /// The account fields that a sign-in needs.
    pub struct Account in users {
        pub id: UserId,
        pub role_id: Role,
        pub password_hash: String,
        pub password_changed_at: Option<UnixMillis>,
        /// Older tokens are invalid.
        pub tokens_since: UnixMillis,
    }
}

/// The outcome of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddUserResult {
    Made,
    /// The account exists, but its address belongs to another one.
    MadeWithoutAddress,
    NameTaken,
}

/// A password that replaces the one set at `before`.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub hash: String,
    pub before: Option<UnixMillis>,
    /// The code that authorises the change and is spent by it.
    pub code: Option<OneTimeCodeHash>,
}

/// The permission for one password change: an admin's, or the owner's by mail.
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
    #[derive(Clone)]
    pub(super) struct UserRow<'a> in users sealed by USERS {
        id: UserId,
        username: &'a str,
        email: &'a str,
        /// Absent if the address belongs to another account.
        email_hash: Option<Vec<u8>>,
        password_hash: &'a str,
        role_id: Role,
        is_active: bool,
        created_at: UnixMillis,
        updated_at: UnixMillis,
        email_confirmed_at: Option<UnixMillis>,
    }
}

impl UserRow<'_> {
    pub(super) fn with_email_confirmed(self, email_confirmed_at: Option<UnixMillis>) -> Self {
        Self {
            email_confirmed_at,
            ..self
        }
    }
}

columns! {
    struct ResetRow<'a> in password_resets sealed by RESETS {
        id: Uuid,
        user_id: UserId,
        code_hash: [u8; 32],
        created_at: UnixMillis,
        created_by: UserId,
        why: &'a str,
        expires_at: UnixMillis,
    }
}

impl Store {
    /// Creates an account even if its address belongs to another one: only the owner of that
    /// mailbox may learn of it.
    pub async fn add_user(
        &self,
        account: &Account,
        username: &Username,
        email: &Email,
        at: UnixMillis,
        event: &Event,
    ) -> Result<AddUserResult, StoreError> {
        let row = self.build_user_row(account, username, email, at);
        transact!(self.sql, tx => {
            let is_known = Self::has_email(tx, email, &row).await?;
            let added = if !is_known && tx.insert_new(row.clone()).await? {
                AddUserResult::Made
            } else if tx.insert_new(UserRow { email_hash: None, ..row.clone() }).await? {
                // A concurrent registration may also have taken the address.
                AddUserResult::MadeWithoutAddress
            } else {
                return Ok(AddUserResult::NameTaken);
            };
            outbox::add(tx, event).await?;
            Ok(added)
        })
    }

    pub(super) fn build_user_row<'a>(
        &self,
        account: &'a Account,
        username: &'a Username,
        email: &'a Email,
        at: UnixMillis,
    ) -> UserRow<'a> {
        let keys = self.sql.data_keys();
        UserRow {
            id: account.id,
            username: username.as_str(),
            email: email.as_str(),
            email_hash: Some(keys.hash(EMAIL, email.as_str()).to_vec()),
            password_hash: &account.password_hash,
            role_id: account.role_id,
            is_active: true,
            created_at: at,
            updated_at: at,
            email_confirmed_at: None,
        }
    }

    /// Returns true if another account has the address, perhaps in the plain form of an older
    /// version.
    pub(super) async fn has_email(
        tx: &mut Tx,
        email: &Email,
        row: &UserRow<'_>,
    ) -> Result<bool, SqlError> {
        let values = vals![email.as_str(), row.email_hash.clone()];
        Ok(tx
            .fetch_optional::<UserId>(WITH_EMAIL, values)
            .await?
            .is_some())
    }

    /// Finds an open account by name.
    pub async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(Account::select(BY_NAME), vals![username.as_str()])
            .await?)
    }

    /// Returns the open account to which this address belongs.
    pub async fn find_account_by_address(
        &self,
        email: &Email,
    ) -> Result<Option<Account>, StoreError> {
        let hash = self.sql.data_keys().hash(EMAIL, email.as_str());
        let text = Account::select(BY_ADDRESS);
        Ok(self
            .sql
            .fetch_optional(text, vals![email.as_str(), hash])
            .await?)
    }

    /// Returns a person's role; `None` if they never registered, or their account is deleted.
    pub async fn load_role(&self, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.sql.fetch_optional(ROLE, vals![user]).await?)
    }

    /// Returns a provider's verification mark, as last reported by the user service.
    pub async fn load_provider_mark(
        &self,
        user: UserId,
    ) -> Result<Option<ProviderVerification>, StoreError> {
        Ok(provider_verification::find_verification(&self.sql, user).await?)
    }

    /// Returns the username of an open account.
    pub async fn load_username(&self, user: UserId) -> Result<Option<String>, StoreError> {
        Ok(self.sql.fetch_optional(OPEN_USERNAME, vals![user]).await?)
    }

    /// Returns the role of an open account.
    pub async fn load_open_role(&self, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.sql.fetch_optional(OPEN_ROLE, vals![user]).await?)
    }

    /// Replaces the hash of an unchanged password. A password changed meanwhile stays.
    pub async fn upgrade_hash(&self, user: UserId, old: &str, new: &str) -> Result<(), StoreError> {
        self.sql.exec(UPGRADE_HASH, vals![new, user, old]).await?;
        Ok(())
    }

    /// Sets a new password and ends the person's other sessions, with an event for each. Voids
    /// unused codes, removes linked identities and cancels an address change. Returns the ended
    /// sessions, or `None` if the password or the code has changed since the check.
    pub async fn change_password(
        &self,
        new: &NewPassword,
        revocation: OtherSessionsRevocation,
        notice: &Event,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
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
            if tx.exec(CHANGE_PASSWORD, values).await? != 1 {
                return Ok(None);
            }
            tx.exec(VOID_CODES, vals![at, user, at]).await?;
            // An intruder with the old password may have requested a change to their own address.
            tx.exec(DROP_ADDRESS_CHANGE, vals![user]).await?;
            // They may also have linked their own identity.
            tx.exec(REMOVE_LINKED_IDENTITIES, vals![user]).await?;
            outbox::add(tx, notice).await?;
            Ok(Some(Self::end_others(tx, revocation, &build_event).await?))
        })
    }

    /// Stores an admin's reset; its code replaces earlier ones.
    pub async fn store_reset_code(&self, reset: &PasswordReset) -> Result<(), StoreError> {
        transact!(self.sql, tx => { Self::replace_reset_code(tx, reset).await })
    }

    /// Stores a reset by mail; its code replaces earlier ones. Returns false, and stores nothing,
    /// while an admin's code is valid: strangers who type the name must not void it.
    pub async fn store_mailed_code(&self, reset: &PasswordReset) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let of_admin: Option<Uuid> =
                tx.fetch_optional(CODE_OF_ADMIN, vals![reset.user, reset.at, RESET_TRIES_MAX]).await?;
            if of_admin.is_some() {
                return Ok(false);
            }
            Self::replace_reset_code(tx, reset).await?;
            Ok(true)
        })
    }

    async fn replace_reset_code(tx: &mut Tx, reset: &PasswordReset) -> Result<(), StoreError> {
        let PasswordReset {
            id,
            user,
            code,
            at,
            by,
            why,
            expires_at,
        } = reset;
        tx.exec(VOID_CODES, vals![*at, *user, *at]).await?;
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
            if wrong_here.unwrap_or_default() >= RESET_TRIES_OF_PLACE_MAX {
                return Ok(false);
            }
            if tx.exec(TRY_CODE, vals![reset, RESET_TRIES_MAX]).await? == 0 {
                return Ok(false);
            }
            let right: Option<Uuid> = tx.fetch_optional(IS_CODE, vals![reset, code.0]).await?;
            Ok(right.is_some())
        })
    }
}

pub(super) fn email_seal_place(user: UserId) -> SealContext {
    USER_EMAIL.context(&vals![user])
}

pub(super) fn closing_place(user: UserId) -> SealContext {
    CLOSED_WHY.context(&vals![user])
}
