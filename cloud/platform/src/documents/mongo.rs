//! A MongoDB database: its connection, the inbox of its documents, and the outbox inside them, from
//! which the relay reads.
//!
//! Events of one document leave in order; across documents, event time decides.

use std::{collections::BTreeMap, sync::Arc};

use mongodb::{
    Collection, Database, IndexModel,
    bson::{Binary, Bson, DateTime, Document, bson, doc, spec::BinarySubtype},
    options::{Hint, IndexOptions, UpdateModifications},
};
use tokio::sync::Notify;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use super::{DocumentsError, false_if_duplicate, is_command};
use crate::sealing::{DataKeys, SealContext, SealError};

pub(crate) const INBOX: &str = "_inbox";
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

    pub(crate) fn collection(&self, name: &str) -> Collection<Document> {
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
        false_if_duplicate(done.map(|_| true).map_err(Into::into)).map(drop)
    }
}

pub(crate) async fn index_names<T: Send + Sync>(
    collection: &Collection<T>,
) -> Result<Vec<String>, DocumentsError> {
    match collection.list_index_names().await {
        Err(error) if is_command(&error, NAMESPACE_NOT_FOUND) => Ok(Vec::new()),
        names => Ok(names?),
    }
}

pub(crate) fn uuid_to_bson(id: Uuid) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: id.into_bytes().to_vec(),
    })
}

const UNSENT: &str = "_unsent";

/// An unsent event in its document; `event` is sealed JSON.
pub(crate) struct DocumentEvent {
    pub event: String,
    pub collection: String,
    pub document: Uuid,
    pub id: Uuid,
    pub at: i64,
}

impl DocumentEvent {
    /// Unseals the event's JSON.
    pub(crate) fn open_event(&self, mongo: &Mongo) -> Result<String, SealError> {
        mongo
            .data_keys()
            .open_text(&event_seal_place(self.id), self.event.clone())
    }
}

fn event_seal_place(event: Uuid) -> SealContext {
    SealContext::of_id("_events.event", event)
}

/// Indexes only documents with unsent events, oldest event first.
pub(super) fn unsent_index() -> IndexModel {
    let options = IndexOptions::builder()
        .name(UNSENT.to_owned())
        .partial_filter_expression(doc! {"_events.at": {"$gte": 0}});
    IndexModel::builder()
        .keys(doc! {"_events.at": 1})
        .options(options.build())
        .build()
}

impl Mongo {
    /// The collections with the event index, whose documents may hold events.
    pub(crate) async fn list_event_collections(&self) -> Result<Vec<String>, DocumentsError> {
        let tables = doc! {"type": "collection"};
        let mut collections = Vec::new();
        for name in self.database.list_collection_names().filter(tables).await? {
            let indexes = index_names(&self.collection(&name)).await?;
            if indexes.iter().any(|index| index == UNSENT) {
                collections.push(name);
            }
        }
        collections.sort_unstable();
        Ok(collections)
    }

    pub(crate) async fn unsent_events(
        &self,
        collections: &[String],
        events_max: usize,
    ) -> Result<Vec<DocumentEvent>, DocumentsError> {
        let mut waiting = Vec::new();
        for name in collections {
            let collection = self.collection(name);
            let finding = collection.find(with_events()).sort(doc! {"_events.at": 1});
            let finding = finding.hint(Hint::Name(UNSENT.to_owned()));
            let finding = finding.limit(i64::try_from(events_max).unwrap_or(i64::MAX));
            let mut found = finding.projection(doc! {"_events": 1}).await?;
            while found.advance().await? {
                let document: Document = found.deserialize_current()?;
                waiting_in(&document, name, &mut waiting)
                    .map_err(|why| DocumentsError::shape_error(name, &why))?;
            }
        }
        // A stable sort keeps the order within each document.
        waiting.sort_by_key(|event| event.at);
        waiting.truncate(events_max);
        Ok(waiting)
    }

    pub(crate) async fn count_unsent_events(
        &self,
        collections: &[String],
    ) -> Result<u64, DocumentsError> {
        let mut count = 0;
        for name in collections {
            let sum = doc! {"_id": 0, "count": {"$sum": {"$size": "$_events"}}};
            let stages = [doc! {"$match": with_events()}, doc! {"$group": sum}];
            let collection = self.collection(name);
            let counting = collection.aggregate(stages);
            let mut found = counting.hint(Hint::Name(UNSENT.to_owned())).await?;
            while found.advance().await? {
                let group: Document = found.deserialize_current()?;
                count += group.get_i32("count").unwrap_or_default().unsigned_abs();
            }
        }
        Ok(count.into())
    }

    /// Reseals unsent events that are plain or use a former key; returns their number.
    pub(crate) async fn reseal_events(&self, events_max: usize) -> Result<usize, DocumentsError> {
        let collections = self.list_event_collections().await?;
        let keys = self.data_keys();
        let mut sealed = 0;
        for waiting in self.unsent_events(&collections, events_max).await? {
            if !keys.is_stale_text(&waiting.event) {
                continue;
            }
            let anew = keys.seal_text(&event_seal_place(waiting.id), &waiting.open_event(self)?);
            let of = doc! {"_id": uuid_to_bson(waiting.document), "_events.id": uuid_to_bson(waiting.id)};
            let change = doc! {"$set": {"_events.$.event": anew}};
            // The relay may have removed the event since.
            let done = self
                .collection(&waiting.collection)
                .update_one(of, change)
                .await?;
            sealed += usize::from(done.modified_count == 1);
        }
        Ok(sealed)
    }

    /// Removes sent events from their documents.
    pub(crate) async fn remove_sent_events(
        &self,
        sent: impl Iterator<Item = &DocumentEvent>,
    ) -> Result<(), DocumentsError> {
        let mut by_collection: BTreeMap<&str, (Vec<Bson>, Vec<Bson>)> = BTreeMap::new();
        for event in sent {
            let (documents, events) = by_collection.entry(&event.collection).or_default();
            documents.push(uuid_to_bson(event.document));
            events.push(uuid_to_bson(event.id));
        }
        for (name, (documents, events)) in by_collection {
            let collection: Collection<Document> = self.collection(name);
            let of = doc! {"_id": {"$in": documents}};
            let gone = doc! {"$pull": {"_events": {"id": {"$in": events}}}};
            collection.update_many(of, gone).await?;
        }
        Ok(())
    }
}

fn with_events() -> Document {
    doc! {"_events.at": {"$gte": 0}}
}

/// Event times never decrease within a document, so a clock set back cannot reorder events.
fn waiting_in(
    document: &Document,
    collection: &str,
    waiting: &mut Vec<DocumentEvent>,
) -> Result<(), String> {
    let of = id_of(document)?;
    let mut latest = 0;
    for event in document
        .get_array("_events")
        .map_err(|error| error.to_string())?
    {
        let event = event.as_document().ok_or("an event is not a document")?;
        latest = latest.max(event.get_i64("at").map_err(|error| error.to_string())?);
        let id = match event.get("id") {
            Some(Bson::Binary(id)) => Uuid::from_slice(&id.bytes).map_err(|e| e.to_string())?,
            _ => return Err("an event has no id".to_owned()),
        };
        let text = event
            .get_str("event")
            .map_err(|error| error.to_string())?
            .to_owned();
        let collection = collection.to_owned();
        waiting.push(DocumentEvent {
            event: text,
            collection,
            document: of,
            id,
            at: latest,
        });
    }
    Ok(())
}

fn id_of(document: &Document) -> Result<Uuid, String> {
    match document.get("_id") {
        Some(Bson::Binary(id)) => Uuid::from_slice(&id.bytes).map_err(|error| error.to_string()),
        _ => Err("`_id` is not an id".to_owned()),
    }
}

pub(super) fn encode_events(
    events: &[Event],
    keys: &DataKeys,
) -> Result<Vec<Bson>, DocumentsError> {
    events
        .iter()
        .map(|event| encode_event(event, keys))
        .collect()
}

fn encode_event(event: &Event, keys: &DataKeys) -> Result<Bson, DocumentsError> {
    let json = serde_json::to_string(event)
        .map_err(|error| DocumentsError::shape_error("events", &error))?;
    let sealed = keys.seal_text(&event_seal_place(event.id.0), &json);
    Ok(bson!({"id": uuid_to_bson(event.id.0), "at": event.at.0, "event": sealed}))
}
