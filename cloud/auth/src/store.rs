//! Stores auth_db: accounts, roles, sessions, registered and known devices, wrong passwords,
//! pending addresses, external and phone identities, phone codes, second factors, passkeys, signing
//! keys, requests to delete an account, and changes by admins.
//!
//! Invariants: accounts and revocations are written in one transaction with their outbox event; the
//! reasons that admins give may name a person, so each is stored sealed.

mod account_deletions;
mod accounts;
mod addresses;
mod admin_acts;
mod devices;
mod factor_standing;
mod identities;
mod passkeys;
mod people;
mod roles;
mod second_factors;
mod sessions;
mod sign_ins;
mod signing_keys;

#[cfg(test)]
mod tests;

use platform::{
    sealing::{DataKeys, SealContext, SealError},
    sql::{Migrations, SealedTable, Sql, SqlResealer, in_list},
    vals,
};
use uuid::Uuid;
use wire::UnixMillis;

pub(crate) use account_deletions::{AccountDeletion, DueDeletion};
pub(crate) use accounts::{Account, AddUserResult, NewPassword, PasswordReset};
pub(crate) use addresses::{
    AccountAddress, AddressChangeRequest, AddressCode, AddressCodeTarget, ConfirmAddressResult,
};
pub(crate) use admin_acts::{ActFilter, AdminAct};
pub(crate) use devices::{DeviceEnding, NewGrant, RegisteredDevice};
pub(crate) use factor_standing::FactorStanding;
pub(crate) use identities::{
    CreateAccountResult, IssuerSubject, LinkIdentityResult, NewIdentity, PHONES,
    UnlinkIdentityResult,
};
pub(crate) use passkeys::{AddPasskeyResult, ChallengeOwner, NewPasskey, Passkey, PasskeyCeremony};
pub(crate) use people::{
    AccountState, CloseAccountResult, ClosureRecord, PeopleFilter, PeopleSearch, PersonRow,
    RoleAct, RoleChangeAudit,
};
pub(crate) use platform::StoreError;
pub(crate) use roles::RoleDetails;
pub(crate) use second_factors::{
    FactorEnding, FactorRemoval, NewRecoveryCode, OwnFactor, SecondFactor, SignInTicket, TicketHash,
};
pub(crate) use sessions::{
    OtherSessionsRevocation, SessionEnding, SessionKind, UserSession, VerifiedSignIn,
};
pub(crate) use sign_ins::{CodeLifetime, CodeTryResult, NameHash, OneTimeCodeHash, PlaceHash};
pub(crate) use signing_keys::{KeyChangeAudit, NewSigningKey, SigningKey};

pub(crate) const MIGRATIONS: Migrations = platform::migrations!(
    "0001_auth",
    "0002_devices",
    "0003_second_factors",
    "0004_account_deletions",
    "0005_admin_acts",
    "0006_passkeys"
);
/// The rows that one statement of a job reads or removes.
pub(crate) const BATCH: usize = 500;

const SEALED_TABLES: &[SealedTable] = &[
    accounts::USERS,
    identities::IDENTITIES,
    accounts::RESETS,
    people::READMISSIONS,
    people::ROLE_ACTS,
    signing_keys::SIGNING_KEYS,
    addresses::CLAIMS,
    devices::DEVICES,
    second_factors::SECOND_FACTORS,
    second_factors::REMOVALS,
    passkeys::PASSKEYS,
];

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

    pub fn resealer(&self) -> SqlResealer {
        SqlResealer::new(&self.sql, SEALED_TABLES)
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
