//! Stores auth_db: accounts, roles, sessions, known devices, wrong passwords, pending addresses,
//! external and phone identities, phone codes, and signing keys.
//!
//! Invariant: accounts and revocations are written in one transaction with their outbox event.

mod addresses;
mod codes;
mod credentials;
mod devices;
mod endings;
mod extend;
mod failures;
mod grants;
mod identities;
mod people;
mod readmissions;
mod reasons;
mod role_changes;
mod roles;
mod sessions;
mod signing_keys;
mod users;

#[cfg(test)]
mod tests;

use platform::{
    sealing::DataKeys,
    sql::{Migrations, Sql, in_list},
    vals,
};
use uuid::Uuid;
use wire::UnixMillis;

pub use addresses::{
    AccountAddress, AddressChangeRequest, AddressCode, AddressCodeTarget, ConfirmAddressResult,
};
pub use codes::{CodeLifetime, CodeTryResult};
pub use credentials::{NewPassword, OneTimeCodeHash, PasswordReset};
pub use endings::{OtherSessionsRevocation, SessionEnding};
pub use failures::{NameHash, PlaceHash};
pub use identities::{
    AddNewcomerResult, IssuerSubject, LinkIdentityResult, NewIdentity, PHONES, UnlinkIdentityResult,
};
pub use people::{AccountState, PeopleFilter, PersonRow};
pub use platform::StoreError;
pub use role_changes::{RoleAct, RoleChangeAudit};
pub use roles::RoleDetails;
pub use sessions::{SessionKind, UserSession, VerifiedSignIn};
pub use signing_keys::{NewSigningKey, SigningKey};
pub use users::{Account, AddUserResult, CloseAccountResult, ClosureRecord};

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
}
