//! Account addresses, claims that await confirmation, and the codes sent for them.
//!
//! Invariants: a person has at most one claim, and a claim one code; the current address stays
//! until another is confirmed; addresses are stored sealed and codes as hashes; once the owner of
//! an address has confirmed it, no other account can.

use platform::{
    columns, outbox,
    sealing::{ResealedBatch, SealContext},
    sql::{SqlError, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    accounts::{DROP_ADDRESS_CHANGE, EMAIL, email_seal_place},
    sign_ins::{NameHash, OneTimeCodeHash},
};
use crate::domain::Email;

/// Locks the account's row, which serialises changes of its address.
const HOLD: &str = "UPDATE users SET updated_at = ? WHERE id = ?";
const IN_FORCE: &str =
    "SELECT email, email_confirmed_at, created_at FROM users WHERE id = ? AND is_active = 1";
const PASSWORD_OF: &str =
    "SELECT COALESCE(password_changed_at, 0) FROM users WHERE id = ? AND is_active = 1";
const CLAIM: &str = "SELECT id, email, is_change, code_hash FROM address_claims \
    WHERE user_id = ? AND expires_at > ?";
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
const SEALED: &str = "SELECT id, email FROM address_claims WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL: &str = "UPDATE address_claims SET email = ? WHERE id = ? AND email = ?";

columns! {
    #[derive(Clone)]
    struct ClaimRow in address_claims {
        id: Uuid,
        user_id: UserId,
        email: String,
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

type ClaimColumns = (Uuid, String, bool, Option<Vec<u8>>);

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
        let found: Option<(String, Option<UnixMillis>, UnixMillis)> =
            self.sql.fetch_optional(IN_FORCE, vals![user]).await?;
        let Some((email, confirmed_at, created_at)) = found else {
            return Ok(None);
        };
        let claim: Option<ClaimColumns> = self.sql.fetch_optional(CLAIM, vals![user, now]).await?;
        let keys = self.sql.data_keys();
        let email = Email::from_stored(keys.open_text(&email_seal_place(user), email)?);
        let pending = claim.filter(|(_, _, is_change, _)| *is_change);
        let pending = pending.map(|(id, sealed, ..)| keys.open_text(&claim_place(id), sealed));
        let pending = pending.transpose()?.map(Email::from_stored);
        Ok(Some(AccountAddress {
            email,
            confirmed_at,
            created_at,
            pending,
        }))
    }

    /// Replaces the pending address change. Returns false if the password has changed since.
    pub async fn request_address_change(
        &self,
        wish: &AddressChangeRequest,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let AddressChangeRequest {
            id,
            user,
            email,
            password_of,
            at,
            expires_at,
        } = wish;
        let row = ClaimRow {
            id: id.0,
            user_id: *user,
            email: self
                .sql
                .data_keys()
                .seal_text(&claim_place(id.0), email.as_str()),
            is_change: true,
            code_hash: None,
            expires_at: *expires_at,
        };
        let password_of = password_of.unwrap_or(UnixMillis(0));
        transact!(self.sql, tx => {
            tx.exec(HOLD, vals![*at, *user]).await?;
            let standing: Option<UnixMillis> = tx.fetch_optional(PASSWORD_OF, vals![*user]).await?;
            if standing != Some(password_of) {
                return Ok(false);
            }
            tx.exec(DROP, vals![*user]).await?;
            tx.insert(row.clone()).await?;
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
        let claim: Option<ClaimColumns> = self.sql.fetch_optional(CLAIM, vals![user, now]).await?;
        Ok(claim.is_some())
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
            let found: Option<(String, Option<UnixMillis>, UnixMillis)> =
                tx.fetch_optional(IN_FORCE, vals![user]).await?;
            let Some((email, confirmed_at, created_at)) = found else { return Ok(None) };
            let claim: Option<ClaimColumns> = tx.fetch_optional(CLAIM, vals![user, at]).await?;
            if let Some((claim, sealed, true, _)) = claim {
                tx.exec(NEW_CODE, vals![hash, expires_at, claim]).await?;
                let email = Email::from_stored(keys.open_text(&claim_place(claim), sealed)?);
                // If that address has another owner, `confirm_address` refuses the code.
                return Ok(Some(AddressCodeTarget { email, owner: None, wish: Some(EventId(claim)) }));
            }
            let email = Email::from_stored(keys.open_text(&email_seal_place(user), email)?);
            let known = AccountAddress { email, confirmed_at, created_at, pending: None };
            if is_settled(&known) {
                return Ok(None);
            }
            tx.exec(DROP, vals![user]).await?;
            let email = known.email;
            let sealed = keys.seal_text(&claim_place(id), email.as_str());
            let (user_id, code_hash) = (user, Some(hash));
            let row = ClaimRow { id, user_id, email: sealed, is_change: false, code_hash, expires_at };
            tx.insert(row).await?;
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
            let claim: Option<ClaimColumns> = tx.fetch_optional(CLAIM, vals![user, now]).await?;
            let Some((id, sealed, is_change, Some(kept))) = claim else {
                return Ok(ConfirmAddressResult::Over);
            };
            if kept != hash {
                return Ok(ConfirmAddressResult::Wrong);
            }
            tx.exec(DROP, vals![user]).await?;
            let email = Email::from_stored(keys.open_text(&claim_place(id), sealed)?);
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
            Err(StoreError::Sql(error)) if error.is_unique() => Ok(ConfirmAddressResult::Taken),
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

    /// Reseals the stale claims of the next batch after `after`. Returns the batch's last claim;
    /// `None` at the end.
    pub async fn reseal_address_claims(
        &self,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_texts(SEALED, RESEAL, claim_place, after).await
    }
}

fn claim_place(claim: Uuid) -> SealContext {
    SealContext::of_id("address_claims.email", claim)
}

#[cfg(test)]
mod tests {
    use platform::sealing::{self, DataKeys};
    use rstest::rstest;
    use support::Engine;
    use wire::EventType;

    use super::*;
    use crate::{
        domain::OneTimeCode,
        jobs,
        store::tests::{Database, HOUR_MS, database, event},
    };

    const OTHER: &str = "other@example.org";

    async fn wish(
        Database {
            store, clock, user, ..
        }: &Database,
    ) {
        let at = clock.now();
        let email = Email::new(OTHER).unwrap();
        let user = *user;
        let expires_at = at.plus_ms(HOUR_MS);
        let event = event(EventType::UserAddressChangeAsked, clock, user, None);
        let wish = AddressChangeRequest {
            id: event.id,
            user,
            email,
            password_of: None,
            at,
            expires_at,
        };
        assert!(store.request_address_change(&wish, &event).await.unwrap());
    }

    async fn claims(store: &Store) -> i64 {
        let count = store
            .sql
            .fetch_optional("SELECT COUNT(*) FROM address_claims", Vec::new())
            .await;
        count.unwrap().unwrap()
    }

    #[rstest]
    #[case::sqlite(Engine::Sqlite)]
    #[case::mariadb(Engine::MariaDb)]
    #[tokio::test]
    async fn the_job_removes_claims_that_are_over(#[case] engine: Engine) {
        let database = database(engine).await;
        wish(&database).await;
        let Database { store, clock, .. } = &database;
        clock.advance(HOUR_MS - 1);
        assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 0);
        clock.advance(1);
        assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 1);
        assert_eq!(claims(store).await, 0);
    }

    #[rstest]
    #[case::sqlite(Engine::Sqlite)]
    #[case::mariadb(Engine::MariaDb)]
    #[tokio::test]
    async fn a_claim_under_a_former_key_is_sealed_anew_by_the_job(#[case] engine: Engine) {
        const PLAIN: &str = "UPDATE users SET email = 'l@example.com', email_hash = NULL";
        let first = database(engine).await;
        // These keys never sealed it.
        first.store.sql.exec(PLAIN, Vec::new()).await.unwrap();
        let path = first._folder.path().join("data.keys");
        let under = |keys: &DataKeys| Store::new(first.store.sql.clone().sealed_by(keys));
        let store = under(&DataKeys::load_or_create(&path, true).unwrap());
        let clock = first.clock.clone();
        let user = first.user;
        let at = clock.now();
        let email = Email::new(OTHER).unwrap();
        let expires_at = at.plus_ms(HOUR_MS);
        let event = event(EventType::UserAddressChangeAsked, &clock, user, None);
        let wish = AddressChangeRequest {
            id: event.id,
            user,
            email,
            password_of: None,
            at,
            expires_at,
        };
        assert!(store.request_address_change(&wish, &event).await.unwrap());
        let [old] = &*sealing::list_keys(&path).unwrap() else {
            panic!("one key")
        };
        sealing::add(&path).unwrap();
        sealing::use_newest(&path).unwrap();
        let both = under(&DataKeys::load(&path, true).unwrap());
        jobs::reseal_stale_rows(&both, &jobs::AuthResealCursors::default())
            .await
            .unwrap();
        sealing::remove(&path, old).unwrap();
        let alone = under(&DataKeys::load(&path, true).unwrap());
        let hash = OneTimeCodeHash::from_code(&OneTimeCode::new([7; OneTimeCode::CHARS]));
        let code = AddressCode {
            id: clock.new_id(),
            user,
            hash,
            at,
            expires_at,
        };
        let to = alone
            .store_address_code(code, |_| true)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((to.email.as_str(), to.wish), (OTHER, Some(wish.id)));
    }

    #[rstest]
    #[case::sqlite(Engine::Sqlite)]
    #[case::mariadb(Engine::MariaDb)]
    #[tokio::test]
    async fn a_password_that_was_changed_meanwhile_asks_for_nothing(#[case] engine: Engine) {
        let Database {
            store,
            clock,
            user,
            _folder,
            ..
        } = database(engine).await;
        let at = clock.now();
        let email = Email::new(OTHER).unwrap();
        let password_of = Some(UnixMillis(1));
        let event = event(EventType::UserAddressChangeAsked, &clock, user, None);
        let wish = AddressChangeRequest {
            id: event.id,
            user,
            email,
            password_of,
            at,
            expires_at: at,
        };
        assert!(!store.request_address_change(&wish, &event).await.unwrap());
        assert_eq!(claims(&store).await, 0);
    }
}
