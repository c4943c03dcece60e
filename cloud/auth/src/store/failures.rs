//! Wrong passwords, and wrong phone codes. Each row costs a password hash or one of the few tries
//! at a code, which bounds their rate; the job removes rows that no longer count.

use std::fmt;

use platform::{ClientAddress, columns, sql::Val, vals};
use ring::digest;
use uuid::Uuid;
use wire::{GuessReport, UnixMillis};

use super::{Store, StoreError};
use crate::domain::{DeviceSecret, Username, WrongGuesses};

const HERE: &str = "SELECT COUNT(*), MAX(at) FROM login_failures \
    WHERE name_hash = ? AND place_hash = ? AND at > ?";
const EVERYWHERE: &str = "SELECT COUNT(*), MAX(at) FROM login_failures \
    WHERE name_hash = ? AND at > ?";
const ELSEWHERE: &str = "SELECT COUNT(*), COUNT(DISTINCT place_hash), MIN(at) \
    FROM login_failures WHERE name_hash = ? AND place_hash <> ? AND at > ?";
const OLD: &str = "SELECT id FROM login_failures WHERE at <= ? LIMIT ?";

columns! {
    struct FailureRow in login_failures {
        id: Uuid,
        name_hash: [u8; 32],
        place_hash: [u8; 32],
        at: UnixMillis,
    }
}

/// The name or number tried, hashed because people type passwords into the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameHash([u8; 32]);

/// The source of a password: an address or a known device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceHash([u8; 32]);

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

    pub(super) fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl Store {
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
        self.fetch_wrong_guesses(HERE, vals![name.0, place.0, since])
            .await
    }

    pub async fn count_failures_everywhere(
        &self,
        name: NameHash,
        since: UnixMillis,
    ) -> Result<WrongGuesses, StoreError> {
        self.fetch_wrong_guesses(EVERYWHERE, vals![name.0, since])
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
            .fetch_optional(ELSEWHERE, vals![name.0, place.0, since])
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
        self.purge_rows(OLD, "DELETE FROM login_failures WHERE id IN (", until)
            .await
    }

    pub(super) fn forget_failures(name: NameHash, place: PlaceHash) -> (&'static str, Vec<Val>) {
        let text = "DELETE FROM login_failures WHERE name_hash = ? AND place_hash = ?";
        (text, vals![name.0, place.0])
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
