//! Sessions: one per token given out, named by the token's `jti`.

use platform::{columns, outbox, sql::Columns, transact, vals};
use uuid::Uuid;
use wire::{Event, Role, SessionId, UnixMillis, UserId};

use super::{BATCH, NameHash, Store, StoreError};

const REVOKE: &str = "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL";
const OPEN: &str = "SELECT is_active FROM users WHERE id = ?";
const STATE: &str = "SELECT s.user_id, u.role_id, u.is_active, s.expires_at, s.revoked_at \
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?";
const LIVE: &str = "WHERE user_id = ? AND id < ? AND revoked_at IS NULL AND expires_at > ? \
    ORDER BY id DESC LIMIT ?";
const REVOKED: &str = "SELECT id, expires_at FROM sessions \
    WHERE revoked_at IS NOT NULL AND expires_at > ? AND id > ? ORDER BY id LIMIT ?";
const EXPIRED: &str = "SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    Access,
    DeviceGrant,
}

impl SessionKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::DeviceGrant => "device_grant",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Access, Self::DeviceGrant].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserSession {
    pub id: SessionId,
    pub kind: SessionKind,
    pub created_at: UnixMillis,
    pub expires_at: UnixMillis,
}

/// What auth_db says of a session, whatever its token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionState {
    pub user_id: UserId,
    pub role: Role,
    pub live: bool,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    user_id: Uuid,
    role_id: i64,
    is_active: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

columns! {
    #[derive(sqlx::FromRow)]
    struct SessionRow in sessions {
        id: Uuid,
        user_id: Uuid,
        kind: String,
        created_at: i64,
        expires_at: i64,
    }
}

impl Store {
    /// Writes a new session, and forgets the wrong passwords before it. Returns whether it may be used: the
    /// account may have been closed since the password was looked at: writing the session waits for
    /// that by its foreign key, so what is read behind it is true.
    pub async fn begin_session(
        &self,
        session: &UserSession,
        user: UserId,
        name: NameHash,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            tx.insert(SessionRow {
                id: session.id.0,
                user_id: user.0,
                kind: session.kind.as_str().to_owned(),
                created_at: session.created_at.0,
                expires_at: session.expires_at.0,
            })
            .await?;
            let open: Option<(i64,)> = tx.one(OPEN, vals![user]).await?;
            if open != Some((1,)) {
                tx.exec(REVOKE, vals![session.created_at, session.id]).await?;
                return Ok(false);
            }
            let (text, values) = Self::forget_failures(name);
            tx.exec(text, values).await?;
            Ok(true)
        })
    }

    /// Revokes a session, and tells of it the first time. Returns whether this was the first time.
    pub async fn revoke(
        &self,
        session: SessionId,
        at: UnixMillis,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let first = tx.exec(REVOKE, vals![at, session]).await? == 1;
            if first {
                outbox::store::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// `None` for a session that was never given out, or is long over.
    pub async fn session_state(
        &self,
        session: SessionId,
        now: UnixMillis,
    ) -> Result<Option<SessionState>, StoreError> {
        let row: Option<StateRow> = self.sql.one(STATE, vals![session]).await?;
        row.map(|row| {
            let role = Role::from_number(row.role_id).ok_or(StoreError::Unreadable("role"))?;
            let live = row.is_active == 1 && row.revoked_at.is_none() && row.expires_at > now.0;
            Ok(SessionState { user_id: UserId(row.user_id), role, live })
        })
        .transpose()
    }

    /// A user's live sessions, newest first, older than `before`.
    pub async fn sessions(
        &self,
        user: UserId,
        before: SessionId,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<UserSession>, StoreError> {
        let values = vals![user, before, now, limit];
        let rows: Vec<SessionRow> = self.sql.all(SessionRow::select(LIVE), values).await?;
        rows.into_iter().map(UserSession::try_from).collect()
    }

    /// The next `BATCH` sessions after `after` that are revoked but whose token has not expired.
    pub async fn revoked(
        &self,
        after: SessionId,
        now: UnixMillis,
    ) -> Result<Vec<(SessionId, UnixMillis)>, StoreError> {
        let rows: Vec<(Uuid, i64)> = self.sql.all(REVOKED, vals![now, after, BATCH]).await?;
        Ok(rows.into_iter().map(|(id, until)| (SessionId(id), UnixMillis(until))).collect())
    }

    /// Removes up to `BATCH` sessions that expired by `until`. Returns how many.
    pub async fn purge_sessions(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge(EXPIRED, "DELETE FROM sessions WHERE id IN (", until).await
    }
}

impl TryFrom<SessionRow> for UserSession {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.id),
            kind: SessionKind::parse(&row.kind).ok_or(StoreError::Unreadable("session kind"))?,
            created_at: UnixMillis(row.created_at),
            expires_at: UnixMillis(row.expires_at),
        })
    }
}
