//! Requests of people to delete their account, and the deletion.
//!
//! Invariants: one transaction closes the account, ends its sessions, erases all personal data, and
//! publishes the events; a deleted account keeps its id, role and times, and its new name can
//! neither be registered nor signed in with.

use platform::{
    outbox, row,
    sql::{Columns, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, EventType, Role, SessionId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    accounts::email_seal_place,
    people::{END_SESSIONS, TOKENS_SINCE},
    sessions::{OTHER_SESSIONS, SessionEnding},
    sign_ins::NameHash,
};
use crate::{domain::Username, passwords::NO_PASSWORD};

const UNDO: &str = "DELETE FROM account_deletions WHERE user_id = ? AND deleted_at IS NULL";
const DUE: &str = "SELECT d.user_id, u.role_id, d.delete_at, d.next_at \
    FROM account_deletions d JOIN users u ON u.id = d.user_id \
    WHERE d.deleted_at IS NULL AND d.next_at <= ? ORDER BY d.next_at, d.user_id LIMIT ?";
const POSTPONE: &str =
    "UPDATE account_deletions SET next_at = ? WHERE user_id = ? AND deleted_at IS NULL";
const RECENT: &str = "SELECT d.user_id, u.role_id \
    FROM account_deletions d JOIN users u ON u.id = d.user_id \
    WHERE d.deleted_at >= ? AND d.user_id > ? ORDER BY d.user_id LIMIT ?";
const MARK_DELETED: &str = "UPDATE account_deletions SET deleted_at = ? \
    WHERE user_id = ? AND deleted_at IS NULL AND delete_at <= ?";
const IS_DELETED: &str =
    "SELECT user_id FROM account_deletions WHERE user_id = ? AND deleted_at IS NOT NULL";
const CLOSE: &str = "UPDATE users SET is_active = 0, updated_at = ?, closed_at = ?, \
    closed_by = NULL WHERE id = ? AND is_active = 1";
const NAME: &str = "SELECT username FROM users WHERE id = ?";
const DELETE_LOGIN_FAILURES: &str = "DELETE FROM login_failures WHERE name_hash = ?";
const ERASE_ACCOUNT: &str = "UPDATE users SET username = ?, email = ?, email_hash = NULL, \
    email_confirmed_at = NULL, password_hash = ?, password_changed_at = NULL, closed_why = NULL \
    WHERE id = ?";
/// The other tables with personal data. Records of admins' acts stay, without their reasons.
const ERASE_OTHERS: &[&str] = &[
    "DELETE FROM address_claims WHERE user_id = ?",
    "DELETE FROM known_devices WHERE user_id = ?",
    "DELETE FROM devices WHERE user_id = ?",
    "DELETE FROM identities WHERE user_id = ?",
    "DELETE FROM second_factors WHERE user_id = ?",
    "DELETE FROM passkeys WHERE user_id = ?",
    "DELETE FROM passkey_challenges WHERE user_id = ?",
    "DELETE FROM recovery_codes WHERE user_id = ?",
    "DELETE FROM sign_in_tickets WHERE user_id = ?",
    "UPDATE sessions SET device = NULL, region = NULL, device_id = NULL WHERE user_id = ?",
    "UPDATE password_resets SET why = '' WHERE user_id = ?",
    "UPDATE readmissions SET why = '', closed_why = NULL WHERE user_id = ?",
    "UPDATE role_acts SET why = '' WHERE user_id = ?",
    "UPDATE second_factor_removals SET why = '' WHERE user_id = ?",
];

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AccountDeletion in account_deletions {
        pub user_id: UserId,
        pub asked_at: UnixMillis,
        pub delete_at: UnixMillis,
        pub next_at: UnixMillis,
        pub deleted_at: Option<UnixMillis>,
    }
}

row! {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct DueDeletion {
        pub user_id: UserId,
        pub role_id: Role,
        pub delete_at: UnixMillis,
        pub next_at: UnixMillis,
    }
}

impl Store {
    /// Stores the request with its event. A repeated request keeps the first day.
    pub async fn request_deletion(
        &self,
        user: UserId,
        at: UnixMillis,
        delete_at: UnixMillis,
        event: &Event,
    ) -> Result<AccountDeletion, StoreError> {
        let request = AccountDeletion {
            user_id: user,
            asked_at: at,
            delete_at,
            next_at: delete_at,
            deleted_at: None,
        };
        transact!(self.sql, tx => {
            if tx.insert_new(request.clone()).await? {
                outbox::add(tx, event).await?;
                return Ok(request.clone());
            }
            let text = AccountDeletion::select("WHERE user_id = ?");
            let before = tx.fetch_optional(text, vals![user]).await?;
            Ok(before.unwrap_or_else(|| request.clone()))
        })
    }

    pub async fn find_deletion(&self, user: UserId) -> Result<Option<AccountDeletion>, StoreError> {
        let text = AccountDeletion::select("WHERE user_id = ?");
        Ok(self.sql.fetch_optional(text, vals![user]).await?)
    }

    /// Returns false if there is no request, or the account is already deleted.
    pub async fn undo_deletion(&self, user: UserId, event: &Event) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let is_undone = tx.exec(UNDO, vals![user]).await? == 1;
            if is_undone {
                outbox::add(tx, event).await?;
            }
            Ok(is_undone)
        })
    }

    /// Returns the due requests, the earliest due first.
    pub async fn list_due_deletions(
        &self,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<DueDeletion>, StoreError> {
        Ok(self.sql.fetch_all(DUE, vals![now, limit]).await?)
    }

    pub async fn postpone_deletion(
        &self,
        user: UserId,
        next_at: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql.exec(POSTPONE, vals![next_at, user]).await?;
        Ok(())
    }

    /// Deletes an account whose waiting period has ended, and returns the sessions that this ended.
    /// `None` if the person has withdrawn the request meanwhile. `build_event` builds the events of
    /// the closing and of the deletion.
    pub async fn delete_account(
        &self,
        user: UserId,
        at: UnixMillis,
        build_event: impl Fn(EventType, UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        transact!(self.sql, tx => {
            if tx.exec(MARK_DELETED, vals![at, user, at]).await? != 1 {
                return Ok(None);
            }
            let mut events = Vec::new();
            let mut ended = Vec::new();
            // Write the account first, so a concurrent sign-in waits for it or is ended here.
            if tx.exec(CLOSE, vals![at, at, user]).await? == 1 {
                let except = Uuid::nil();
                ended = tx.fetch_all(OTHER_SESSIONS, vals![user, except, at]).await?;
                let why = SessionEnding::AccountClosed;
                tx.exec(END_SESSIONS, vals![at, why, user, at]).await?;
                let since: Option<UnixMillis> = tx.fetch_optional(TOKENS_SINCE, vals![user]).await?;
                let closed_at = since.map_or(at, |since| since.max(at));
                events.push(build_event(EventType::UserRevoked, closed_at)?);
            }
            self.erase_person(tx, user).await?;
            events.push(build_event(EventType::UserDeleted, at)?);
            outbox::add_all(tx, &events).await?;
            Ok(Some(ended))
        })
    }

    /// Returns the next people after `after` whose account was deleted since `since`.
    pub async fn list_deleted_people(
        &self,
        since: UnixMillis,
        after: UserId,
        limit: usize,
    ) -> Result<Vec<(UserId, Role)>, StoreError> {
        Ok(self
            .sql
            .fetch_all(RECENT, vals![since, after, limit])
            .await?)
    }

    /// Publishes a deletion again, and erases data that a concurrent request may have written
    /// since.
    pub async fn repeat_deletion(&self, user: UserId, event: &Event) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            self.erase_person(tx, user).await?;
            outbox::add(tx, event).await?;
            Ok(())
        })
    }

    pub(super) async fn is_deleted(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
        let found: Option<UserId> = tx.fetch_optional(IS_DELETED, vals![user]).await?;
        Ok(found.is_some())
    }

    /// The name and the address become free for another account.
    async fn erase_person(&self, tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
        let name: Option<String> = tx.fetch_optional(NAME, vals![user]).await?;
        if let Some(name) = name.and_then(|name| Username::new(&name).ok()) {
            let hash = NameHash::from_username(&name).to_bytes();
            tx.exec(DELETE_LOGIN_FAILURES, vals![hash]).await?;
        }
        let email = format!("{user}@deleted.invalid");
        let email = self
            .sql
            .data_keys()
            .seal_text(&email_seal_place(user), &email);
        let values = vals![deleted_name(user), email, NO_PASSWORD, user];
        tx.exec(ERASE_ACCOUNT, values).await?;
        for text in ERASE_OTHERS {
            tx.exec(*text, vals![user]).await?;
        }
        Ok(())
    }
}

/// Names of people have no colon, so no person can take this name beforehand.
fn deleted_name(user: UserId) -> String {
    format!("deleted:{user}")
}
