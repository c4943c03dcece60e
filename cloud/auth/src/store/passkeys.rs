//! Passkeys, and the challenges that wait for their answers.
//!
//! Invariants: a challenge and a count of an authenticator are spent by the statement that accepts
//! them; a credential belongs to one account.

use platform::{
    columns, row,
    sql::{Columns, SealedColumn, SealedTable, Tx},
    transact, vals,
};
use ring::digest;
use uuid::Uuid;
use wire::{Event, PasskeyId, SessionId, UnixMillis, UserId};

use super::{
    BATCH, Store, StoreError,
    accounts::ID,
    second_factors::{NewRecoveryCode, TicketHash},
    sessions::OtherSessionsRevocation,
};
use crate::webauthn::{CHALLENGE_BYTES, NewCredential};

/// One page lists them all.
pub(crate) const PASSKEYS_OF_PERSON_MAX: usize = 10;
const CHALLENGES_OF_PERSON_MAX: usize = 20;

const OF_USER: &str = "WHERE user_id = ? ORDER BY created_at, id LIMIT ?";
const IS_THEIRS: &str = "SELECT id FROM passkeys WHERE id = ? AND user_id = ?";
const REMOVE: &str = "DELETE FROM passkeys WHERE id = ? AND user_id = ?";
/// An authenticator without a counter stays at zero.
const SPEND_COUNT: &str = "UPDATE passkeys SET counter = ?, last_used_at = ? \
    WHERE id = ? AND user_id = ? AND (counter < ? OR counter = 0 AND ? = 0)";
const SPEND_CHALLENGE: &str = "DELETE FROM passkey_challenges WHERE challenge_hash = ? \
    AND user_id = ? AND ceremony = ? AND bound_to = ? AND expires_at > ?";
const EXCESS_CHALLENGES: &str = "SELECT id FROM passkey_challenges WHERE user_id = ? \
    ORDER BY id DESC LIMIT ? OFFSET ?";
const DROP_CHALLENGE: &str = "DELETE FROM passkey_challenges WHERE id = ?";
const OLD_CHALLENGES: &str = "SELECT id FROM passkey_challenges WHERE expires_at <= ? LIMIT ?";

const LABEL: SealedColumn = SealedColumn::text("label", "passkeys.label", ID);

pub(super) const PASSKEYS: SealedTable = SealedTable {
    label: "auth.passkeys",
    name: "passkeys",
    key: ID,
    part: None,
    columns: &[LABEL],
};

row! {
    #[derive(Debug, Clone)]
    pub struct Passkey in passkeys sealed by PASSKEYS {
        pub id: PasskeyId,
        pub user_id: UserId,
        pub credential_id: Vec<u8>,
        pub label: String,
        pub algorithm: i64,
        pub public_key: Vec<u8>,
        pub counter: u32,
        pub created_at: UnixMillis,
        pub last_used_at: Option<UnixMillis>,
    }
}

columns! {
    struct PasskeyRow<'a> in passkeys sealed by PASSKEYS {
        id: PasskeyId,
        user_id: UserId,
        credential_id: &'a [u8],
        credential_hash: [u8; 32],
        label: &'a str,
        algorithm: i64,
        public_key: &'a [u8],
        counter: u32,
        created_at: UnixMillis,
        last_used_at: Option<UnixMillis>,
    }
}

columns! {
    struct ChallengeRow<'a> in passkey_challenges {
        id: Uuid,
        challenge_hash: [u8; 32],
        user_id: UserId,
        ceremony: &'a str,
        bound_to: [u8; 32],
        expires_at: UnixMillis,
    }
}

/// What an answer to a challenge may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyCeremony {
    Register,
    SignIn,
    /// To change one's own second factors.
    Prove,
}

impl PasskeyCeremony {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::Prove => "prove",
        }
    }
}

/// The person and the ticket or session that a challenge is for.
#[derive(Debug, Clone, Copy)]
pub struct ChallengeOwner {
    user: UserId,
    ceremony: PasskeyCeremony,
    bound_to: [u8; 32],
}

impl ChallengeOwner {
    pub fn with_ticket(user: UserId, ceremony: PasskeyCeremony, ticket: TicketHash) -> Self {
        Self {
            user,
            ceremony,
            bound_to: ticket.to_bytes(),
        }
    }

    pub fn with_session(user: UserId, ceremony: PasskeyCeremony, session: SessionId) -> Self {
        Self {
            user,
            ceremony,
            bound_to: sha256(session.0.as_bytes()),
        }
    }

    pub fn user(&self) -> UserId {
        self.user
    }
}

/// A passkey to store.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    pub id: PasskeyId,
    pub credential: NewCredential,
    pub label: String,
    /// Refused if the person has a second factor already.
    pub must_be_first: bool,
}

pub enum AddPasskeyResult {
    Added {
        /// It is the person's first second factor, so the recovery codes are stored and their
        /// other sessions, which began without it, ended.
        is_first: bool,
        ended: Vec<SessionId>,
    },
    /// An account has this credential, or the passkey had to be the first.
    Exists,
    TooMany,
    AccountClosed,
}

impl Store {
    /// The oldest first.
    pub async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let values = vals![user, PASSKEYS_OF_PERSON_MAX];
        Ok(self.sql.fetch_all(Passkey::select(OF_USER), values).await?)
    }

    /// Stores a passkey. Of a person without a second factor it also stores the recovery codes, and
    /// ends their tickets and other sessions.
    pub async fn add_passkey(
        &self,
        new: &NewPasskey,
        codes: &[NewRecoveryCode],
        revocation: OtherSessionsRevocation,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<AddPasskeyResult, StoreError> {
        let user = revocation.user;
        let credential = &new.credential;
        transact!(self.sql, tx => {
            if !Self::lock_account(tx, user, revocation.at).await? {
                return Ok(AddPasskeyResult::AccountClosed);
            }
            let standing = Self::read_factor_standing(tx, user).await?;
            let is_first = standing.is_empty();
            if new.must_be_first && !is_first {
                return Ok(AddPasskeyResult::Exists);
            }
            if standing.passkeys >= PASSKEYS_OF_PERSON_MAX as u64 {
                return Ok(AddPasskeyResult::TooMany);
            }
            let row = PasskeyRow {
                id: new.id,
                user_id: user,
                credential_id: &credential.id,
                credential_hash: sha256(&credential.id),
                label: &new.label,
                algorithm: credential.key.algorithm(),
                public_key: credential.key.as_bytes(),
                counter: credential.counter,
                created_at: revocation.at,
                last_used_at: None,
            };
            if !tx.insert_new(row).await? {
                return Ok(AddPasskeyResult::Exists);
            }
            let mut ended = Vec::new();
            if is_first {
                Self::write_recovery_codes(tx, user, codes).await?;
                Self::drop_tickets(tx, user).await?;
                ended = Self::end_others(tx, revocation, &build_event).await?;
            }
            Ok(AddPasskeyResult::Added { is_first, ended })
        })
    }

    /// Stores the count of a proof. Returns false if a concurrent proof counted as far, or if the
    /// passkey is removed.
    pub async fn spend_passkey(
        &self,
        passkey: &Passkey,
        counter: u32,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let values = vals![counter, at, passkey.id, passkey.user_id, counter, counter];
        Ok(self.sql.exec(SPEND_COUNT, values).await? == 1)
    }

    pub(super) async fn has_passkey(
        tx: &mut Tx,
        user: UserId,
        passkey: PasskeyId,
    ) -> Result<bool, StoreError> {
        let found: Option<PasskeyId> = tx.fetch_optional(IS_THEIRS, vals![passkey, user]).await?;
        Ok(found.is_some())
    }

    pub(super) async fn delete_passkey(
        tx: &mut Tx,
        user: UserId,
        passkey: PasskeyId,
    ) -> Result<(), StoreError> {
        tx.exec(REMOVE, vals![passkey, user]).await?;
        Ok(())
    }

    /// Stores a challenge. Of the person's challenges only the newest stay.
    pub async fn add_passkey_challenge(
        &self,
        id: Uuid,
        challenge: &[u8; CHALLENGE_BYTES],
        owner: ChallengeOwner,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        let user = owner.user;
        transact!(self.sql, tx => {
            let row = ChallengeRow {
                id,
                challenge_hash: sha256(challenge),
                user_id: user,
                ceremony: owner.ceremony.as_str(),
                bound_to: owner.bound_to,
                expires_at,
            };
            tx.insert(row).await?;
            let values = vals![user, BATCH, CHALLENGES_OF_PERSON_MAX];
            let excess: Vec<Uuid> = tx.fetch_all(EXCESS_CHALLENGES, values).await?;
            for old in excess {
                tx.exec(DROP_CHALLENGE, vals![old]).await?;
            }
            Ok(())
        })
    }

    /// Spends a challenge. Returns false if it is spent, expired, or was made for another person,
    /// ceremony, ticket or session.
    pub async fn spend_passkey_challenge(
        &self,
        challenge: &[u8; CHALLENGE_BYTES],
        owner: ChallengeOwner,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let ceremony = owner.ceremony.as_str();
        let hash = sha256(challenge);
        let values = vals![hash, owner.user, ceremony, owner.bound_to, now];
        Ok(self.sql.exec(SPEND_CHALLENGE, values).await? == 1)
    }

    /// Removes up to `BATCH` challenges that expired by `until`.
    pub async fn purge_passkey_challenges(&self, until: UnixMillis) -> Result<usize, StoreError> {
        let remove = "DELETE FROM passkey_challenges WHERE id IN (";
        self.purge_rows(OLD_CHALLENGES, remove, until).await
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
