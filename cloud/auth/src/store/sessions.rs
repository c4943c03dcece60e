//! Sessions: one per issued token, identified by its `jti`.

use platform::{
    row,
    sql::{Column, ColumnError, Columns, Val},
    transact, vals,
};
use process::tokens::Claims;
use uuid::Uuid;
use wire::{
    DeviceId, IdentityId, Region, Role, SessionId, UnixMillis, UserId, words, words_from_text,
};

use super::{BATCH, NameHash, PlaceHash, SessionEnding, Store, StoreError};

const STANDING: &str = "SELECT is_active, role_id, password_changed_at FROM users WHERE id = ?";
const IDENTITY_OWNER: &str = "SELECT user_id FROM identities WHERE id = ?";
const STATE: &str = "SELECT s.user_id, u.role_id, u.is_active, s.expires_at, s.revoked_at \
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?";
const LIVE: &str = "WHERE user_id = ? AND id < ? AND revoked_at IS NULL AND expires_at > ? \
    ORDER BY id DESC LIMIT ?";
const LATEST: &str = "SELECT created_at FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1";
const REVOKED: &str = "SELECT id, expires_at FROM sessions \
    WHERE revoked_at IS NOT NULL AND expires_at > ? AND id > ? ORDER BY id LIMIT ?";
const EXPIRED: &str = "SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?";

words! {
    SessionKind {
        Access "access",
        DeviceGrant "device_grant",
    }
}
words_from_text!(SessionKind);

impl From<SessionKind> for Val {
    fn from(kind: SessionKind) -> Self {
        kind.as_str().into()
    }
}

impl Column for SessionKind {
    type Plain = String;

    fn read(text: String) -> Result<Self, ColumnError> {
        Ok(text.parse()?)
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct UserSession in sessions {
        pub id: SessionId,
        pub user_id: UserId,
        pub kind: SessionKind,
        pub created_at: UnixMillis,
        pub expires_at: UnixMillis,
        /// Only for grants, like the region.
        pub device: Option<DeviceId>,
        pub region: Option<Region>,
    }
}

impl UserSession {
    /// Builds the session of a token with these claims.
    pub fn from_claims(claims: &Claims, kind: SessionKind, created_at: UnixMillis) -> Self {
        let device = claims.device.clone();
        let region = claims.region;
        let id = claims.jti;
        let user_id = claims.sub;
        let expires_at = claims.expires_at();
        Self {
            id,
            user_id,
            kind,
            created_at,
            expires_at,
            device,
            region,
        }
    }
}

/// The account as the sign-in verified it, and the origin of the sign-in.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedSignIn {
    pub role: Role,
    /// The time of the last password change.
    pub password_of: Option<UnixMillis>,
    pub name: NameHash,
    pub place: PlaceHash,
    /// The device to remember, and the id for its row if it is new.
    pub device: Option<(Uuid, PlaceHash)>,
    /// The identity that replaced the password.
    pub identity: Option<IdentityId>,
}

/// The state of a session in auth_db, regardless of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionState {
    pub user_id: UserId,
    pub role: Role,
    pub live: bool,
    pub expires_at: UnixMillis,
}

row! {
    struct StateRow {
        user_id: UserId,
        role_id: Role,
        is_active: bool,
        expires_at: UnixMillis,
        revoked_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Writes a new session, clears the failures of its place, and remembers its device. Ends the
    /// session and returns false if, since the password check, the account was closed, got another
    /// role or a newer password, or lost the identity. The insert waits for such
    /// changes by its foreign key, so the rows read after it are current.
    pub async fn begin_session(
        &self,
        session: &UserSession,
        sign_in: VerifiedSignIn,
    ) -> Result<bool, StoreError> {
        let VerifiedSignIn {
            role,
            password_of,
            name,
            place,
            device,
            identity,
        } = sign_in;
        transact!(self.sql, tx => {
            tx.insert(session.clone()).await?;
            let standing: Option<(bool, Role, Option<UnixMillis>)> =
                tx.fetch_optional(STANDING, vals![session.user_id]).await?;
            if standing != Some((true, role, password_of)) {
                let why = match standing {
                    Some((true, present, _)) if present != role => SessionEnding::RoleChanged,
                    Some((true, ..)) => SessionEnding::PasswordChanged,
                    _ => SessionEnding::AccountClosed,
                };
                Self::end_session(tx, session.id, session.created_at, why).await?;
                return Ok(false);
            }
            if let Some(identity) = identity {
                let owner: Option<UserId> = tx.fetch_optional(IDENTITY_OWNER, vals![identity]).await?;
                if owner != Some(session.user_id) {
                    let why = SessionEnding::ByOwner;
                    Self::end_session(tx, session.id, session.created_at, why).await?;
                    return Ok(false);
                }
            }
            let (text, values) = Self::forget_failures(name, place);
            tx.exec(text, values).await?;
            if let Some((id, device)) = device {
                Self::remember_device(tx, id, session.user_id, device, session.created_at).await?;
            }
            Ok(true)
        })
    }

    /// Returns the time of a user's latest sign-in.
    pub async fn last_sign_in(&self, user: UserId) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.fetch_optional(LATEST, vals![user]).await?)
    }

    /// `None` if the session never existed or was purged.
    pub async fn session_state(
        &self,
        session: SessionId,
        now: UnixMillis,
    ) -> Result<Option<SessionState>, StoreError> {
        let row: Option<StateRow> = self.sql.fetch_optional(STATE, vals![session]).await?;
        Ok(row.map(|row| {
            let live = row.is_active && row.revoked_at.is_none() && row.expires_at > now;
            SessionState {
                user_id: row.user_id,
                role: row.role_id,
                live,
                expires_at: row.expires_at,
            }
        }))
    }

    /// Lists a user's live sessions older than `before`, newest first.
    pub async fn list_live_sessions(
        &self,
        user: UserId,
        before: SessionId,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<UserSession>, StoreError> {
        let values = vals![user, before, now, limit];
        Ok(self
            .sql
            .fetch_all(UserSession::select(LIVE), values)
            .await?)
    }

    /// Returns the next `BATCH` revoked sessions after `after` whose token has not expired.
    pub async fn list_revoked_sessions(
        &self,
        after: SessionId,
        now: UnixMillis,
    ) -> Result<Vec<(SessionId, UnixMillis)>, StoreError> {
        Ok(self
            .sql
            .fetch_all(REVOKED, vals![now, after, BATCH])
            .await?)
    }

    /// Removes up to `BATCH` sessions that expired by `until`.
    pub async fn purge_sessions(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(EXPIRED, "DELETE FROM sessions WHERE id IN (", until)
            .await
    }
}
