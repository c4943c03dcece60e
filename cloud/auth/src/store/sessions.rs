//! Sessions: one per issued token, identified by its `jti`; how they begin, are extended and end. A
//! revocation is written with its reason, in one transaction with its event. Device grants are
//! sessions too.

use platform::{
    outbox, row,
    sql::{Column, ColumnError, Columns, Tx, Val},
    transact, vals,
};
use process::tokens::Claims;
use uuid::Uuid;
use wire::{
    DeviceId, Event, IdentityId, Region, RegisteredDeviceId, Role, SessionId, UnixMillis, UserId,
    words, words_from_text,
};

use super::{
    BATCH, Store, StoreError,
    factor_standing::FactorStanding,
    sign_ins::{NameHash, PlaceHash},
};
use crate::domain::{PresentedRefreshToken, RefreshFamily, is_new_place_alert_due};

const ACCOUNT_STANDING: &str =
    "SELECT is_active, role_id, password_changed_at, created_at FROM users WHERE id = ?";
const IDENTITY_OWNER: &str = "SELECT user_id FROM identities WHERE id = ?";
const SESSION_STATE: &str = "SELECT s.user_id, u.role_id, u.is_active, s.expires_at, s.revoked_at \
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?";
const LIVE_SESSIONS: &str = "WHERE user_id = ? AND id < ? AND revoked_at IS NULL AND expires_at > ? \
    ORDER BY id DESC LIMIT ?";
const LATEST_SIGN_IN: &str =
    "SELECT created_at FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1";
const REVOKED_SESSIONS: &str = "SELECT id, expires_at FROM sessions \
    WHERE revoked_at IS NOT NULL AND expires_at > ? AND id > ? ORDER BY id LIMIT ?";
const EXPIRED_SESSIONS: &str = "SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?";
const SESSION_START: &str = "SELECT created_at FROM sessions WHERE id = ?";
const EXTEND_SESSION: &str = "UPDATE sessions SET expires_at = ? \
    WHERE id = ? AND revoked_at IS NULL AND expires_at < ?";
const REFRESH_FAMILY: &str = "SELECT created_at, refresh_newest, refresh_before, refresh_attempt \
    FROM sessions WHERE id = ?";
const SPEND_REFRESH_TOKEN: &str = "UPDATE sessions SET refresh_newest = ?, refresh_before = ?, \
    refresh_attempt = ? \
    WHERE id = ? AND revoked_at IS NULL AND refresh_newest IN (0, ?)";
const END_SESSION: &str = "UPDATE sessions SET revoked_at = ?, ended_why = ? \
    WHERE id = ? AND revoked_at IS NULL";
pub(super) const RECORD_ENDER: &str = "UPDATE sessions SET ended_by = ? WHERE id = ?";
pub(super) const OTHER_SESSIONS: &str = "SELECT id FROM sessions \
    WHERE user_id = ? AND id <> ? AND revoked_at IS NULL AND expires_at > ? ORDER BY id";
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
        /// The device whose key a grant is bound to.
        pub device_id: Option<RegisteredDeviceId>,
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
        let device_id = claims
            .binding
            .as_ref()
            .map(|binding| RegisteredDeviceId::from_key(user_id, &binding.key));
        Self {
            id,
            user_id,
            kind,
            created_at,
            expires_at,
            device,
            region,
            device_id,
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
    /// The device or address to remember, and the id for its row if it is new.
    pub known_by: (Uuid, PlaceHash),
    /// The identity that replaced the password.
    pub identity: Option<IdentityId>,
    /// The second factors of an admin when the sign-in checked one.
    pub factors: FactorStanding,
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

words! {
    SessionEnding {
        SignedOut "signed_out",
        /// Its owner ended it from another session.
        ByOwner "by_owner",
        /// A spent refresh token was reused.
        RefreshReused "refresh_reused",
        /// Its owner set another password.
        PasswordChanged "password_changed",
        /// The password was set with a reset code.
        PasswordReset "password_reset",
        AccountClosed "account_closed",
        /// A newer grant replaced it, on the same tablet or beyond the limit per person.
        Replaced "replaced",
        ByAdmin "by_admin",
        /// Its owner got another role.
        RoleChanged "role_changed",
        /// Its owner set up a second factor, or an admin removed it.
        FactorChanged "factor_changed",
    }
}

impl From<SessionEnding> for Val {
    fn from(why: SessionEnding) -> Self {
        why.as_str().into()
    }
}

/// Ends a person's sessions, except one at most.
#[derive(Debug, Clone, Copy)]
pub struct OtherSessionsRevocation {
    pub user: UserId,
    /// This session stays.
    pub except: Option<SessionId>,
    pub at: UnixMillis,
    pub why: SessionEnding,
}

impl Store {
    /// Writes a new session, clears the failures of its place, and remembers where it comes from,
    /// with `news` for the owner if the account has not been used there before. Ends the
    /// session and returns false if, since the password check, the account was closed, got another
    /// role, a newer password or another second factor, or lost the identity. The insert waits for
    /// such changes by its foreign key, so the rows read after it are current.
    pub async fn begin_session(
        &self,
        session: &UserSession,
        sign_in: VerifiedSignIn,
        news: &Event,
    ) -> Result<bool, StoreError> {
        let VerifiedSignIn {
            role,
            password_of,
            name,
            place,
            known_by,
            identity,
            factors,
        } = sign_in;
        transact!(self.sql, tx => {
            tx.insert(session.clone()).await?;
            let standing: Option<(bool, Role, Option<UnixMillis>, UnixMillis)> =
                tx.fetch_optional(ACCOUNT_STANDING, vals![session.user_id]).await?;
            let registered_at = match standing {
                Some((true, present, changed_at, registered_at))
                    if (present, changed_at) == (role, password_of) => registered_at,
                other => {
                    let why = match other {
                        Some((true, present, ..)) if present != role => SessionEnding::RoleChanged,
                        Some((true, ..)) => SessionEnding::PasswordChanged,
                        _ => SessionEnding::AccountClosed,
                    };
                    Self::end_session(tx, session.id, session.created_at, why).await?;
                    return Ok(false);
                }
            };
            if let Some(identity) = identity {
                let owner: Option<UserId> = tx.fetch_optional(IDENTITY_OWNER, vals![identity]).await?;
                if owner != Some(session.user_id) {
                    let why = SessionEnding::ByOwner;
                    Self::end_session(tx, session.id, session.created_at, why).await?;
                    return Ok(false);
                }
            }
            if role == Role::Admin
                && Self::read_factor_standing(tx, session.user_id).await? != factors
            {
                let why = SessionEnding::FactorChanged;
                Self::end_session(tx, session.id, session.created_at, why).await?;
                return Ok(false);
            }
            let (text, values) = Self::forget_failures(name, place);
            tx.exec(text, values).await?;
            let (id, place) = known_by;
            let now = session.created_at;
            let others = Self::remember_place(tx, id, session.user_id, place, now).await?;
            if others.is_some_and(|others| is_new_place_alert_due(others, registered_at, now)) {
                outbox::add(tx, news).await?;
            }
            Ok(true)
        })
    }

    pub async fn add_session(&self, session: &UserSession) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            tx.insert(session.clone()).await?;
            Ok(())
        })
    }

    /// Returns the time of a user's latest sign-in.
    pub async fn last_sign_in(&self, user: UserId) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.fetch_optional(LATEST_SIGN_IN, vals![user]).await?)
    }

    /// `None` if the session never existed or was purged.
    pub async fn session_state(
        &self,
        session: SessionId,
        now: UnixMillis,
    ) -> Result<Option<SessionState>, StoreError> {
        let row: Option<StateRow> = self
            .sql
            .fetch_optional(SESSION_STATE, vals![session])
            .await?;
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
            .fetch_all(UserSession::select(LIVE_SESSIONS), values)
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
            .fetch_all(REVOKED_SESSIONS, vals![now, after, BATCH])
            .await?)
    }

    pub async fn load_session_start(
        &self,
        session: SessionId,
    ) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(SESSION_START, vals![session])
            .await?)
    }

    /// An ended session stays ended, and no session becomes shorter.
    pub async fn extend_session(
        &self,
        session: SessionId,
        until: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql
            .exec(EXTEND_SESSION, vals![until, session, until])
            .await?;
        Ok(())
    }

    pub async fn load_refresh_family(
        &self,
        session: SessionId,
    ) -> Result<Option<RefreshFamily>, StoreError> {
        let row: Option<(UnixMillis, UnixMillis, UnixMillis, Option<Uuid>)> = self
            .sql
            .fetch_optional(REFRESH_FAMILY, vals![session])
            .await?;
        Ok(row.map(|(began, newest, before, attempt)| {
            RefreshFamily::from_stored(began, newest, before, attempt)
        }))
    }

    /// Spends the family's newest token for its successor. Returns false if another use came first
    /// or the session has ended.
    pub async fn spend_refresh_token(
        &self,
        session: SessionId,
        newest: PresentedRefreshToken,
        successor: UnixMillis,
    ) -> Result<bool, StoreError> {
        let PresentedRefreshToken { issued, attempt } = newest;
        let values = vals![successor, issued, attempt, session, issued];
        Ok(self.sql.exec(SPEND_REFRESH_TOKEN, values).await? == 1)
    }

    /// Revokes a session and publishes the event. Returns false if it had ended before.
    pub async fn revoke_session(
        &self,
        session: SessionId,
        at: UnixMillis,
        why: SessionEnding,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let first = Self::end_session(tx, session, at, why).await?;
            if first {
                outbox::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// Revokes another person's session and records the admin.
    pub async fn revoke_by_admin(
        &self,
        session: SessionId,
        by: UserId,
        at: UnixMillis,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let first = Self::end_session(tx, session, at, SessionEnding::ByAdmin).await?;
            if first {
                tx.exec(RECORD_ENDER, vals![by, session]).await?;
                outbox::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// Revokes a person's other sessions. Returns those that this call ended.
    pub async fn revoke_others(
        &self,
        revocation: OtherSessionsRevocation,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        transact!(self.sql, tx => { Self::end_others(tx, revocation, &build_event).await })
    }

    /// Removes up to `BATCH` sessions that expired by `until`.
    pub async fn purge_sessions(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(
            EXPIRED_SESSIONS,
            "DELETE FROM sessions WHERE id IN (",
            until,
        )
        .await
    }

    pub(super) async fn end_others(
        tx: &mut Tx,
        revocation: OtherSessionsRevocation,
        build_event: &impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let OtherSessionsRevocation {
            user,
            except,
            at,
            why,
        } = revocation;
        let except = except.unwrap_or(SessionId(Uuid::nil()));
        let others: Vec<SessionId> = tx
            .fetch_all(OTHER_SESSIONS, vals![user, except, at])
            .await?;
        let mut ended = Vec::new();
        let mut events = Vec::new();
        for session in others {
            if Self::end_session(tx, session, at, why).await? {
                events.push(build_event(session)?);
                ended.push(session);
            }
        }
        outbox::add_all(tx, &events).await?;
        Ok(ended)
    }

    /// Returns false if it had ended before.
    pub(super) async fn end_session(
        tx: &mut Tx,
        session: SessionId,
        at: UnixMillis,
        why: SessionEnding,
    ) -> Result<bool, StoreError> {
        Ok(tx.exec(END_SESSION, vals![at, why, session]).await? == 1)
    }
}
