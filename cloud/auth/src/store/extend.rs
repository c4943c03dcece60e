//! Renewal of a session's tokens: its extension, and the order of its refresh tokens.

use platform::vals;
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use super::{Store, StoreError};
use crate::domain::{PresentedRefreshToken, RefreshFamily};

const BEGUN: &str = "SELECT created_at FROM sessions WHERE id = ?";
const EXTEND: &str = "UPDATE sessions SET expires_at = ? \
    WHERE id = ? AND revoked_at IS NULL AND expires_at < ?";
const FAMILY: &str = "SELECT created_at, refresh_newest, refresh_before, refresh_attempt \
    FROM sessions WHERE id = ?";
const SPEND: &str = "UPDATE sessions SET refresh_newest = ?, refresh_before = ?, \
    refresh_attempt = ? \
    WHERE id = ? AND revoked_at IS NULL AND refresh_newest IN (0, ?)";

impl Store {
    pub async fn load_session_start(
        &self,
        session: SessionId,
    ) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.fetch_optional(BEGUN, vals![session]).await?)
    }

    /// An ended session stays ended, and no session becomes shorter.
    pub async fn extend_session(
        &self,
        session: SessionId,
        until: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql.exec(EXTEND, vals![until, session, until]).await?;
        Ok(())
    }

    pub async fn load_refresh_family(
        &self,
        session: SessionId,
    ) -> Result<Option<RefreshFamily>, StoreError> {
        let row: Option<(UnixMillis, UnixMillis, UnixMillis, Option<Uuid>)> =
            self.sql.fetch_optional(FAMILY, vals![session]).await?;
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
        Ok(self.sql.exec(SPEND, values).await? == 1)
    }
}
