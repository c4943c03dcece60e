//! Which second factors a person has.

use platform::{sql::Tx, vals};
use wire::{UnixMillis, UserId};

use super::{Store, StoreError};

const STANDING: &str = "SELECT \
    (SELECT confirmed_at FROM second_factors WHERE user_id = ?), \
    COUNT(*), MIN(created_at), MAX(created_at) FROM passkeys WHERE user_id = ?";

/// The second factors that a person has. A change of them changes this value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FactorStanding {
    /// When a first code confirmed the authenticator app.
    pub app_since: Option<UnixMillis>,
    pub passkeys: u64,
    first_passkey_at: Option<UnixMillis>,
    last_passkey_at: Option<UnixMillis>,
}

impl FactorStanding {
    pub fn is_empty(&self) -> bool {
        self.app_since.is_none() && self.passkeys == 0
    }

    /// The app counts as one.
    pub(super) fn count(&self) -> u64 {
        self.passkeys + u64::from(self.app_since.is_some())
    }

    /// When the oldest of them was set up.
    pub fn since(&self) -> Option<UnixMillis> {
        [self.app_since, self.first_passkey_at]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The columns of `STANDING`.
type StandingColumns = (
    Option<UnixMillis>,
    u64,
    Option<UnixMillis>,
    Option<UnixMillis>,
);

impl From<StandingColumns> for FactorStanding {
    fn from(columns: StandingColumns) -> Self {
        let (app_since, passkeys, first_passkey_at, last_passkey_at) = columns;
        Self {
            app_since,
            passkeys,
            first_passkey_at,
            last_passkey_at,
        }
    }
}

impl Store {
    pub async fn factor_standing(&self, user: UserId) -> Result<FactorStanding, StoreError> {
        let found: Option<StandingColumns> =
            self.sql.fetch_optional(STANDING, vals![user, user]).await?;
        Ok(found.unwrap_or_default().into())
    }

    pub(super) async fn read_factor_standing(
        tx: &mut Tx,
        user: UserId,
    ) -> Result<FactorStanding, StoreError> {
        let found: Option<StandingColumns> = tx.fetch_optional(STANDING, vals![user, user]).await?;
        Ok(found.unwrap_or_default().into())
    }
}
