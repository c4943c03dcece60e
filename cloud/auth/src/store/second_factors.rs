//! Second factors: the secrets of authenticator apps, recovery codes, the
//! tickets of sign-ins that wait for a second factor, and the record of removals. Passkeys have
//! their own module.
//!
//! Invariants: a code is spent by the statement that accepts it, so it works once at any number of
//! replicas; a confirmed secret is replaced only after it was turned off or removed.

use platform::{
    columns, outbox, row,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, Tx},
    transact, vals,
};
use ring::digest;
use uuid::Uuid;
use wire::{Event, IdentityId, PasskeyId, SessionId, UnixMillis, UserId};

use super::{
    BATCH, Store, StoreError, accounts::ID, sessions::OtherSessionsRevocation,
    sign_ins::OneTimeCodeHash,
};
use crate::totp::TotpSecret;

const OF_USER: &str = "WHERE user_id = ?";
const OPEN_TICKET: &str = "WHERE ticket_hash = ? AND tries < ? AND expires_at > ?";
/// Sign-ins that are under way wait for this row, as they do for a new password.
const LOCK_ACCOUNT: &str = "UPDATE users SET updated_at = ? WHERE id = ? AND is_active = 1";
const DROP_PENDING: &str = "DELETE FROM second_factors WHERE user_id = ? AND confirmed_at IS NULL";
const CONFIRM: &str = "UPDATE second_factors SET confirmed_at = ?, last_step = ? \
    WHERE user_id = ? AND confirmed_at IS NULL AND secret = ?";
const STORED_SECRET: &str = "SELECT secret FROM second_factors WHERE user_id = ?";
const SPEND_STEP: &str = "UPDATE second_factors SET last_step = ? \
    WHERE user_id = ? AND confirmed_at = ? AND last_step < ?";
const SPEND_RECOVERY_CODE: &str = "DELETE FROM recovery_codes WHERE user_id = ? AND code_hash = ?";
const DROP_RECOVERY_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = ?";
const COUNT_RECOVERY_CODES: &str = "SELECT COUNT(*) FROM recovery_codes WHERE user_id = ?";
const REMOVE_FACTOR: &str =
    "DELETE FROM second_factors WHERE user_id = ? AND confirmed_at IS NOT NULL";
const REMOVE_PASSKEYS: &str = "DELETE FROM passkeys WHERE user_id = ?";
const TRY_TICKET: &str = "UPDATE sign_in_tickets SET tries = tries + 1 \
    WHERE ticket_hash = ? AND tries < ? AND expires_at > ?";
const SPEND_TICKET: &str = "DELETE FROM sign_in_tickets WHERE ticket_hash = ?";
const DROP_TICKETS: &str = "DELETE FROM sign_in_tickets WHERE user_id = ?";
const DROP_TICKET: &str = "DELETE FROM sign_in_tickets WHERE id = ?";
const EXCESS_TICKETS: &str = "SELECT id FROM sign_in_tickets WHERE user_id = ? \
    ORDER BY id DESC LIMIT ? OFFSET ?";
const OLD_TICKETS: &str = "SELECT id FROM sign_in_tickets WHERE expires_at <= ? LIMIT ?";

const TICKETS_OF_PERSON_MAX: usize = 100;

const FACTOR_KEY: &[KeyColumn] = &[KeyColumn::Id("user_id")];

const SECRET: SealedColumn = SealedColumn::text("secret", "second_factors.secret", FACTOR_KEY);

pub(super) const SECOND_FACTORS: SealedTable = SealedTable {
    label: "auth.second_factors",
    name: "second_factors",
    key: FACTOR_KEY,
    part: None,
    columns: &[SECRET],
};

const REMOVAL_WHY: SealedColumn = SealedColumn::text("why", "second_factor_removals.why", ID);

pub(super) const REMOVALS: SealedTable = SealedTable {
    label: "auth.second_factor_removals",
    name: "second_factor_removals",
    key: ID,
    part: None,
    columns: &[REMOVAL_WHY],
};

row! {
    #[derive(Clone)]
    pub struct SecondFactor in second_factors sealed by SECOND_FACTORS {
        pub user_id: UserId,
        pub secret: String,
        pub created_at: UnixMillis,
        /// Absent until a first code has proved that the app has the secret.
        pub confirmed_at: Option<UnixMillis>,
        pub last_step: i64,
    }
}

columns! {
    struct RecoveryCodeRow in recovery_codes {
        id: Uuid,
        user_id: UserId,
        code_hash: [u8; 32],
    }
}

columns! {
    struct TicketRow in sign_in_tickets {
        id: Uuid,
        ticket_hash: [u8; 32],
        user_id: UserId,
        password_of: Option<UnixMillis>,
        identity: Option<IdentityId>,
        tries: i64,
        expires_at: UnixMillis,
    }
}

row! {
    /// The credentials that a sign-in has proved before its second factor.
    #[derive(Debug, Clone, Copy)]
    pub struct SignInTicket in sign_in_tickets {
        pub user_id: UserId,
        /// The time of the last password change.
        pub password_of: Option<UnixMillis>,
        /// The identity that replaced the password.
        pub identity: Option<IdentityId>,
        pub expires_at: UnixMillis,
    }
}

columns! {
    struct RemovalRow<'a> in second_factor_removals sealed by REMOVALS {
        id: Uuid,
        user_id: UserId,
        at: UnixMillis,
        by_user: UserId,
        why: &'a str,
    }
}

/// One of a person's second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFactor {
    /// Their authenticator app.
    App,
    Passkey(PasskeyId),
}

/// The result of removing one of a person's second factors.
pub enum FactorEnding {
    /// With the sessions that this ended.
    Removed(Vec<SessionId>),
    Missing,
    /// It is their only one, and their work requires one.
    Last,
}

/// The stored form of a ticket.
#[derive(Debug, Clone, Copy)]
pub struct TicketHash([u8; 32]);

impl TicketHash {
    pub fn from_ticket(ticket: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, ticket.as_bytes()).as_ref());
        Self(bytes)
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

/// A recovery code to store.
#[derive(Debug, Clone, Copy)]
pub struct NewRecoveryCode {
    pub id: Uuid,
    pub hash: OneTimeCodeHash,
}

/// The record of an admin who removes another person's second factor.
#[derive(Debug, Clone)]
pub struct FactorRemoval {
    pub id: Uuid,
    pub user: UserId,
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
}

impl Store {
    pub async fn load_second_factor(
        &self,
        user: UserId,
    ) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(SecondFactor::select(OF_USER), vals![user])
            .await?)
    }

    pub async fn count_recovery_codes(&self, user: UserId) -> Result<i64, StoreError> {
        let count: Option<i64> = self
            .sql
            .fetch_optional(COUNT_RECOVERY_CODES, vals![user])
            .await?;
        Ok(count.unwrap_or_default())
    }

    /// Stores an unconfirmed secret in place of an earlier unconfirmed one. Returns false if the
    /// person has a confirmed one.
    pub async fn store_pending_secret(
        &self,
        user: UserId,
        secret: &TotpSecret,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let factor = SecondFactor {
            user_id: user,
            secret: secret.to_stored(),
            created_at: at,
            confirmed_at: None,
            last_step: 0,
        };
        transact!(self.sql, tx => {
            tx.exec(DROP_PENDING, vals![user]).await?;
            Ok(tx.insert_new(factor.clone()).await?)
        })
    }

    /// Confirms the pending secret whose code was right, stores its recovery codes, and ends the
    /// person's tickets and other sessions, which began without it. Returns these sessions, or
    /// `None` if another secret or a confirmed one has replaced it meanwhile.
    pub async fn confirm_second_factor(
        &self,
        pending: &SecondFactor,
        step: i64,
        codes: &[NewRecoveryCode],
        revocation: OtherSessionsRevocation,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        let user = revocation.user;
        let at = revocation.at;
        let context = SECRET.context(&vals![user]);
        transact!(self.sql, tx => {
            if !Self::lock_account(tx, user, at).await? {
                return Ok(None);
            }
            let stored: Option<String> = tx.fetch_optional(STORED_SECRET, vals![user]).await?;
            let Some(stored) = stored else { return Ok(None) };
            let secret = self.sql.data_keys().open_text(&context, stored.clone())?;
            if secret != pending.secret
                || tx.exec(CONFIRM, vals![at, step, user, stored]).await? != 1
            {
                return Ok(None);
            }
            Self::write_recovery_codes(tx, user, codes).await?;
            Self::drop_tickets(tx, user).await?;
            Ok(Some(Self::end_others(tx, revocation, &build_event).await?))
        })
    }

    /// Replaces all recovery codes of the person.
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: &[NewRecoveryCode],
    ) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            Self::write_recovery_codes(tx, user, codes).await
        })
    }

    pub(super) async fn write_recovery_codes(
        tx: &mut Tx,
        user: UserId,
        codes: &[NewRecoveryCode],
    ) -> Result<(), StoreError> {
        tx.exec(DROP_RECOVERY_CODES, vals![user]).await?;
        for code in codes {
            let row = RecoveryCodeRow {
                id: code.id,
                user_id: user,
                code_hash: code.hash.0,
            };
            tx.insert(row).await?;
        }
        Ok(())
    }

    /// Spends the code of a time step, and returns false if a code of it or of a later one was
    /// used before, or if another second factor has replaced this one meanwhile.
    pub async fn spend_step(&self, factor: &SecondFactor, step: i64) -> Result<bool, StoreError> {
        let values = vals![step, factor.user_id, factor.confirmed_at, step];
        Ok(self.sql.exec(SPEND_STEP, values).await? == 1)
    }

    /// Spends a recovery code, and returns false if it is wrong or was used before.
    pub async fn spend_recovery_code(
        &self,
        user: UserId,
        code: OneTimeCodeHash,
    ) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .exec(SPEND_RECOVERY_CODE, vals![user, code.0])
            .await?
            > 0)
    }

    /// Removes one of a person's own second factors, and with it the sign-ins that wait for one and
    /// their sessions except one at most. The recovery codes go with the last.
    pub async fn remove_own_factor(
        &self,
        factor: OwnFactor,
        is_required: bool,
        revocation: OtherSessionsRevocation,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<FactorEnding, StoreError> {
        let user = revocation.user;
        transact!(self.sql, tx => {
            if !Self::lock_account(tx, user, revocation.at).await? {
                return Ok(FactorEnding::Missing);
            }
            let standing = Self::read_factor_standing(tx, user).await?;
            let exists = match factor {
                OwnFactor::App => standing.app_since.is_some(),
                OwnFactor::Passkey(passkey) => Self::has_passkey(tx, user, passkey).await?,
            };
            if !exists {
                return Ok(FactorEnding::Missing);
            }
            let is_last = standing.count() == 1;
            if is_last && is_required {
                return Ok(FactorEnding::Last);
            }
            match factor {
                OwnFactor::App => {
                    tx.exec(REMOVE_FACTOR, vals![user]).await?;
                }
                OwnFactor::Passkey(passkey) => Self::delete_passkey(tx, user, passkey).await?,
            }
            if is_last {
                tx.exec(DROP_RECOVERY_CODES, vals![user]).await?;
            }
            Self::drop_tickets(tx, user).await?;
            let ended = Self::end_others(tx, revocation, &build_event).await?;
            Ok(FactorEnding::Removed(ended))
        })
    }

    /// Returns false if the account is closed.
    pub(super) async fn lock_account(
        tx: &mut Tx,
        user: UserId,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(tx.exec(LOCK_ACCOUNT, vals![at, user]).await? == 1)
    }

    pub(super) async fn drop_tickets(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
        tx.exec(DROP_TICKETS, vals![user]).await?;
        Ok(())
    }

    /// Removes all second factors of another person, on record, and ends their sessions. Returns
    /// these, or `None` if there was none.
    pub async fn remove_factor(
        &self,
        removal: &FactorRemoval,
        revocation: OtherSessionsRevocation,
        notice: &Event,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        transact!(self.sql, tx => {
            let FactorRemoval { id, user, at, by, why } = removal;
            if !Self::delete_factors(tx, *user, *at).await? {
                return Ok(None);
            }
            let row = RemovalRow { id: *id, user_id: *user, at: *at, by_user: *by, why };
            tx.insert(row).await?;
            outbox::add(tx, notice).await?;
            Ok(Some(Self::end_others(tx, revocation, &build_event).await?))
        })
    }

    /// Also ends the sign-ins that wait for one of them.
    async fn delete_factors(tx: &mut Tx, user: UserId, at: UnixMillis) -> Result<bool, StoreError> {
        if !Self::lock_account(tx, user, at).await? {
            return Ok(false);
        }
        let apps = tx.exec(REMOVE_FACTOR, vals![user]).await?;
        let passkeys = tx.exec(REMOVE_PASSKEYS, vals![user]).await?;
        tx.exec(DROP_RECOVERY_CODES, vals![user]).await?;
        Self::drop_tickets(tx, user).await?;
        Ok(apps + passkeys > 0)
    }

    /// Stores a ticket. Of the person's tickets only the newest stay.
    pub async fn add_sign_in_ticket(
        &self,
        id: Uuid,
        hash: TicketHash,
        ticket: SignInTicket,
    ) -> Result<(), StoreError> {
        let user = ticket.user_id;
        transact!(self.sql, tx => {
            let row = TicketRow {
                id,
                ticket_hash: hash.0,
                user_id: user,
                password_of: ticket.password_of,
                identity: ticket.identity,
                tries: 0,
                expires_at: ticket.expires_at,
            };
            tx.insert(row).await?;
            let excess: Vec<Uuid> = tx
                .fetch_all(EXCESS_TICKETS, vals![user, BATCH, TICKETS_OF_PERSON_MAX])
                .await?;
            for old in excess {
                tx.exec(DROP_TICKET, vals![old]).await?;
            }
            Ok(())
        })
    }

    /// `None` if the ticket is spent, expired, or was tried too often.
    pub async fn find_sign_in_ticket(
        &self,
        hash: TicketHash,
        tries_max: i64,
        now: UnixMillis,
    ) -> Result<Option<SignInTicket>, StoreError> {
        let values = vals![hash.0, tries_max, now];
        Ok(self
            .sql
            .fetch_optional(SignInTicket::select(OPEN_TICKET), values)
            .await?)
    }

    /// Counts a try before its code is checked, so that concurrent ones stay within the limit.
    /// Returns false if the ticket is spent, expired, or was tried too often.
    pub async fn try_sign_in_ticket(
        &self,
        hash: TicketHash,
        tries_max: i64,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let values = vals![hash.0, tries_max, now];
        Ok(self.sql.exec(TRY_TICKET, values).await? == 1)
    }

    /// Returns false if another request has spent it.
    pub async fn spend_sign_in_ticket(&self, hash: TicketHash) -> Result<bool, StoreError> {
        Ok(self.sql.exec(SPEND_TICKET, vals![hash.0]).await? == 1)
    }

    /// Removes up to `BATCH` tickets that expired by `until`.
    pub async fn purge_sign_in_tickets(&self, until: UnixMillis) -> Result<usize, StoreError> {
        let remove = "DELETE FROM sign_in_tickets WHERE id IN (";
        self.purge_rows(OLD_TICKETS, remove, until).await
    }
}
