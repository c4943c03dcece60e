//! Readmissions of revoked people, each recorded with the closing that it ends.

use platform::{columns, outbox, transact, vals};
use uuid::Uuid;
use wire::{Event, Role, UnixMillis, UserId};

use super::{ClosureRecord, Store, StoreError, reasons};
use crate::domain::earliest_token_time;

const OPEN: &str = "UPDATE users SET is_active = 1, updated_at = ? WHERE id = ? AND is_active = 0";
const STANDING: &str =
    "SELECT tokens_since, closed_at, closed_by, closed_why FROM users WHERE id = ?";
const BEGIN_TOKENS: &str = "UPDATE users SET tokens_since = ?, closed_at = NULL, closed_by = NULL, \
    closed_why = NULL WHERE id = ?";
const OF_PERSON: &str = "SELECT role_id, tokens_since FROM users WHERE id = ?";

type ClosingColumns = (
    UnixMillis,
    Option<UnixMillis>,
    Option<UserId>,
    Option<String>,
);

columns! {
    struct ReadmissionRow in readmissions {
        id: Uuid,
        user_id: UserId,
        at: UnixMillis,
        by_user: UserId,
        why: String,
        closed_at: Option<UnixMillis>,
        closed_by: Option<UserId>,
        closed_why: Option<String>,
    }
}

impl Store {
    /// Returns a person's role, and the earliest issue time of their valid tokens.
    pub async fn load_tokens_since(
        &self,
        user: UserId,
    ) -> Result<Option<(Role, UnixMillis)>, StoreError> {
        Ok(self.sql.fetch_optional(OF_PERSON, vals![user]).await?)
    }

    /// Reopens a closed account, sets a new start for its tokens and publishes the event. Returns
    /// false if the account is open. Ended sessions stay ended.
    pub async fn readmit_user(
        &self,
        id: Uuid,
        user: UserId,
        record: &ClosureRecord,
        event_of: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<bool, StoreError> {
        let ClosureRecord { at, by, why } = record;
        transact!(self.sql, tx => {
            if tx.exec(OPEN, vals![*at, user]).await? != 1 {
                return Ok(false);
            }
            let standing: Option<ClosingColumns> = tx.fetch_optional(STANDING, vals![user]).await?;
            let Some((before, closed_at, closed_by, closed_why)) = standing else {
                return Ok(false);
            };
            let keys = tx.data_keys();
            let place = reasons::closing_place(user);
            let closed_why = closed_why.map(|why| reasons::reseal_if_stale(keys, &place, why)).transpose()?;
            let why = keys.seal_text(&reasons::readmission_place(id), why);
            let since = earliest_token_time(&[*at, before, closed_at.unwrap_or(before)]);
            tx.exec(BEGIN_TOKENS, vals![since, user]).await?;
            let row = ReadmissionRow {
                id,
                user_id: user,
                at: *at,
                by_user: *by,
                why,
                closed_at,
                closed_by,
                closed_why,
            };
            tx.insert(row).await?;
            outbox::store::add(tx, &event_of(since)?).await?;
            Ok(true)
        })
    }
}
