//! Devices of earlier sign-ins, by a hash of their secret. An account has a bounded number: a
//! further one replaces the one unseen for longest.

use platform::{
    columns,
    sql::{SqlError, Tx, in_list},
    vals,
};
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use super::{PlaceHash, Store, StoreError};
use crate::domain::Username;

/// A device is forgotten after this long without a sign-in.
const KNOWN_MS: i64 = 90 * 24 * 3600 * 1000;
const OF_ONE_ACCOUNT_MAX: usize = 20;

const KNOWN: &str = "SELECT d.id FROM known_devices d JOIN users u ON u.id = d.user_id \
    WHERE u.username = ? AND d.secret_hash = ? AND d.expires_at > ?";
const OURS: &str = "SELECT id FROM known_devices WHERE secret_hash = ? AND expires_at > ? LIMIT 1";
const SEEN: &str = "UPDATE known_devices SET seen_at = ?, expires_at = ? \
    WHERE secret_hash = ? AND user_id = ?";
const OF_ACCOUNT: &str = "SELECT id FROM known_devices WHERE user_id = ? \
    ORDER BY seen_at DESC, id DESC LIMIT ?";
const FORGET: &str = "DELETE FROM known_devices WHERE id IN (";
const EXPIRED: &str = "SELECT id FROM known_devices WHERE expires_at <= ? LIMIT ?";

columns! {
    struct DeviceRow in known_devices {
        id: Uuid,
        user_id: UserId,
        secret_hash: [u8; 32],
        seen_at: UnixMillis,
        expires_at: UnixMillis,
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
        let found: Option<Uuid> = self.sql.fetch_optional(KNOWN, values).await?;
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
            .fetch_optional(OURS, vals![device.to_bytes(), now])
            .await?;
        Ok(found.is_some())
    }

    /// Removes up to `BATCH` devices that expired by `until`.
    pub async fn purge_devices(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(EXPIRED, FORGET, until).await
    }

    pub(super) async fn remember_device(
        tx: &mut Tx,
        id: Uuid,
        user_id: UserId,
        device: PlaceHash,
        now: UnixMillis,
    ) -> Result<(), SqlError> {
        let secret_hash = device.to_bytes();
        let expires_at = now.plus_ms(KNOWN_MS);
        if tx
            .exec(SEEN, vals![now, expires_at, secret_hash, user_id])
            .await?
            > 0
        {
            return Ok(());
        }
        tx.insert_new(DeviceRow {
            id,
            user_id,
            secret_hash,
            seen_at: now,
            expires_at,
        })
        .await?;
        let all: Vec<Uuid> = tx
            .fetch_all(OF_ACCOUNT, vals![user_id, 2 * OF_ONE_ACCOUNT_MAX])
            .await?;
        let surplus: Vec<_> = all
            .iter()
            .skip(OF_ONE_ACCOUNT_MAX)
            .map(Into::into)
            .collect();
        if !surplus.is_empty() {
            tx.exec(in_list(FORGET, surplus.len(), ")"), surplus)
                .await?;
        }
        Ok(())
    }
}
