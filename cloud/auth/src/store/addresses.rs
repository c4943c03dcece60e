//! Account addresses, claims that await confirmation, and the codes sent for them.
//!
//! Invariants: a person has at most one claim, and a claim one code; the current address stays
//! until another is confirmed; addresses are stored sealed and codes as hashes; once the owner of
//! an address has confirmed it, no other account can.

#[cfg(test)]
mod tests;

use platform::{
    columns, outbox, row,
    sql::{Columns, SealedColumn, SealedTable, SqlError, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    accounts::{DROP_ADDRESS_CHANGE, EMAIL, ID, USERS, email_seal_place},
    sign_ins::{NameHash, OneTimeCodeHash},
};
use crate::domain::Email;

/// Locks the account's row, which serialises changes of its address.
const HOLD: &str = "UPDATE users SET updated_at = ? WHERE id = ?";
const IN_FORCE: &str = "WHERE id = ? AND is_active = 1";
const PASSWORD_OF: &str =
    "SELECT COALESCE(password_changed_at, 0) FROM users WHERE id = ? AND is_active = 1";
const CLAIM: &str = "WHERE user_id = ? AND expires_at > ?";
const NEW_CODE: &str = "UPDATE address_claims SET code_hash = ?, expires_at = ? WHERE id = ?";
const DROP: &str = "DELETE FROM address_claims WHERE user_id = ?";
const OWNER: &str = "SELECT id, username, email_confirmed_at, created_at FROM users \
    WHERE (email = ? OR email_hash = ?) AND id <> ? LIMIT 1";
/// The address now belongs to another account; this one keeps its text.
const RELEASE: &str = "UPDATE users SET email = ?, email_hash = NULL WHERE id = ?";
const CHANGE: &str = "UPDATE users SET email = ?, email_hash = ?, email_confirmed_at = ?, \
    updated_at = ? WHERE id = ?";
const CONFIRM: &str = "UPDATE users SET email_hash = ?, email_confirmed_at = ?, updated_at = ? \
    WHERE id = ?";
const OLD: &str = "SELECT id FROM address_claims WHERE expires_at <= ? LIMIT ?";

pub(super) const CLAIMS: SealedTable = SealedTable {
    label: "auth.address_claims",
    name: "address_claims",
    key: ID,
    part: None,
    columns: &[SealedColumn::text("email", "address_claims.email", ID)],
};

columns! {
    struct ClaimRow<'a> in address_claims sealed by CLAIMS {
        id: Uuid,
        user_id: UserId,
        email: &'a str,
        is_change: bool,
        code_hash: Option<[u8; 32]>,
        expires_at: UnixMillis,
    }
}

/// The current address of an open account, and its pending replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAddress {
    pub email: Email,
    pub confirmed_at: Option<UnixMillis>,
    /// When the account was created.
    pub created_at: UnixMillis,
    pub pending: Option<Email>,
}

/// A requested address change, by a person whose password was set at `password_of`.
#[derive(Debug, Clone)]
pub struct AddressChangeRequest {
    /// The id of its event. The code waits until the current address has been notified.
    pub id: EventId,
    pub user: UserId,
    pub email: Email,
    pub password_of: Option<UnixMillis>,
    pub at: UnixMillis,
    pub expires_at: UnixMillis,
}

/// A new code, for the person's address that awaits one.
#[derive(Debug, Clone, Copy)]
pub struct AddressCode {
    pub id: Uuid,
    pub user: UserId,
    pub hash: OneTimeCodeHash,
    pub at: UnixMillis,
    pub expires_at: UnixMillis,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressCodeTarget {
    pub email: Email,
    /// The username of another account that has confirmed the address: its owner gets a notice
    /// instead of a code.
    pub owner: Option<String>,
    /// The event of the address change, if the code is for one.
    pub wish: Option<EventId>,
}

/// The owner of an address: the account first registered with it, or one that confirmed it since.
struct AddressOwner {
    id: UserId,
    username: String,
    address: AccountAddress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmAddressResult {
    /// The code is spent.
    Confirmed,
    Wrong,
    /// No valid code is out.
    Over,
    /// Another account has taken the address meanwhile.
    Taken,
}

row! {
    struct AddressRow in users sealed by USERS {
        id: UserId,
        email: String,
        email_confirmed_at: Option<UnixMillis>,
        created_at: UnixMillis,
    }
}

row! {
    struct PendingClaim in address_claims sealed by CLAIMS {
        id: Uuid,
        email: String,
        is_change: bool,
        code_hash: Option<Vec<u8>>,
    }
}

impl From<AddressRow> for AccountAddress {
    fn from(row: AddressRow) -> Self {
        Self {
            email: Email::from_stored(row.email),
            confirmed_at: row.email_confirmed_at,
            created_at: row.created_at,
            pending: None,
        }
    }
}

impl Store {
    /// The key of the address in the mail quotas.
    pub fn address_name_hash(&self, email: &Email) -> NameHash {
        NameHash::from_keyed_hash(self.sql.data_keys().hash(EMAIL, email.as_str()))
    }

    /// `None` if the account is closed.
    pub async fn load_address(
        &self,
        user: UserId,
        now: UnixMillis,
    ) -> Result<Option<AccountAddress>, StoreError> {
        let text = AddressRow::select(IN_FORCE);
        let found: Option<AddressRow> = self.sql.fetch_optional(text, vals![user]).await?;
        let Some(found) = found else {
            return Ok(None);
        };
        let claim = self.find_claim(user, now).await?;
        let pending = claim.filter(|claim| claim.is_change);
        Ok(Some(AccountAddress {
            pending: pending.map(|claim| Email::from_stored(claim.email)),
            ..found.into()
        }))
    }

    async fn find_claim(
        &self,
        user: UserId,
        now: UnixMillis,
    ) -> Result<Option<PendingClaim>, StoreError> {
        let text = PendingClaim::select(CLAIM);
        Ok(self.sql.fetch_optional(text, vals![user, now]).await?)
    }

    /// Replaces the pending address change. Returns false if the password has changed since.
    pub async fn request_address_change(
        &self,
        wish: &AddressChangeRequest,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let password_of = wish.password_of.unwrap_or(UnixMillis(0));
        transact!(self.sql, tx => {
            tx.exec(HOLD, vals![wish.at, wish.user]).await?;
            let standing: Option<UnixMillis> =
                tx.fetch_optional(PASSWORD_OF, vals![wish.user]).await?;
            if standing != Some(password_of) {
                return Ok(false);
            }
            tx.exec(DROP, vals![wish.user]).await?;
            tx.insert(ClaimRow {
                id: wish.id.0,
                user_id: wish.user,
                email: wish.email.as_str(),
                is_change: true,
                code_hash: None,
                expires_at: wish.expires_at,
            }).await?;
            outbox::add(tx, event).await?;
            Ok(true)
        })
    }

    /// Cancels an address change.
    pub async fn cancel_address_change(&self, user: UserId) -> Result<(), StoreError> {
        self.sql.exec(DROP_ADDRESS_CHANGE, vals![user]).await?;
        Ok(())
    }

    /// Requests another code by an event in the outbox.
    pub async fn publish_code_request(&self, event: &Event) -> Result<(), StoreError> {
        transact!(self.sql, tx => { Ok(outbox::add(tx, event).await?) })
    }

    /// Returns true if a code is out for an address of that person.
    pub async fn has_address_code(
        &self,
        user: UserId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(self.find_claim(user, now).await?.is_some())
    }

    /// Replaces the code and returns its address: the pending one, or else the current one unless
    /// `is_settled`. `None` if neither needs a code. Stores the code even if the address has
    /// another owner: otherwise the refusal of a guessed code would reveal that owner.
    pub async fn store_address_code(
        &self,
        code: AddressCode,
        is_settled: impl Fn(&AccountAddress) -> bool,
    ) -> Result<Option<AddressCodeTarget>, StoreError> {
        let AddressCode {
            id,
            user,
            hash: OneTimeCodeHash(hash),
            at,
            expires_at,
        } = code;
        let keys = self.sql.data_keys();
        transact!(self.sql, tx => {
            tx.exec(HOLD, vals![at, user]).await?;
            let text = AddressRow::select(IN_FORCE);
            let found: Option<AddressRow> = tx.fetch_optional(text, vals![user]).await?;
            let Some(found) = found else { return Ok(None) };
            let text = PendingClaim::select(CLAIM);
            let claim: Option<PendingClaim> = tx.fetch_optional(text, vals![user, at]).await?;
            if let Some(claim) = claim.filter(|claim| claim.is_change) {
                tx.exec(NEW_CODE, vals![hash, expires_at, claim.id]).await?;
                let email = Email::from_stored(claim.email);
                // If that address has another owner, `confirm_address` refuses the code.
                return Ok(Some(AddressCodeTarget { email, owner: None, wish: Some(EventId(claim.id)) }));
            }
            let known = AccountAddress::from(found);
            if is_settled(&known) {
                return Ok(None);
            }
            tx.exec(DROP, vals![user]).await?;
            let email = known.email;
            tx.insert(ClaimRow {
                id,
                user_id: user,
                email: email.as_str(),
                is_change: false,
                code_hash: Some(hash),
                expires_at,
            }).await?;
            let email_hash = keys.hash(EMAIL, email.as_str());
            let owner = Self::find_other_owner(tx, &email, email_hash, user).await?;
            let owner = owner.filter(|owner| is_settled(&owner.address));
            Ok(Some(AddressCodeTarget { email, owner: owner.map(|owner| owner.username), wish: None }))
        })
    }

    /// Confirms the address that the code was sent to, and spends the code. Confirming the current
    /// address takes it from an account that never confirmed it (by `is_settled`), because this
    /// person reads that mailbox; a change to an owned address is refused.
    pub async fn confirm_address(
        &self,
        user: UserId,
        OneTimeCodeHash(hash): OneTimeCodeHash,
        now: UnixMillis,
        is_settled: impl Fn(&AccountAddress) -> bool,
    ) -> Result<ConfirmAddressResult, StoreError> {
        let keys = self.sql.data_keys();
        let confirmed: Result<ConfirmAddressResult, StoreError> = transact!(self.sql, tx => {
            tx.exec(HOLD, vals![now, user]).await?;
            let text = PendingClaim::select(CLAIM);
            let claim: Option<PendingClaim> = tx.fetch_optional(text, vals![user, now]).await?;
            let Some(PendingClaim { email, is_change, code_hash: Some(kept), .. }) = claim else {
                return Ok(ConfirmAddressResult::Over);
            };
            if kept != hash {
                return Ok(ConfirmAddressResult::Wrong);
            }
            tx.exec(DROP, vals![user]).await?;
            let email = Email::from_stored(email);
            let email_hash = keys.hash(EMAIL, email.as_str());
            let owner = Self::find_other_owner(tx, &email, email_hash, user).await?;
            if let Some(owner) = owner {
                if is_change || is_settled(&owner.address) {
                    return Ok(ConfirmAddressResult::Taken);
                }
                let sealed = keys.seal_text(&email_seal_place(owner.id), email.as_str());
                tx.exec(RELEASE, vals![sealed, owner.id]).await?;
            }
            if is_change {
                let sealed = keys.seal_text(&email_seal_place(user), email.as_str());
                tx.exec(CHANGE, vals![sealed, email_hash, now, now, user]).await?;
            } else {
                tx.exec(CONFIRM, vals![email_hash, now, now, user]).await?;
            }
            Ok(ConfirmAddressResult::Confirmed)
        });
        match confirmed {
            // Another account was registered with it concurrently.
            Err(StoreError::Sql(error)) if error.is_duplicate_key() => {
                Ok(ConfirmAddressResult::Taken)
            }
            confirmed => confirmed,
        }
    }

    /// Finds the owner of an address, other than `user`.
    async fn find_other_owner(
        tx: &mut Tx,
        email: &Email,
        email_hash: [u8; 32],
        user: UserId,
    ) -> Result<Option<AddressOwner>, SqlError> {
        type Row = (UserId, String, Option<UnixMillis>, UnixMillis);
        let found: Option<Row> = tx
            .fetch_optional(OWNER, vals![email.as_str(), email_hash, user])
            .await?;
        Ok(found.map(|(id, username, confirmed_at, created_at)| {
            let email = email.clone();
            let address = AccountAddress {
                email,
                confirmed_at,
                created_at,
                pending: None,
            };
            AddressOwner {
                id,
                username,
                address,
            }
        }))
    }

    /// Removes up to `BATCH` claims that expired by `until`.
    pub async fn purge_address_claims(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(OLD, "DELETE FROM address_claims WHERE id IN (", until)
            .await
    }
}
