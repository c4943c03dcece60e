//! Device grants, and the devices that they are bound to.
//!
//! Invariants: a tablet has one grant per person and region, and a person a bounded number of
//! grants and devices: a new one ends the oldest. The end of a device ends its grants, with their
//! events, in the same transaction.

use platform::{
    outbox, row,
    sql::{Columns, SealedColumn, SealedTable, Tx},
    transact, vals,
};
use wire::{DeviceId, Event, Region, RegisteredDeviceId, SessionId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    accounts::ID,
    sessions::{RECORD_ENDER, SessionEnding, SessionKind, UserSession},
    sign_ins::PlaceHash,
};
use crate::domain::DeviceLabel;

/// People have few tablets. The ninth replaces the first.
const GRANTS_OF_PERSON_MAX: usize = 8;
/// One page lists them all.
const DEVICES_OF_PERSON_MAX: usize = 20;
const OTHER_GRANTS: &str = "SELECT id, device, region FROM sessions \
    WHERE user_id = ? AND kind = ? AND id <> ? AND revoked_at IS NULL AND expires_at > ? \
    ORDER BY created_at DESC, id DESC";
const RENEW_DEVICE: &str =
    "UPDATE devices SET tablet = ?, renewed_at = ?, ended_at = NULL WHERE id = ?";
const OTHER_DEVICES: &str = "SELECT id FROM devices \
    WHERE user_id = ? AND id <> ? AND ended_at IS NULL ORDER BY renewed_at DESC, id DESC";
const LIVE_DEVICES: &str =
    "WHERE user_id = ? AND ended_at IS NULL ORDER BY renewed_at DESC, id DESC LIMIT ?";
const RELABEL_DEVICE: &str =
    "UPDATE devices SET label = ? WHERE id = ? AND user_id = ? AND ended_at IS NULL";
const END_DEVICE: &str =
    "UPDATE devices SET ended_at = ? WHERE id = ? AND user_id = ? AND ended_at IS NULL";
/// Also grants that the same tablet got without its key.
const GRANTS_OF_DEVICE: &str = "SELECT id FROM sessions \
    WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ? AND (device_id = ? \
    OR device_id IS NULL AND device = (SELECT tablet FROM devices WHERE id = ?)) ORDER BY id";
const ENDED_DEVICES: &str = "SELECT id FROM devices WHERE ended_at <= ? LIMIT ?";

const LABEL: SealedColumn = SealedColumn::text("label", "devices.label", ID);

pub(super) const DEVICES: SealedTable = SealedTable {
    label: "auth.devices",
    name: "devices",
    key: ID,
    part: None,
    columns: &[LABEL],
};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RegisteredDevice in devices sealed by DEVICES {
        pub id: RegisteredDeviceId,
        pub user_id: UserId,
        pub label: String,
        pub tablet: DeviceId,
        pub first_seen_at: UnixMillis,
        pub renewed_at: UnixMillis,
        pub ended_at: Option<UnixMillis>,
    }
}

/// A grant whose session is stored, and the device that it is bound to.
#[derive(Debug, Clone, Copy)]
pub struct NewGrant<'g> {
    pub session: &'g UserSession,
    pub device: Option<&'g RegisteredDevice>,
    pub now: UnixMillis,
}

#[derive(Debug, Clone, Copy)]
pub struct DeviceEnding {
    pub user: UserId,
    pub device: RegisteredDeviceId,
    /// The admin who ends another person's device.
    pub by: Option<UserId>,
    pub at: UnixMillis,
}

impl Store {
    /// Registers or renews the device of a new grant, ends the grants and devices that give way,
    /// and returns the ended sessions.
    pub async fn record_grant(
        &self,
        grant: NewGrant<'_>,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let NewGrant {
            session,
            device,
            now,
        } = grant;
        transact!(self.sql, tx => {
            let mut replaced = Self::find_replaced_grants(tx, session, now).await?;
            if let Some(device) = device {
                Self::register_device(tx, device).await?;
                replaced.extend(Self::end_unused_devices(tx, device, now).await?);
            }
            Self::end_grants(tx, &replaced, SessionEnding::Replaced, now, &build_event).await
        })
    }

    async fn find_replaced_grants(
        tx: &mut Tx,
        new: &UserSession,
        now: UnixMillis,
    ) -> Result<Vec<SessionId>, StoreError> {
        let values = vals![new.user_id, SessionKind::DeviceGrant, new.id, now];
        let others: Vec<(SessionId, Option<DeviceId>, Option<Region>)> =
            tx.fetch_all(OTHER_GRANTS, values).await?;
        let mut kept = 1;
        let mut replaced = Vec::new();
        for (session, device, region) in others {
            let is_same_tablet = device == new.device && region == new.region;
            if !is_same_tablet && kept < GRANTS_OF_PERSON_MAX {
                kept += 1;
            } else {
                replaced.push(session);
            }
        }
        Ok(replaced)
    }

    /// A known device keeps its label. A sign-in on an ended device opens it again.
    async fn register_device(tx: &mut Tx, device: &RegisteredDevice) -> Result<(), StoreError> {
        let values = vals![&device.tablet, device.renewed_at, device.id];
        if tx.exec(RENEW_DEVICE, values).await? == 0 {
            // If another sign-in has registered it meanwhile, there is nothing to change.
            tx.insert_new(device.clone()).await?;
        }
        Ok(())
    }

    /// Ends the devices beyond the bound, those unused for longest, and returns their grants.
    async fn end_unused_devices(
        tx: &mut Tx,
        newest: &RegisteredDevice,
        now: UnixMillis,
    ) -> Result<Vec<SessionId>, StoreError> {
        let user = newest.user_id;
        let others: Vec<RegisteredDeviceId> =
            tx.fetch_all(OTHER_DEVICES, vals![user, newest.id]).await?;
        let mut grants = Vec::new();
        for device in others.into_iter().skip(DEVICES_OF_PERSON_MAX - 1) {
            tx.exec(END_DEVICE, vals![now, device, user]).await?;
            let of_device: Vec<SessionId> = tx
                .fetch_all(GRANTS_OF_DEVICE, vals![user, now, device, device])
                .await?;
            grants.extend(of_device);
        }
        Ok(grants)
    }

    /// Returns the sessions that this call ended.
    async fn end_grants(
        tx: &mut Tx,
        sessions: &[SessionId],
        why: SessionEnding,
        at: UnixMillis,
        build_event: &impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut ended = Vec::new();
        let mut events = Vec::new();
        for session in sessions {
            if Self::end_session(tx, *session, at, why).await? {
                events.push(build_event(*session)?);
                ended.push(*session);
            }
        }
        outbox::add_all(tx, &events).await?;
        Ok(ended)
    }

    /// Lists a person's devices, the last used first.
    pub async fn list_devices(&self, user: UserId) -> Result<Vec<RegisteredDevice>, StoreError> {
        let text = RegisteredDevice::select(LIVE_DEVICES);
        Ok(self
            .sql
            .fetch_all(text, vals![user, DEVICES_OF_PERSON_MAX])
            .await?)
    }

    /// Returns false if the device has ended or is not theirs.
    pub async fn label_device(
        &self,
        user: UserId,
        device: RegisteredDeviceId,
        label: &DeviceLabel,
    ) -> Result<bool, StoreError> {
        let context = LABEL.context(&vals![device]);
        let sealed = self.sql.data_keys().seal_text(&context, label.as_str());
        let values = vals![sealed, device, user];
        Ok(self.sql.exec(RELABEL_DEVICE, values).await? == 1)
    }

    /// Ends a device with its grants, and returns these. `None` if it had ended before or is not
    /// that person's.
    pub async fn end_device(
        &self,
        ending: DeviceEnding,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        let DeviceEnding {
            user,
            device,
            by,
            at,
        } = ending;
        let why = match by {
            Some(_) => SessionEnding::ByAdmin,
            None => SessionEnding::ByOwner,
        };
        transact!(self.sql, tx => {
            if tx.exec(END_DEVICE, vals![at, device, user]).await? == 0 {
                return Ok(None);
            }
            // A later sign-in from this device is news again.
            Self::forget_place(tx, user, PlaceHash::from_registered_device(device)).await?;
            let grants: Vec<SessionId> =
                tx.fetch_all(GRANTS_OF_DEVICE, vals![user, at, device, device]).await?;
            let ended = Self::end_grants(tx, &grants, why, at, &build_event).await?;
            if let Some(by) = by {
                for session in &ended {
                    tx.exec(RECORD_ENDER, vals![by, session]).await?;
                }
            }
            Ok(Some(ended))
        })
    }

    /// Removes up to `BATCH` devices that ended by `until`.
    pub async fn purge_ended_devices(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(ENDED_DEVICES, "DELETE FROM devices WHERE id IN (", until)
            .await
    }
}
