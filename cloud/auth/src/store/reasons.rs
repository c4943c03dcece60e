//! The reasons that admins give for changes of accounts, roles and keys. They may name a person, so
//! each is stored sealed.
//!
//! Invariant: the reason of a closing is sealed for its person, not for its row: a readmission
//! moves it into its own record, and an older version copies it unopened.

use platform::{
    sealing::{DataKeys, ResealedBatch, SealContext, SealError},
    sql::Val,
    vals,
};
use uuid::Uuid;
use wire::UserId;

use super::{BATCH, Store, StoreError};

const RESETS: &str = "SELECT id, why FROM password_resets WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_RESET: &str = "UPDATE password_resets SET why = ? WHERE id = ? AND why = ?";
const ACTS: &str = "SELECT id, why FROM role_acts WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_ACT: &str = "UPDATE role_acts SET why = ? WHERE id = ? AND why = ?";
const READMISSIONS: &str =
    "SELECT id, user_id, why, closed_why FROM readmissions WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_READMISSION: &str = "UPDATE readmissions SET why = ? WHERE id = ? AND why = ?";
const RESEAL_ITS_CLOSING: &str =
    "UPDATE readmissions SET closed_why = ? WHERE id = ? AND closed_why = ?";
const SIGNING_KEYS: &str = "SELECT kid, rotated_why, killed_why FROM signing_keys WHERE kid > ? \
    ORDER BY kid LIMIT ?";
const RESEAL_ROTATION: &str =
    "UPDATE signing_keys SET rotated_why = ? WHERE kid = ? AND rotated_why = ?";
const RESEAL_KILLING: &str =
    "UPDATE signing_keys SET killed_why = ? WHERE kid = ? AND killed_why = ?";

pub(super) fn closing_place(user: UserId) -> SealContext {
    SealContext::of_id("users.closed_why", user.0)
}

pub(super) fn readmission_place(id: Uuid) -> SealContext {
    SealContext::of_id("readmissions.why", id)
}

pub(super) fn reset_place(id: Uuid) -> SealContext {
    SealContext::of_id("password_resets.why", id)
}

pub(super) fn role_change_place(id: Uuid) -> SealContext {
    SealContext::of_id("role_acts.why", id)
}

pub(super) fn rotation_place(kid: &str) -> SealContext {
    SealContext::for_row("signing_keys.rotated_why", kid.as_bytes())
}

pub(super) fn killing_place(kid: &str) -> SealContext {
    SealContext::for_row("signing_keys.killed_why", kid.as_bytes())
}

/// Reseals a stale text, one that is plain or under a former key, with the present key.
pub(super) fn reseal_if_stale(
    keys: &DataKeys,
    seal_context: &SealContext,
    stored: String,
) -> Result<String, SealError> {
    if keys.is_stale_text(&stored) {
        return Ok(keys.seal_text(seal_context, &keys.open_text(seal_context, stored)?));
    }
    Ok(stored)
}

impl Store {
    /// Reseals the stale reasons of the next batch of resets after `after`. Returns the batch's
    /// last reset; `None` at the end.
    pub async fn reseal_resets(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_texts(RESETS, RESEAL_RESET, reset_place, after)
            .await
    }

    /// As `reseal_resets`, for role changes.
    pub async fn reseal_role_acts(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_texts(ACTS, RESEAL_ACT, role_change_place, after)
            .await
    }

    /// As `reseal_resets`, for readmissions and the closings that they ended.
    pub async fn reseal_readmissions(
        &self,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        let rows: Vec<(Uuid, UserId, String, Option<String>)> = self
            .sql
            .fetch_all(READMISSIONS, vals![after, BATCH])
            .await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, ..)| *id);
        let mut sealed = 0;
        for (id, user, why, closed_why) in rows {
            sealed += self
                .reseal_text(RESEAL_READMISSION, &readmission_place(id), id, Some(why))
                .await?;
            sealed += self
                .reseal_text(RESEAL_ITS_CLOSING, &closing_place(user), id, closed_why)
                .await?;
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// As `reseal_resets`, for manual rotations and kills of signing keys.
    pub async fn reseal_key_orders(
        &self,
        after: String,
    ) -> Result<ResealedBatch<String>, StoreError> {
        let rows: Vec<(String, Option<String>, Option<String>)> = self
            .sql
            .fetch_all(SIGNING_KEYS, vals![after, BATCH])
            .await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(kid, ..)| kid.clone());
        let mut sealed = 0;
        for (kid, rotated_why, killed_why) in rows {
            let kid = kid.as_str();
            sealed += self
                .reseal_text(RESEAL_ROTATION, &rotation_place(kid), kid, rotated_why)
                .await?;
            sealed += self
                .reseal_text(RESEAL_KILLING, &killing_place(kid), kid, killed_why)
                .await?;
        }
        Ok(ResealedBatch { sealed, last })
    }

    pub(super) async fn reseal_texts(
        &self,
        read: &'static str,
        write: &'static str,
        place: fn(Uuid) -> SealContext,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        let rows: Vec<(Uuid, String)> = self.sql.fetch_all(read, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, _)| *id);
        let mut sealed = 0;
        for (id, why) in rows {
            sealed += self.reseal_text(write, &place(id), id, Some(why)).await?;
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// Reseals a text if it is stale and unchanged meanwhile. Returns the number of stale texts.
    pub(super) async fn reseal_text(
        &self,
        write: &'static str,
        seal_context: &SealContext,
        row: impl Into<Val>,
        stored: Option<String>,
    ) -> Result<usize, StoreError> {
        let keys = self.sql.data_keys();
        let row: Val = row.into();
        let Some(stored) = stored.filter(|stored| keys.is_stale_text(stored)) else {
            return Ok(0);
        };
        let anew = reseal_if_stale(keys, seal_context, stored.clone())?;
        self.sql.exec(write, vals![anew, row, stored]).await?;
        Ok(1)
    }
}
