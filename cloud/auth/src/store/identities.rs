//! Identities: people's accounts at other services and their phone numbers, each linked to one
//! account here; also the spent OpenID Connect flows.
//!
//! Invariants: an identity is written with the account that it registers, or while the password
//! that authorised it is unchanged; a number is stored sealed, and deleted with its identity.

use platform::{
    columns, outbox, row,
    sms::PhoneNumber,
    sql::{Columns, SealedColumn, SealedTable},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, IdentityId, SessionId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    accounts::{Account, ID},
    sessions::OtherSessionsRevocation,
};
use crate::{
    domain::{Email, Username},
    passwords::NO_PASSWORD,
};

const FIND_IDENTITY: &str =
    "SELECT id, user_id FROM identities WHERE issuer = ? AND subject_hash = ?";
const OWNER: &str = "SELECT user_id FROM identities WHERE issuer = ? AND subject_hash = ?";
const OF_USER: &str = "WHERE user_id = ? ORDER BY created_at, id LIMIT ?";
const ACCOUNT_STATE: &str = "SELECT is_active, password_changed_at FROM users WHERE id = ?";
const PASSWORD: &str = "SELECT password_hash FROM users WHERE id = ? AND is_active = 1";
/// Locks the account's row, which serialises removals of its identities.
const LOCK_ACCOUNT: &str = "UPDATE users SET updated_at = ? WHERE id = ?";
const OTHERS: &str = "SELECT COUNT(*) FROM identities WHERE user_id = ? AND id <> ?";
const OWN: &str = "SELECT id FROM identities WHERE id = ? AND user_id = ?";
const REMOVE: &str = "DELETE FROM identities WHERE id = ? AND user_id = ?";
const REMOVE_USER: &str = "DELETE FROM users WHERE id = ?";
const EXPIRED_FLOWS: &str = "SELECT id FROM ended_visits WHERE expires_at <= ? LIMIT ?";
const WITH_NUMBER: &str = "WHERE user_id = ? AND issuer = ? AND number IS NOT NULL";
const SET_NUMBER: &str = "UPDATE identities SET number = ? WHERE id = ? AND number IS NULL";
/// The issuer of phone numbers. Real issuers are addresses, so none has this name.
pub(crate) const PHONES: &str = "phone";
/// Exceeds the possible issuers and phones.
const IDENTITIES_PER_USER_MAX: usize = 64;

const NUMBER: SealedColumn = SealedColumn::text("number", "identities.number", ID);

pub(super) const IDENTITIES: SealedTable = SealedTable {
    label: "auth.identities",
    name: "identities",
    key: ID,
    part: Some("number IS NOT NULL"),
    columns: &[NUMBER],
};

/// A person at an issuer.
#[derive(Debug, Clone, Copy)]
pub struct IssuerSubject<'i> {
    pub issuer: &'i str,
    pub subject: &'i str,
}

impl<'i> IssuerSubject<'i> {
    pub fn from_phone(phone: &'i PhoneNumber) -> Self {
        Self {
            issuer: PHONES,
            subject: phone.as_str(),
        }
    }

    fn phone_number(self) -> Option<&'i str> {
        (self.issuer == PHONES).then_some(self.subject)
    }
}

/// An identity to link to an account now.
#[derive(Debug, Clone, Copy)]
pub struct NewIdentity<'i> {
    pub id: IdentityId,
    pub subject: IssuerSubject<'i>,
    pub at: UnixMillis,
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct KnownIdentity in identities {
        pub id: IdentityId,
        pub issuer: String,
        pub is_origin: bool,
        pub created_at: UnixMillis,
    }
}

row! {
    struct NumberRow in identities sealed by IDENTITIES {
        id: IdentityId,
        number: String,
    }
}

columns! {
    struct IdentityRow<'i> in identities sealed by IDENTITIES {
        id: IdentityId,
        user_id: UserId,
        issuer: &'i str,
        subject_hash: [u8; 32],
        is_origin: bool,
        number: Option<&'i str>,
        created_at: UnixMillis,
    }
}

columns! {
    struct SpentFlow in ended_visits {
        id: Uuid,
        expires_at: UnixMillis,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateAccountResult {
    Created,
    NameTaken,
    EmailTaken,
    IdentityTaken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkIdentityResult {
    Linked,
    /// The identity is linked elsewhere, or this account has another at that issuer.
    Taken,
    /// The account was closed, or its password has changed since.
    Changed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlinkIdentityResult {
    /// The sessions that this ended.
    Removed(Vec<SessionId>),
    Unknown,
    /// The account would have no way to sign in.
    LastSignInMethod,
}

impl Store {
    /// Returns false if the flow was spent before.
    pub async fn mark_flow_spent(
        &self,
        id: Uuid,
        expires_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(self.sql.insert_new(SpentFlow { id, expires_at }).await?)
    }

    /// Removes up to `BATCH` flows whose tickets expired by `until`.
    pub async fn purge_spent_flows(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(
            EXPIRED_FLOWS,
            "DELETE FROM ended_visits WHERE id IN (",
            until,
        )
        .await
    }

    /// Finds an identity and its person, even if the account is closed.
    pub async fn find_identity(
        &self,
        subject: IssuerSubject<'_>,
    ) -> Result<Option<(IdentityId, UserId)>, StoreError> {
        let values = vals![subject.issuer, self.subject_hash(subject)];
        Ok(self.sql.fetch_optional(FIND_IDENTITY, values).await?)
    }

    pub async fn find_identity_owner(
        &self,
        subject: IssuerSubject<'_>,
    ) -> Result<Option<UserId>, StoreError> {
        Ok(self.find_identity(subject).await?.map(|(_, owner)| owner))
    }

    /// Creates an account with its first identity.
    pub async fn create_account_with_identity(
        &self,
        account: &Account,
        username: &Username,
        email: &Email,
        identity: NewIdentity<'_>,
        event: &Event,
    ) -> Result<CreateAccountResult, StoreError> {
        let NewIdentity { id, subject, at } = identity;
        // The issuer vouches for an address; an unverified one was replaced by a placeholder.
        let email_confirmed_at = (!email.is_undeliverable()).then_some(at);
        let row = self
            .build_user_row(account, username, email, at)
            .with_email_confirmed(email_confirmed_at);
        let hash = self.subject_hash(subject);
        transact!(self.sql, tx => {
            if Self::has_email(tx, email, &row).await? {
                return Ok(CreateAccountResult::EmailTaken);
            }
            if !tx.insert_new(row.clone()).await? {
                return Ok(CreateAccountResult::NameTaken);
            }
            let identity = IdentityRow {
                id,
                user_id: account.id,
                issuer: subject.issuer,
                subject_hash: hash,
                is_origin: true,
                number: subject.phone_number(),
                created_at: at,
            };
            if !tx.insert_new(identity).await? {
                // The same person registered twice at once.
                tx.exec(REMOVE_USER, vals![account.id]).await?;
                return Ok(CreateAccountResult::IdentityTaken);
            }
            outbox::add(tx, event).await?;
            Ok(CreateAccountResult::Created)
        })
    }

    /// Links an identity if the password last changed at `password_changed_at`. The insert waits
    /// for a concurrent password change by its foreign key, so the row read after it is current.
    pub async fn link_identity(
        &self,
        user: UserId,
        password_changed_at: Option<UnixMillis>,
        identity: NewIdentity<'_>,
    ) -> Result<LinkIdentityResult, StoreError> {
        let NewIdentity { id, subject, at } = identity;
        let hash = self.subject_hash(subject);
        transact!(self.sql, tx => {
            let identity = IdentityRow {
                id,
                user_id: user,
                issuer: subject.issuer,
                subject_hash: hash,
                is_origin: false,
                number: subject.phone_number(),
                created_at: at,
            };
            if !tx.insert_new(identity).await? {
                let owner: Option<UserId> = tx.fetch_optional(OWNER, vals![subject.issuer, hash]).await?;
                let is_own = owner == Some(user);
                return Ok(if is_own { LinkIdentityResult::Linked } else { LinkIdentityResult::Taken });
            }
            let account: Option<(bool, Option<UnixMillis>)> =
                tx.fetch_optional(ACCOUNT_STATE, vals![user]).await?;
            if account != Some((true, password_changed_at)) {
                tx.exec(REMOVE, vals![id, user]).await?;
                return Ok(LinkIdentityResult::Changed);
            }
            Ok(LinkIdentityResult::Linked)
        })
    }

    /// Oldest first.
    pub async fn list_identities(&self, user: UserId) -> Result<Vec<KnownIdentity>, StoreError> {
        Ok(self
            .sql
            .fetch_all(
                KnownIdentity::select(OF_USER),
                vals![user, IDENTITIES_PER_USER_MAX],
            )
            .await?)
    }

    pub async fn has_password(&self, user: UserId) -> Result<bool, StoreError> {
        let hash: Option<String> = self.sql.fetch_optional(PASSWORD, vals![user]).await?;
        Ok(hash.is_some_and(|hash| hash != NO_PASSWORD))
    }

    /// Removes an identity of that person, and ends their other sessions, with an event for each.
    pub async fn unlink_identity(
        &self,
        id: IdentityId,
        revocation: OtherSessionsRevocation,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<UnlinkIdentityResult, StoreError> {
        let user = revocation.user;
        let at = revocation.at;
        transact!(self.sql, tx => {
            tx.exec(LOCK_ACCOUNT, vals![at, user]).await?;
            let hash: Option<String> = tx.fetch_optional(PASSWORD, vals![user]).await?;
            let others: Option<i64> = tx.fetch_optional(OTHERS, vals![user, id]).await?;
            let is_last = hash.is_none_or(|hash| hash == NO_PASSWORD) && others == Some(0);
            let own: Option<IdentityId> = tx.fetch_optional(OWN, vals![id, user]).await?;
            if own.is_none() {
                return Ok(UnlinkIdentityResult::Unknown);
            }
            if is_last {
                return Ok(UnlinkIdentityResult::LastSignInMethod);
            }
            tx.exec(REMOVE, vals![id, user]).await?;
            Ok(UnlinkIdentityResult::Removed(Self::end_others(tx, revocation, &build_event).await?))
        })
    }

    /// Returns the person's proven phone number.
    pub async fn load_phone_number(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let text = NumberRow::select(WITH_NUMBER);
        let found: Option<NumberRow> = self.sql.fetch_optional(text, vals![user, PHONES]).await?;
        Ok(found.map(|row| row.number))
    }

    /// Stores a number that was proven before numbers were stored.
    pub async fn store_missing_number(
        &self,
        id: IdentityId,
        subject: IssuerSubject<'_>,
    ) -> Result<(), StoreError> {
        if let Some(number) = subject.phone_number() {
            let context = NUMBER.context(&vals![id]);
            let sealed = self.sql.data_keys().seal_text(&context, number);
            self.sql.exec(SET_NUMBER, vals![sealed, id]).await?;
        }
        Ok(())
    }

    fn subject_hash(&self, IssuerSubject { issuer, subject }: IssuerSubject<'_>) -> [u8; 32] {
        self.sql
            .data_keys()
            .hash("identities.subject", &format!("{issuer}\n{subject}"))
    }
}
