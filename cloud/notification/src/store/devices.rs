//! The browsers in which people have turned on notifications.
//!
//! Invariants: a browser's endpoint belongs to one person at a time, the last to register it. A
//! person has at most `DEVICES_MAX` devices; a new one replaces the one unused for longest.

use platform::{
    documents::{
        Collection, CollectionSchema, Document, DocumentBody, Documents, DocumentsError, Field,
        Index, IndexQuery, Update, millis,
    },
    sealing::{DataKeys, TableResealer},
    web_push::{DeviceKeys, PushServices, PushSubscription, hash_endpoint},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{UnixMillis, UserId};

pub const DEVICES_MAX: usize = 10;
/// More than a race of registrations leaves before the surplus goes.
const READ_MAX: usize = 3 * DEVICES_MAX;
/// Registrations of one endpoint that may meet.
const ATTEMPTS_MAX: usize = 4;
const COLUMN: &str = "notification.push_devices.endpoint";

const USER: Field<UserId> = Field::new("user_id");
const ENDPOINT_HASH: Field<String> = Field::new("endpoint_hash");
const USED: Field<UnixMillis> = Field::new("used_at");
const DELIVERED: Field<UnixMillis> = Field::optional("delivered_at");
const FAILED: Field<UnixMillis> = Field::optional("failed_at");

const BY_ENDPOINT: Index = Index::new("by_endpoint", &[ENDPOINT_HASH.ascending_key()]).unique();
const OF_PERSON: Index = Index::new("of_person", &[USER.ascending_key(), USED.descending_key()]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct PushDeviceId(pub Uuid);

#[derive(Clone, Serialize, Deserialize)]
pub struct PushDevice {
    pub user_id: UserId,
    /// Keyed, in hexadecimal.
    endpoint_hash: String,
    subscription: StoredSubscription,
    pub name: String,
    #[serde(with = "millis")]
    pub created_at: UnixMillis,
    #[serde(with = "millis")]
    registered_at: UnixMillis,
    /// The last registration or delivery.
    #[serde(with = "millis")]
    used_at: UnixMillis,
    #[serde(default, with = "millis::option")]
    pub delivered_at: Option<UnixMillis>,
    #[serde(default, with = "millis::option")]
    pub failed_at: Option<UnixMillis>,
}

/// As the browser wrote it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSubscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

impl DocumentBody for PushDevice {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            ENDPOINT_HASH.path(),
            USED.path(),
            DELIVERED.path(),
            FAILED.path(),
        ],
        indexes: &[BY_ENDPOINT, OF_PERSON],
    };
    // The endpoint addresses the browser, and a person may have typed the name.
    const SEALED: &'static [&'static str] = &["subscription", "name"];
}

impl PushDevice {
    /// The public hash; the index has a keyed one.
    pub fn public_endpoint_hash(&self) -> String {
        hash_endpoint(&self.subscription.endpoint)
    }

    /// `None` if the operator has removed the push service from the list since.
    pub fn subscription(&self, services: &PushServices) -> Option<PushSubscription> {
        let StoredSubscription {
            endpoint,
            p256dh,
            auth,
        } = &self.subscription;
        Some(PushSubscription {
            endpoint: services.check_endpoint(endpoint)?,
            keys: DeviceKeys::new(
                DeviceKeys::parse_point(p256dh)?,
                DeviceKeys::parse_auth(auth)?,
            ),
        })
    }
}

#[derive(Clone)]
pub struct DeviceStore {
    devices: Collection<PushDevice>,
    keys: DataKeys,
}

impl DeviceStore {
    pub fn new(documents: &Documents, keys: &DataKeys) -> Self {
        Self {
            devices: Collection::new(documents, "push_devices"),
            keys: keys.clone(),
        }
    }

    pub fn collection(&self) -> &Collection<PushDevice> {
        &self.devices
    }

    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.devices.migrate().await
    }

    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.devices.check_schema().await
    }

    /// Registers the browser for the person. An endpoint registered before is renewed, and moves to
    /// this person; a new one gets `new_id`.
    pub async fn register(
        &self,
        new_id: Uuid,
        user_id: UserId,
        name: &str,
        subscription: &StoredSubscription,
        now: UnixMillis,
    ) -> Result<Document<PushDevice>, DocumentsError> {
        let endpoint_hash = hex::encode(self.keys.hash(COLUMN, &subscription.endpoint));
        let fresh = PushDevice {
            user_id,
            endpoint_hash: endpoint_hash.clone(),
            subscription: subscription.clone(),
            name: name.to_owned(),
            created_at: now,
            registered_at: now,
            used_at: now,
            delivered_at: None,
            failed_at: None,
        };
        for _ in 0..ATTEMPTS_MAX {
            let known = self
                .devices
                .find_documents(&endpoint_query(&endpoint_hash))
                .await?;
            let id = known.first().map_or(new_id, |known| known.id);
            let kept = if known.is_empty() {
                self.devices.insert(id, &fresh, &[]).await?
            } else {
                let renewed = self.devices.change_with_retry(id, |known| {
                    Some((renew_device(known, fresh.clone()), Vec::new()))
                });
                renewed.await?.is_some()
            };
            if kept {
                self.remove_surplus(user_id).await?;
            }
            if let Some(device) = self.devices.get(id).await?.filter(|_| kept) {
                return Ok(device);
            }
        }
        Err(DocumentsError::Contended {
            collection: "push_devices",
            id: new_id,
        })
    }

    /// The person's devices, the one used last first.
    pub async fn find_devices_of(
        &self,
        user_id: UserId,
    ) -> Result<Vec<Document<PushDevice>>, DocumentsError> {
        self.devices.find_documents(&person_query(user_id)).await
    }

    /// Returns false unless the person has that device.
    pub async fn end_own_device(&self, user_id: UserId, id: Uuid) -> Result<bool, DocumentsError> {
        for _ in 0..ATTEMPTS_MAX {
            let found = self.devices.get(id).await?;
            let Some(own) = found.filter(|found| found.body.user_id == user_id) else {
                return Ok(false);
            };
            if self.devices.delete(id, own.version).await? {
                return Ok(true);
            }
        }
        Err(DocumentsError::Contended {
            collection: "push_devices",
            id,
        })
    }

    /// Ends the device unless it was registered again since it was read.
    pub async fn end_device(&self, read: &Document<PushDevice>) -> Result<(), DocumentsError> {
        self.devices.delete(read.id, read.version).await.map(drop)
    }

    /// Ends the devices that the person registered up to then; returns their number.
    pub async fn end_devices_of(
        &self,
        user_id: UserId,
        until: UnixMillis,
    ) -> Result<usize, DocumentsError> {
        let mut ended = 0;
        for device in self.find_devices_of(user_id).await? {
            if device.body.registered_at <= until && self.end_own_device(user_id, device.id).await?
            {
                ended += 1;
            }
        }
        Ok(ended)
    }

    pub async fn record_delivery(&self, id: Uuid, now: UnixMillis) -> Result<(), DocumentsError> {
        let used = Update::default().set(&USED, now).set(&DELIVERED, now);
        self.update(id, used).await
    }

    pub async fn record_failure(&self, id: Uuid, now: UnixMillis) -> Result<(), DocumentsError> {
        self.update(id, Update::default().set(&FAILED, now)).await
    }

    async fn update(&self, id: Uuid, update: Update) -> Result<(), DocumentsError> {
        let any = USED.at_least(UnixMillis(0));
        self.devices.update(id, any, update, &[]).await.map(drop)
    }

    /// One round of resealing devices stored in plain or under a former data key.
    pub async fn reseal_devices(&self, walk: &TableResealer<Uuid>) -> Result<(), DocumentsError> {
        self.devices.seal_stale(walk).await.map(drop)
    }

    async fn remove_surplus(&self, user_id: UserId) -> Result<(), DocumentsError> {
        for surplus in self
            .find_devices_of(user_id)
            .await?
            .iter()
            .skip(DEVICES_MAX)
        {
            self.end_device(surplus).await?;
        }
        Ok(())
    }
}

/// The same person's device keeps its history.
fn renew_device(known: PushDevice, fresh: PushDevice) -> PushDevice {
    if known.user_id != fresh.user_id {
        return fresh;
    }
    PushDevice {
        created_at: known.created_at,
        delivered_at: known.delivered_at,
        failed_at: known.failed_at,
        ..fresh
    }
}

fn endpoint_query(hash: &str) -> IndexQuery {
    IndexQuery::from_index(BY_ENDPOINT, ENDPOINT_HASH.is_equal_to(hash.to_owned())).with_limit(1)
}

fn person_query(user_id: UserId) -> IndexQuery {
    IndexQuery::from_index(OF_PERSON, USER.is_equal_to(user_id)).with_limit(READ_MAX)
}
