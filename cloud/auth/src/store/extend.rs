//! The extension of a session whose token is renewed.

use platform::vals;
use wire::{SessionId, UnixMillis};

use super::{Store, StoreError};

const BEGUN: &str = "SELECT created_at FROM sessions WHERE id = ?";
const EXTEND: &str = "UPDATE sessions SET expires_at = ? \
    WHERE id = ? AND revoked_at IS NULL AND expires_at < ?";

impl Store {
    pub async fn session_begun(
        &self,
        session: SessionId,
    ) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.one(BEGUN, vals![session]).await?)
    }

    /// A session that was ended stays as it is, and none becomes shorter.
    pub async fn extend_session(
        &self,
        session: SessionId,
        until: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql.exec(EXTEND, vals![until, session, until]).await?;
        Ok(())
    }
}
