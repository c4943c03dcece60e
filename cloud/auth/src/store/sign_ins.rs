//! The checks of a sign-in: known devices, wrong passwords and codes, and phone codes. Names, places
//! and codes are stored only as hashes. The hashes of phone numbers and their codes are keyed,
//! because six digits are few enough to try all; the key lies outside the database.
//!
//! Invariants: a number has at most one code; each try is counted before it is checked, so
//! concurrent tries cannot exceed the limit. An account knows a bounded number of devices, and of
//! addresses of programs without a device secret: a further one replaces the one unseen for
//! longest. Each failure costs a password hash or one of the few tries at a code, which bounds
//! their rate; the job removes rows that no longer count.

use std::fmt;

use platform::{
    ClientAddress, columns,
    sms::PhoneNumber,
    sql::{SqlError, Tx, Val, in_list},
    transact, vals,
};
use ring::digest;
use uuid::Uuid;
use wire::{GuessReport, Region, RegisteredDeviceId, UnixMillis, UserId};

use super::{Store, StoreError};
use crate::domain::{DeviceSecret, OneTimeCode, SignInCode, Username, WrongGuesses};

/// A device or address is forgotten after this long without a sign-in.
const DEVICE_KNOWN_MS: i64 = 90 * 24 * 3600 * 1000;
const DEVICES_OF_ACCOUNT_MAX: usize = 20;
const KNOWN_DEVICE: &str = "SELECT d.id FROM known_devices d JOIN users u ON u.id = d.user_id \
    WHERE u.username = ? AND d.secret_hash = ? AND d.expires_at > ?";
const ISSUED_DEVICE: &str =
    "SELECT id FROM known_devices WHERE secret_hash = ? AND expires_at > ? LIMIT 1";
const MARK_DEVICE_SEEN: &str = "UPDATE known_devices SET seen_at = ?, expires_at = ? \
    WHERE secret_hash = ? AND user_id = ? AND expires_at > ?";
const FORGET_PLACE: &str = "DELETE FROM known_devices WHERE secret_hash = ? AND user_id = ?";
const DEVICES_OF_ACCOUNT: &str = "SELECT id FROM known_devices WHERE user_id = ? \
    ORDER BY seen_at DESC, id DESC LIMIT ?";
const REMOVE_DEVICES: &str = "DELETE FROM known_devices WHERE id IN (";
const EXPIRED_DEVICES: &str = "SELECT id FROM known_devices WHERE expires_at <= ? LIMIT ?";
const FAILURES_HERE: &str = "SELECT COUNT(*), MAX(at) FROM login_failures \
    WHERE name_hash = ? AND place_hash = ? AND at > ?";
const FAILURES_EVERYWHERE: &str = "SELECT COUNT(*), MAX(at) FROM login_failures \
    WHERE name_hash = ? AND at > ?";
const FAILURES_ELSEWHERE: &str = "SELECT COUNT(*), COUNT(DISTINCT place_hash), MIN(at) \
    FROM login_failures WHERE name_hash = ? AND place_hash <> ? AND at > ?";
const OLD_FAILURES: &str = "SELECT id FROM login_failures WHERE at <= ? LIMIT ?";
const ADDRESS_COLUMN: &str = "known_devices.address";
const PHONE_COLUMN: &str = "sign_in_codes.phone";
const CODE_COLUMN: &str = "sign_in_codes.code";
const RENEW_CODE: &str = "UPDATE sign_in_codes SET code_hash = ?, tries = 0, created_at = ?, \
    expires_at = ? WHERE phone_hash = ?";
const TRY_CODE: &str = "UPDATE sign_in_codes SET tries = tries + 1 \
    WHERE phone_hash = ? AND tries < ? AND expires_at > ?";
const TRIED_CODE: &str = "SELECT code_hash, tries FROM sign_in_codes WHERE phone_hash = ?";
const SPEND_CODE: &str = "DELETE FROM sign_in_codes WHERE phone_hash = ?";
const OLD_CODES: &str = "SELECT id FROM sign_in_codes WHERE expires_at <= ? LIMIT ?";

/// The name or number tried, hashed because people type passwords into the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameHash([u8; 32]);

/// The source of a password: an address or a known device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceHash([u8; 32]);

/// The stored form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneTimeCodeHash(pub(super) [u8; 32]);

/// When a code was created and when it expires.
#[derive(Debug, Clone, Copy)]
pub struct CodeLifetime {
    pub at: UnixMillis,
    pub expires_at: UnixMillis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTryResult {
    /// The code is spent.
    Right,
    Wrong {
        tries_left: u32,
    },
    /// The code is missing, expired, or was tried too often.
    Over,
}

columns! {
    struct DeviceRow in known_devices {
        id: Uuid,
        user_id: UserId,
        secret_hash: [u8; 32],
        seen_at: UnixMillis,
        expires_at: UnixMillis,
    }
}

columns! {
    struct FailureRow in login_failures {
        id: Uuid,
        name_hash: [u8; 32],
        place_hash: [u8; 32],
        at: UnixMillis,
    }
}

columns! {
    #[derive(Clone)]
    struct CodeRow in sign_in_codes {
        id: Uuid,
        phone_hash: [u8; 32],
        code_hash: [u8; 32],
        tries: i64,
        created_at: UnixMillis,
        expires_at: UnixMillis,
    }
}

impl NameHash {
    pub fn from_username(username: &Username) -> Self {
        Self(hash(username.as_str()))
    }

    /// From a keyed hash of a phone number or address: few enough exist to reverse a plain hash.
    pub fn from_keyed_hash(keyed_hash: [u8; 32]) -> Self {
        Self(keyed_hash)
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

/// A cache key. Half of the hash suffices there.
impl fmt::Display for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..16]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PlaceHash {
    pub fn from_address(address: ClientAddress) -> Self {
        Self(hash(&format!("address {address}")))
    }

    pub fn from_device(device: &DeviceSecret) -> Self {
        Self(hash(&format!("device {}", device.reveal())))
    }

    /// From a tablet that a grant is bound to by its key.
    pub fn from_registered_device(device: RegisteredDeviceId) -> Self {
        Self(hash(&format!("tablet {device}")))
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl OneTimeCodeHash {
    pub fn from_code(code: &OneTimeCode) -> Self {
        let hash = digest::digest(&digest::SHA256, code.as_str().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Self(bytes)
    }
}

impl Store {
    /// Returns true if this device was used to sign in to that account.
    pub async fn is_known_device(
        &self,
        username: &Username,
        device: PlaceHash,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let values = vals![username.as_str(), device.to_bytes(), now];
        let found: Option<Uuid> = self.sql.fetch_optional(KNOWN_DEVICE, values).await?;
        Ok(found.is_some())
    }

    /// Returns true if this service issued the secret, for any account.
    pub async fn is_issued_device(
        &self,
        device: PlaceHash,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let found: Option<Uuid> = self
            .sql
            .fetch_optional(ISSUED_DEVICE, vals![device.to_bytes(), now])
            .await?;
        Ok(found.is_some())
    }

    /// A keyed hash, because it is kept for 90 days, and few enough addresses exist to reverse a
    /// plain one.
    pub fn address_place(&self, address: ClientAddress) -> PlaceHash {
        PlaceHash(
            self.sql
                .data_keys()
                .hash(ADDRESS_COLUMN, &address.to_string()),
        )
    }

    /// If the place is new, returns the number of the account's other known places.
    pub(super) async fn remember_place(
        tx: &mut Tx,
        id: Uuid,
        user_id: UserId,
        place: PlaceHash,
        now: UnixMillis,
    ) -> Result<Option<usize>, SqlError> {
        let secret_hash = place.to_bytes();
        let expires_at = now.plus_ms(DEVICE_KNOWN_MS);
        if tx
            .exec(
                MARK_DEVICE_SEEN,
                vals![now, expires_at, secret_hash, user_id, now],
            )
            .await?
            > 0
        {
            return Ok(None);
        }
        // The row of an expired place may not be purged yet.
        Self::forget_place(tx, user_id, place).await?;
        let row = DeviceRow {
            id,
            user_id,
            secret_hash,
            seen_at: now,
            expires_at,
        };
        if !tx.insert_new(row).await? {
            // A concurrent sign-in from the same place has inserted it.
            return Ok(None);
        }
        let all: Vec<Uuid> = tx
            .fetch_all(
                DEVICES_OF_ACCOUNT,
                vals![user_id, 2 * DEVICES_OF_ACCOUNT_MAX],
            )
            .await?;
        let surplus: Vec<_> = all
            .iter()
            .skip(DEVICES_OF_ACCOUNT_MAX)
            .map(Into::into)
            .collect();
        if !surplus.is_empty() {
            tx.exec(in_list(REMOVE_DEVICES, surplus.len(), ")"), surplus)
                .await?;
        }
        Ok(Some(all.len().saturating_sub(1)))
    }

    pub(super) async fn forget_place(
        tx: &mut Tx,
        user_id: UserId,
        place: PlaceHash,
    ) -> Result<(), SqlError> {
        tx.exec(FORGET_PLACE, vals![place.to_bytes(), user_id])
            .await
            .map(drop)
    }

    /// Removes up to `BATCH` devices that expired by `until`.
    pub async fn purge_devices(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(EXPIRED_DEVICES, REMOVE_DEVICES, until)
            .await
    }

    pub async fn record_failure(
        &self,
        id: Uuid,
        name: NameHash,
        place: PlaceHash,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        let row = FailureRow {
            id,
            name_hash: name.0,
            place_hash: place.0,
            at,
        };
        Ok(self.sql.insert(row).await?)
    }

    pub async fn count_failures_here(
        &self,
        name: NameHash,
        place: PlaceHash,
        since: UnixMillis,
    ) -> Result<WrongGuesses, StoreError> {
        self.fetch_wrong_guesses(FAILURES_HERE, vals![name.0, place.0, since])
            .await
    }

    pub async fn count_failures_everywhere(
        &self,
        name: NameHash,
        since: UnixMillis,
    ) -> Result<WrongGuesses, StoreError> {
        self.fetch_wrong_guesses(FAILURES_EVERYWHERE, vals![name.0, since])
            .await
    }

    async fn fetch_wrong_guesses(
        &self,
        select: &'static str,
        values: Vec<Val>,
    ) -> Result<WrongGuesses, StoreError> {
        let row: Option<(i64, Option<UnixMillis>)> =
            self.sql.fetch_optional(select, values).await?;
        Ok(row
            .map(|(count, newest)| WrongGuesses { count, newest })
            .unwrap_or_default())
    }

    /// Summarises the wrong passwords from other places; `None` if there are none.
    pub async fn count_failures_elsewhere(
        &self,
        name: NameHash,
        place: PlaceHash,
        since: UnixMillis,
    ) -> Result<Option<GuessReport>, StoreError> {
        type Row = (i64, i64, Option<UnixMillis>);
        let row: Option<Row> = self
            .sql
            .fetch_optional(FAILURES_ELSEWHERE, vals![name.0, place.0, since])
            .await?;
        Ok(row.and_then(|(count, places, since)| {
            Some(GuessReport {
                count: saturate_count(count),
                places: saturate_count(places),
                since: since?,
            })
        }))
    }

    /// Removes up to `BATCH` failures of `until` and before.
    pub async fn purge_failures(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(
            OLD_FAILURES,
            "DELETE FROM login_failures WHERE id IN (",
            until,
        )
        .await
    }

    pub(super) fn forget_failures(name: NameHash, place: PlaceHash) -> (&'static str, Vec<Val>) {
        let text = "DELETE FROM login_failures WHERE name_hash = ? AND place_hash = ?";
        (text, vals![name.0, place.0])
    }

    /// The key of the number in the counts of wrong codes.
    pub fn phone_name_hash(&self, phone: &PhoneNumber) -> NameHash {
        NameHash::from_keyed_hash(self.phone_hash(phone))
    }

    /// Replaces the code of a number. With a region, the code opens only its edges.
    pub async fn store_code(
        &self,
        id: Uuid,
        phone: &PhoneNumber,
        code: &SignInCode,
        region: Option<Region>,
        CodeLifetime { at, expires_at }: CodeLifetime,
    ) -> Result<(), StoreError> {
        let phone_hash = self.phone_hash(phone);
        let code_hash = self
            .sql
            .data_keys()
            .hash(CODE_COLUMN, &code_hash_input(phone, code, region));
        let row = CodeRow {
            id,
            phone_hash,
            code_hash,
            tries: 0,
            created_at: at,
            expires_at,
        };
        transact!(self.sql, tx => {
            if !tx.insert_new(row.clone()).await? {
                tx.exec(RENEW_CODE, vals![code_hash, at, expires_at, phone_hash]).await?;
            }
            Ok(())
        })
    }

    /// Tries a code. The right one is spent and clears the failures of that place. With `region`, a
    /// code for that region or for no region is right; otherwise only a code for no region.
    pub async fn try_code(
        &self,
        phone: &PhoneNumber,
        code: &SignInCode,
        region: Option<Region>,
        place: PlaceHash,
        tries_max: u32,
        now: UnixMillis,
    ) -> Result<CodeTryResult, StoreError> {
        let keys = self.sql.data_keys();
        let phone_hash = self.phone_hash(phone);
        transact!(self.sql, tx => {
            if tx.exec(TRY_CODE, vals![phone_hash, i64::from(tries_max), now]).await? == 0 {
                return Ok(CodeTryResult::Over);
            }
            let tried: Option<(Vec<u8>, i64)> = tx.fetch_optional(TRIED_CODE, vals![phone_hash]).await?;
            let Some((kept, tries)) = tried else { return Ok(CodeTryResult::Over) };
            let is_for = |region| keys.is_hash(&kept, CODE_COLUMN, &code_hash_input(phone, code, region));
            if !(is_for(None) || region.is_some() && is_for(region)) {
                let left = i64::from(tries_max) - tries;
                return Ok(CodeTryResult::Wrong { tries_left: u32::try_from(left).unwrap_or_default() });
            }
            tx.exec(SPEND_CODE, vals![phone_hash]).await?;
            let (text, values) = Self::forget_failures(NameHash::from_keyed_hash(phone_hash), place);
            tx.exec(text, values).await?;
            Ok(CodeTryResult::Right)
        })
    }

    /// Removes up to `BATCH` codes that expired by `until`.
    pub async fn purge_codes(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(OLD_CODES, "DELETE FROM sign_in_codes WHERE id IN (", until)
            .await
    }

    fn phone_hash(&self, phone: &PhoneNumber) -> [u8; 32] {
        self.sql.data_keys().hash(PHONE_COLUMN, phone.as_str())
    }
}

fn saturate_count(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

/// Includes the number, so that a code's hash reveals nothing about other numbers, and the region
/// that the code is for, so that it is wrong everywhere else.
fn code_hash_input(phone: &PhoneNumber, code: &SignInCode, region: Option<Region>) -> String {
    let number_and_code = format!("{}\n{}", phone.as_str(), code.reveal());
    match region {
        None => number_and_code,
        Some(region) => format!("{number_and_code}\n{}", region.as_str()),
    }
}
