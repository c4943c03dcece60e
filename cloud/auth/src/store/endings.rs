//! The ends of sessions, each with its reason, written together with the event that tells of it.

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
        /// Its person ended it from another one.
        ByOwner "by_owner",
        /// A refresh token came again that had been spent.
        RefreshReused "refresh_reused",
        /// Their person set another password.
        PasswordChanged "password_changed",
        /// The same by a code of an admin.
        PasswordReset "password_reset",
        AccountClosed "account_closed",
        /// A newer grant took its place, on the same tablet or beyond the number that a person may
        /// have.
        Replaced "replaced",
        ByAdmin "by_admin",
        /// Their person got another role.
        RoleChanged "role_changed",
    }
}

impl From<SessionEnding> for Val {
    fn from(why: SessionEnding) -> Self {
        why.as_str().into()
    }
}

/// The end of a person's sessions, all but one.
#[derive(Debug, Clone, Copy)]
pub struct OthersEnding {
    pub user: UserId,
    /// This one goes on.
    pub except: Option<SessionId>,
    pub at: UnixMillis,
    pub why: SessionEnding,
}

impl Store {
    /// Revokes a session, and tells of it the first time. Returns whether this was the first time.
    pub async fn revoke(
        &self,
        session: SessionId,
        at: UnixMillis,
        why: SessionEnding,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let first = Self::end(tx, session, at, why).await?;
            if first {
                outbox::store::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// The same for another person's session, with the admin who does it.
    pub async fn revoke_by_admin(
        &self,
        session: SessionId,
        by: UserId,
        at: UnixMillis,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let first = Self::end(tx, session, at, SessionEnding::ByAdmin).await?;
            if first {
                tx.exec(BY, vals![by, session]).await?;
                outbox::store::add(tx, event).await?;
            }
            Ok(first)
        })
    }

    /// Revokes a person's other sessions. Returns those that this has ended.
    pub async fn revoke_others(
        &self,
        ending: OthersEnding,
        event_of: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        transact!(self.sql, tx => { Self::end_others(tx, ending, &event_of).await })
    }

    pub(super) async fn end_others(
        tx: &mut Tx,
        ending: OthersEnding,
        event_of: &impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let OthersEnding { user, except, at, why } = ending;
        let except = except.unwrap_or(SessionId(Uuid::nil()));
        let others: Vec<SessionId> = tx.all(OTHERS, vals![user, except, at]).await?;
        let (mut ended, mut events) = (Vec::new(), Vec::new());
        for session in others {
            if Self::end(tx, session, at, why).await? {
                events.push(event_of(session)?);
                ended.push(session);
            }
        }
        outbox::store::add_all(tx, &events).await?;
        Ok(ended)
    }

    /// Returns whether it had not ended before.
    pub(super) async fn end(
        tx: &mut Tx,
        session: SessionId,
        at: UnixMillis,
        why: SessionEnding,
    ) -> Result<bool, StoreError> {
        Ok(tx.exec(END, vals![at, why, session]).await? == 1)
    }
}
