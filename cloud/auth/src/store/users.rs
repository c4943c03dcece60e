//! Accounts: registration, sealed addresses, closing.

use platform::{
    columns, marks, outbox, row,
    sealing::{ResealedBatch, SealContext},
    sql::{Columns, SqlError, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, ProviderVerification, Role, UnixMillis, UserId};

use super::{BATCH, SessionEnding, Store, StoreError, reasons};
use crate::domain::{Email, RoleRefusal, Username};

const ROLE: &str = "SELECT role_id FROM users WHERE id = ?";
const TOKENS_SINCE: &str = "SELECT tokens_since FROM users WHERE id = ?";
const CLOSE: &str = "UPDATE users SET is_active = 0, updated_at = ?, closed_at = ?, closed_by = ?, \
    closed_why = ? WHERE id = ? AND is_active = 1";
const END_SESSIONS: &str = "UPDATE sessions SET revoked_at = ?, ended_why = ? \
    WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?";
const BY_NAME: &str = "WHERE username = ? AND is_active = 1";

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

/// The outcome of a request to close an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAccountResult {
    Closed,
    ClosedBefore,
    Refused(RoleRefusal),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureRecord {
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
}

pub(super) const EMAIL: &str = "users.email";
const WITH_EMAIL: &str = "SELECT id FROM users WHERE email = ? OR email_hash = ? LIMIT 1";
const SEALED: &str =
    "SELECT id, email, email_hash, closed_why FROM users WHERE id > ? ORDER BY id LIMIT ?";
type SealedUserColumns = (UserId, String, Option<Vec<u8>>, Option<String>);
const RESEAL: &str = "UPDATE users SET email = ?, email_hash = ? WHERE id = ? AND email = ?";
const RESEAL_CLOSING: &str = "UPDATE users SET closed_why = ? WHERE id = ? AND closed_why = ?";

pub(super) fn email_seal_place(user: UserId) -> SealContext {
    SealContext::of_id(EMAIL, user.0)
}

columns! {
    #[derive(Clone)]
    pub(super) struct UserRow<'a> in users {
        id: UserId,
        username: &'a str,
        email: String,
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
            outbox::store::add(tx, event).await?;
            Ok(added)
        })
    }

    pub(super) fn build_user_row<'a>(
        &self,
        account: &'a Account,
        username: &'a Username,
        email: &Email,
        at: UnixMillis,
    ) -> UserRow<'a> {
        let keys = self.sql.data_keys();
        UserRow {
            id: account.id,
            username: username.as_str(),
            email: keys.seal_text(&email_seal_place(account.id), email.as_str()),
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

    /// Reseals the stale addresses and closing reasons of the next batch of accounts after `after`.
    /// Returns the batch's last account; `None` at the end.
    pub async fn reseal_accounts(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        let keys = self.sql.data_keys();
        let rows: Vec<SealedUserColumns> = self.sql.fetch_all(SEALED, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(user, ..)| user.0);
        let mut sealed_anew = 0;
        for (user, stored, hash, closed_why) in rows {
            if keys.is_stale_text(&stored) {
                let place = email_seal_place(user);
                let email = keys.open_text(&place, stored.clone())?;
                // A sealed address without a hash belongs to another account.
                let is_own = hash.is_some() || !keys.is_sealed_text(&stored);
                let hash = is_own.then(|| keys.hash(EMAIL, &email).to_vec());
                let values = vals![keys.seal_text(&place, &email), hash, user, stored];
                self.sql.exec(RESEAL, values).await?;
                sealed_anew += 1;
            }
            let place = reasons::closing_place(user);
            sealed_anew += self
                .reseal_text(RESEAL_CLOSING, &place, user, closed_why)
                .await?;
        }
        Ok(ResealedBatch {
            sealed: sealed_anew,
            last,
        })
    }

    /// Returns a person's role; `None` if they never registered.
    pub async fn load_role(&self, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.sql.fetch_optional(ROLE, vals![user]).await?)
    }

    /// Returns a provider's verification mark, as last reported by the user service.
    pub async fn load_provider_mark(
        &self,
        user: UserId,
    ) -> Result<Option<ProviderVerification>, StoreError> {
        Ok(marks::store::of_one(&self.sql, user).await?)
    }

    /// Closes an account, ends its sessions and publishes the event once. Checks the closing
    /// admin's permission under the role lock: two admins who close each other concurrently would
    /// leave none. Writes the account first, so a concurrent sign-in waits for it or is ended here.
    pub async fn close_account(
        &self,
        user: UserId,
        record: &ClosureRecord,
        event_of: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<CloseAccountResult, StoreError> {
        let ClosureRecord { at, by, why } = record;
        let why = self
            .sql
            .data_keys()
            .seal_text(&reasons::closing_place(user), why);
        transact!(self.sql, tx => {
            if let Some(refused) = Self::check_can_close(tx, *by, user).await? {
                return Ok(CloseAccountResult::Refused(refused));
            }
            let first = tx.exec(CLOSE, vals![*at, *at, *by, why.as_str(), user]).await? == 1;
            if first {
                let why = SessionEnding::AccountClosed;
                tx.exec(END_SESSIONS, vals![*at, why, user, *at]).await?;
                let since: Option<UnixMillis> = tx.fetch_optional(TOKENS_SINCE, vals![user]).await?;
                let event = event_of(since.map_or(*at, |since| since.max(*at)))?;
                outbox::store::add(tx, &event).await?;
            }
            Ok(if first { CloseAccountResult::Closed } else { CloseAccountResult::ClosedBefore })
        })
    }

    /// Finds an open account by name.
    pub async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(Account::select(BY_NAME), vals![username.as_str()])
            .await?)
    }
}
