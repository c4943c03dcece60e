//! Revocations of sessions, each with its reason, in one transaction with their event.

use platform::{
    outbox,
    sql::{Tx, Val},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, SessionId, UnixMillis, UserId, words};

use super::{Store, StoreError};

const END: &str = "UPDATE sessions SET revoked_at = ?, ended_why = ? \
    WHERE id = ? AND revoked_at IS NULL";
const BY: &str = "UPDATE sessions SET ended_by = ? WHERE id = ?";
const OTHERS: &str = "SELECT id FROM sessions \
    WHERE user_id = ? AND id <> ? AND revoked_at IS NULL AND expires_at > ? ORDER BY id";

words! {
    SessionEnding {
        SignedOut "signed_out",
        /// Its owner ended it from another session.
        ByOwner "by_owner",
        /// A spent refresh token was reused.
        RefreshReused "refresh_reused",
        /// Its owner set another password.
        PasswordChanged "password_changed",
        /// The password was set with an admin's reset code.
        PasswordReset "password_reset",
        AccountClosed "account_closed",
        /// A newer grant replaced it, on the same tablet or beyond the limit per person.
        Replaced "replaced",
        ByAdmin "by_admin",
        /// Its owner got another role.
        RoleChanged "role_changed",
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
                outbox::store::add(tx, event).await?;
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
                tx.exec(BY, vals![by, session]).await?;
                outbox::store::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// Revokes a person's other sessions. Returns those that this call ended.
    pub async fn revoke_others(
        &self,
        revocation: OtherSessionsRevocation,
        event_of: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        transact!(self.sql, tx => { Self::end_others(tx, revocation, &event_of).await })
    }

    pub(super) async fn end_others(
        tx: &mut Tx,
        revocation: OtherSessionsRevocation,
        event_of: &impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let OtherSessionsRevocation {
            user,
            except,
            at,
            why,
        } = revocation;
        let except = except.unwrap_or(SessionId(Uuid::nil()));
        let others: Vec<SessionId> = tx.fetch_all(OTHERS, vals![user, except, at]).await?;
        let mut ended = Vec::new();
        let mut events = Vec::new();
        for session in others {
            if Self::end_session(tx, session, at, why).await? {
                events.push(event_of(session)?);
                ended.push(session);
            }
        }
        outbox::store::add_all(tx, &events).await?;
        Ok(ended)
    }

    /// Returns false if it had ended before.
    pub(super) async fn end_session(
        tx: &mut Tx,
        session: SessionId,
        at: UnixMillis,
        why: SessionEnding,
    ) -> Result<bool, StoreError> {
        Ok(tx.exec(END, vals![at, why, session]).await? == 1)
    }
}
