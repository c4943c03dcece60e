//! The platform's collections on MongoDB (leases, job runs, inbox, idempotency keys, sent events,
//! replays), counterparts of the SQL tables of the same names.

use std::{sync::Arc, time::Duration};

use mongodb::{
    Collection, Database, IndexModel,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    options::{IndexOptions, UpdateModifications},
};
use tokio::sync::Notify;
use uuid::Uuid;
use wire::{EventId, UnixMillis};

use super::{
    DocumentsError,
    error::{is_command, unless_unique},
    keys::{ANSWERS, NEWEST},
    sent::{IN_ORDER, OLDEST, REPLAYS, SENT, UNDER_WAY},
};
use crate::{answers, inbox, jobs, sealing::DataKeys};

pub(super) const LEASES: &str = "_leases";
const INBOX: &str = "_inbox";
const JOB_RUNS: &str = "_job_runs";
const EXPIRES: &str = "expires";
const NAMESPACE_NOT_FOUND: i32 = 26;

/// A MongoDB database. Writes with events wake the relay of the same process.
#[derive(Clone)]
pub struct Mongo {
    pub(crate) database: Database,
    written: Arc<Notify>,
    keys: DataKeys,
}

impl Mongo {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            written: Arc::default(),
            keys: DataKeys::without_keys(),
        }
    }

    pub(super) fn sealed_by(self, keys: &DataKeys) -> Self {
        Self {
            keys: keys.clone(),
            ..self
        }
    }

    pub(crate) fn data_keys(&self) -> &DataKeys {
        &self.keys
    }

    pub(super) fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Wakes this process's relay after a write with an event, ahead of its tick.
    pub(super) fn wake_relay(&self) {
        self.written.notify_one();
    }

    /// Returns once this process has written an event since the last call.
    pub(crate) async fn outbox_written(&self) {
        self.written.notified().await;
    }

    pub(super) async fn migrate(&self) -> Result<(), DocumentsError> {
        let kept = [
            (INBOX, inbox::KEPT_MS),
            (JOB_RUNS, jobs::KEPT_MS),
            (ANSWERS, answers::KEPT_MS),
        ];
        for (name, kept_ms) in kept {
            let kept = Duration::from_millis(kept_ms.unsigned_abs());
            let options = IndexOptions::builder()
                .name(EXPIRES.to_owned())
                .expire_after(kept)
                .build();
            let index = IndexModel::builder()
                .keys(doc! {"at": 1})
                .options(options)
                .build();
            self.collection(name).create_index(index).await?;
        }
        self.index_sent().await?;
        self.index_answers().await
    }

    pub(super) async fn check_schema(&self) -> Result<(), DocumentsError> {
        let needed = [
            (INBOX, EXPIRES),
            (JOB_RUNS, EXPIRES),
            (ANSWERS, EXPIRES),
            (ANSWERS, NEWEST),
            (SENT, IN_ORDER),
            (SENT, OLDEST),
            (REPLAYS, UNDER_WAY),
        ];
        for (name, index) in needed {
            let known = index_names(&self.collection(name)).await?;
            if !known.iter().any(|known| known == index) {
                let missing = format!("index {index} of {name}");
                return Err(DocumentsError::Outdated { missing });
            }
        }
        Ok(())
    }

    /// Returns true if `holder` gets the lease, which then lasts until `until`. A lease beyond
    /// `too_far` came from a wrong clock and counts as expired.
    pub(crate) async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: UnixMillis,
        until: UnixMillis,
        too_far: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let free = doc! {"_id": name, "$or": [
            {"holder": uuid_to_bson(holder)},
            {"until_ms": {"$lt": now.0}},
            {"until_ms": {"$gt": too_far.0}},
        ]};
        let taken = doc! {"$set": {"holder": uuid_to_bson(holder), "until_ms": until.0}};
        // If another holder has it, the upsert's insert collides with its id.
        let done = self
            .collection(LEASES)
            .update_one(free, taken)
            .upsert(true)
            .await;
        unless_unique(done.map(|_| true).map_err(Into::into))
    }

    pub(crate) async fn release_lease(
        &self,
        name: &str,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        let own = doc! {"_id": name, "holder": uuid_to_bson(holder)};
        let free = doc! {"$set": {"until_ms": 0_i64}};
        self.collection(LEASES).update_one(own, free).await?;
        Ok(())
    }

    /// Returns true if this is the first claim of the run.
    pub(crate) async fn claim_run(
        &self,
        job: &str,
        due_at: i64,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let run = doc! {"_id": {"name": job, "slot": due_at}, "at": DateTime::from_millis(now.0)};
        let done = self.collection(JOB_RUNS).insert_one(run).await;
        unless_unique(done.map(|_| true).map_err(Into::into))
    }

    pub(super) async fn has_noted(
        &self,
        consumer: &str,
        event: EventId,
    ) -> Result<bool, DocumentsError> {
        let noted = doc! {"_id": {"consumer": consumer, "event": uuid_to_bson(event.0)}};
        Ok(self.collection(INBOX).find_one(noted).await?.is_some())
    }

    pub(super) async fn record_event(
        &self,
        consumer: &str,
        event: EventId,
        now: UnixMillis,
    ) -> Result<(), DocumentsError> {
        let id = doc! {"_id": {"consumer": consumer, "event": uuid_to_bson(event.0)}};
        let at = doc! {"$setOnInsert": {"at": DateTime::from_millis(now.0)}};
        let at = UpdateModifications::Document(at);
        let done = self.collection(INBOX).update_one(id, at).upsert(true).await;
        unless_unique(done.map(|_| true).map_err(Into::into)).map(drop)
    }
}

pub(super) async fn index_names<T: Send + Sync>(
    collection: &Collection<T>,
) -> Result<Vec<String>, DocumentsError> {
    match collection.list_index_names().await {
        Err(error) if is_command(&error, NAMESPACE_NOT_FOUND) => Ok(Vec::new()),
        names => Ok(names?),
    }
}

pub(super) fn uuid_to_bson(id: Uuid) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: id.into_bytes().to_vec(),
    })
}
