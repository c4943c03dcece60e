//! Stores auth_db: accounts, roles, sessions, known devices, wrong passwords, pending addresses,
//! external and phone identities, phone codes, and signing keys.
//!
//! Invariants: accounts and revocations are written in one transaction with their outbox event; the
//! reasons that admins give may name a person, so each is stored sealed.

mod accounts;
mod addresses;
mod identities;
mod people;
mod roles;
mod sessions;
mod sign_ins;
mod signing_keys;

#[cfg(test)]
mod tests;

use platform::{
    sealing::{DataKeys, ResealedBatch, SealContext, SealError},
    sql::{Migrations, Sql, Val, in_list},
    vals,
};
use uuid::Uuid;
use wire::UnixMillis;

pub use accounts::{Account, AddUserResult, NewPassword, PasswordReset};
pub use addresses::{
    AccountAddress, AddressChangeRequest, AddressCode, AddressCodeTarget, ConfirmAddressResult,
};
pub use identities::{
    AddNewcomerResult, IssuerSubject, LinkIdentityResult, NewIdentity, PHONES, UnlinkIdentityResult,
};
pub use people::{
    AccountState, CloseAccountResult, ClosureRecord, PeopleFilter, PersonRow, RoleAct,
    RoleChangeAudit,
};
pub use platform::StoreError;
pub use roles::RoleDetails;
pub use sessions::{
    OtherSessionsRevocation, SessionEnding, SessionKind, UserSession, VerifiedSignIn,
};
pub use sign_ins::{CodeLifetime, CodeTryResult, NameHash, OneTimeCodeHash, PlaceHash};
pub use signing_keys::{KeyChangeAudit, NewSigningKey, SigningKey};

pub const MIGRATIONS: Migrations = platform::migrations!();
/// The rows that one statement of a job reads or removes.
pub const BATCH: usize = 500;

#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

impl Store {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    /// Removes up to `BATCH` rows, whose ids `select` finds by `until`.
    async fn purge_rows(
        &self,
        select: &'static str,
        delete: &'static str,
        until: UnixMillis,
    ) -> Result<usize, StoreError> {
        let old: Vec<Uuid> = self.sql.fetch_all(select, vals![until, BATCH]).await?;
        if !old.is_empty() {
            let ids = old.iter().map(Into::into).collect();
            self.sql.exec(in_list(delete, old.len(), ")"), ids).await?;
        }
        Ok(old.len())
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
