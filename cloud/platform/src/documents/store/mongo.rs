//! A collection on MongoDB.

mod migrate;

use mongodb::{
    Collection,
    bson::{Bson, DateTime, Document, RawDocumentBuf, doc},
    options::Hint,
};
use serde_json::Value;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use super::{
    EVENTS_MAX, StoredDocument, TriggeringEvent, consumer_name, decode_stored, encode_document,
    encode_filter, of_json, of_scalar, sort_document, whole_filter,
};
use crate::documents::{
    DocumentsError, Mongo, false_if_duplicate, find_duplicates,
    mongo::{encode_events, uuid_to_bson},
    query::{FieldEdit, Filter, GroupTotals, IndexQuery, QueryPlan, Update},
    schema::{CollectionSchema, FieldPath, Scalar},
};

type StoreResult<T> = Result<T, DocumentsError>;

/// Events that a document remembers in `_taken` until the inbox records them.
const TAKEN_MAX: i32 = 64;

#[derive(Clone)]
pub(crate) struct MongoStore {
    name: &'static str,
    schema: CollectionSchema,
    mongo: Mongo,
    collection: Collection<RawDocumentBuf>,
}

impl MongoStore {
    pub(crate) fn new(mongo: &Mongo, name: &'static str, schema: CollectionSchema) -> Self {
        Self {
            name,
            schema,
            mongo: mongo.clone(),
            collection: mongo.collection(name).clone_with_type(),
        }
    }

    pub(crate) async fn get(&self, id: Uuid) -> StoreResult<Option<StoredDocument>> {
        let found = self
            .collection
            .find_one(doc! {"_id": uuid_to_bson(id)})
            .await?;
        found
            .map(|found| decode_stored(found, self.name))
            .transpose()
    }

    pub(crate) async fn insert(
        &self,
        id: Uuid,
        body: Value,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut document = encode_document(&self.schema, id, 1, body);
        if !events.is_empty() {
            self.room_for(id, events)?;
            document.insert("_events", encode_events(events, self.mongo.data_keys())?);
        }
        let done = self.collection.clone_with_type().insert_one(document).await;
        self.wake_after_write(
            events,
            false_if_duplicate(done.map(|_| true).map_err(Into::into)),
        )
    }

    pub(crate) async fn insert_new(&self, bodies: Vec<(Uuid, Value)>) -> StoreResult<Vec<bool>> {
        let mut fresh = vec![true; bodies.len()];
        let documents = bodies
            .into_iter()
            .map(|(id, body)| encode_document(&self.schema, id, 1, body));
        let collection = self.collection.clone_with_type::<Document>();
        if let Err(error) = collection.insert_many(documents).ordered(false).await {
            for place in find_duplicates(error)? {
                fresh[place] = false;
            }
        }
        Ok(fresh)
    }

    pub(crate) async fn replace_document(
        &self,
        id: Uuid,
        version: i64,
        body: Value,
        events: &[Event],
        cause: Option<TriggeringEvent>,
    ) -> StoreResult<bool> {
        let mut of = doc! {"_id": uuid_to_bson(id), "_v": version};
        // The store's fields come from the current document, because the relay also writes them.
        // `$mergeObjects` omits a missing field.
        let mut kept = doc! {"_events": "$_events", "_taken": "$_taken"};
        if !events.is_empty() {
            let waiting = [
                doc! {"$ifNull": ["$_events", []]},
                doc! {"$literal": encode_events(events, self.mongo.data_keys())?},
            ];
            kept.insert("_events", doc! {"$concatArrays": waiting.to_vec()});
        }
        if let Some(TriggeringEvent { event, .. }) = cause {
            of.insert("_taken", doc! {"$ne": uuid_to_bson(event.0)});
            let taken =
                doc! {"$concatArrays": [{"$ifNull": ["$_taken", []]}, [uuid_to_bson(event.0)]]};
            kept.insert("_taken", doc! {"$slice": [taken, -TAKEN_MAX]});
        }
        // Without `$literal`, MongoDB reads text that begins with `$` as a field name.
        let whole = doc! {"$literal": encode_document(&self.schema, id, version + 1, body)};
        let change = doc! {"$replaceWith": {"$mergeObjects": [whole, kept]}};
        self.write(id, of, vec![change], events).await
    }

    pub(crate) async fn update(
        &self,
        id: Uuid,
        filter: &Filter,
        update: &Update,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut set = Document::new();
        let mut unset = Document::new();
        let mut add = doc! {"_v": 1_i64};
        let mut push = Document::new();
        for edit in &update.0 {
            match edit {
                FieldEdit::Set(path, value) => {
                    if let (true, Scalar::Int(at)) = (self.schema.expires_by(*path), value) {
                        set.insert(
                            format!("_expires.{}", path.name),
                            DateTime::from_millis(*at),
                        );
                    }
                    set.insert(path.name, of_scalar(value));
                }
                FieldEdit::SetPart(name, part) => drop(set.insert(*name, of_json(part.clone()))),
                FieldEdit::Unset(name) => drop(unset.insert(*name, "")),
                FieldEdit::Add(path, by) => drop(add.insert(path.name, *by)),
                FieldEdit::Push(path, value) => drop(push.insert(path.name, of_scalar(value))),
            }
        }
        if !events.is_empty() {
            push.insert(
                "_events",
                doc! {"$each": encode_events(events, self.mongo.data_keys())?},
            );
        }
        let parts = [
            ("$set", set),
            ("$unset", unset),
            ("$inc", add),
            ("$push", push),
        ];
        let change: Document = parts
            .into_iter()
            .filter(|(_, part)| !part.is_empty())
            .map(|(name, part)| (name.to_owned(), Bson::Document(part)))
            .collect();
        let of = doc! {"$and": [{"_id": uuid_to_bson(id)}, encode_filter(filter)]};
        self.write(id, of, change, events).await
    }

    /// Changes the document if it exists and has room for the events.
    async fn write(
        &self,
        id: Uuid,
        of: Document,
        change: impl Into<mongodb::options::UpdateModifications>,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut with_room = of.clone();
        if !events.is_empty() {
            let last = self.room_for(id, events)?;
            with_room = doc! {"$and": [of.clone(), {&last: {"$exists": false}}]};
        }
        let done = self
            .collection
            .update_one(with_room, change)
            .await?
            .matched_count
            == 1;
        if !done && !events.is_empty() && self.collection.find_one(of).await?.is_some() {
            return Err(DocumentsError::EventsFull {
                collection: self.name,
                id,
            });
        }
        self.wake_after_write(events, Ok(done))
    }

    /// The path of the array slot that must be empty for these events to fit.
    fn room_for(&self, id: Uuid, events: &[Event]) -> StoreResult<String> {
        let room = EVENTS_MAX.checked_sub(events.len());
        let room = room.ok_or(DocumentsError::EventsFull {
            collection: self.name,
            id,
        })?;
        Ok(format!("_events.{room}"))
    }

    fn wake_after_write(&self, events: &[Event], done: StoreResult<bool>) -> StoreResult<bool> {
        if !events.is_empty() && matches!(done, Ok(true)) {
            self.mongo.wake_relay();
        }
        done
    }

    pub(crate) async fn has_noted(&self, id: Uuid, event: EventId) -> StoreResult<bool> {
        self.mongo
            .has_noted(&consumer_name(self.name, id), event)
            .await
    }

    pub(crate) async fn has_taken(&self, id: Uuid, event: EventId) -> StoreResult<bool> {
        let taken = doc! {"_id": uuid_to_bson(id), "_taken": uuid_to_bson(event.0)};
        Ok(self.collection.find_one(taken).await?.is_some())
    }

    pub(crate) async fn record_event(&self, id: Uuid, cause: TriggeringEvent) -> StoreResult<()> {
        self.mongo
            .record_event(&consumer_name(self.name, id), cause.event, cause.now)
            .await
    }

    pub(crate) async fn delete(&self, id: Uuid, version: i64) -> StoreResult<bool> {
        let of = doc! {"_id": uuid_to_bson(id), "_v": version};
        let mut told = of.clone();
        told.insert("_events.0", doc! {"$exists": false});
        if self.collection.delete_one(told).await?.deleted_count == 1 {
            return Ok(true);
        }
        match self.collection.find_one(of).await? {
            Some(_) => Err(DocumentsError::EventsWait {
                collection: self.name,
                id,
            }),
            None => Ok(false),
        }
    }

    pub(crate) async fn find_documents(
        &self,
        query: &IndexQuery,
    ) -> StoreResult<Vec<StoredDocument>> {
        let finding = self
            .collection
            .find(whole_filter(query))
            .sort(sort_document(query));
        let mut found = finding
            .limit(query_limit(query))
            .hint(index_hint(query))
            .await?;
        let mut documents = Vec::new();
        while found.advance().await? {
            documents.push(decode_stored(found.current().to_owned(), self.name)?);
        }
        Ok(documents)
    }

    pub(crate) async fn all_after(
        &self,
        after: Uuid,
        documents_max: usize,
    ) -> StoreResult<Vec<StoredDocument>> {
        let behind = doc! {"_id": {"$gt": uuid_to_bson(after)}};
        let finding = self.collection.find(behind).sort(doc! {"_id": 1});
        let mut found = finding
            .limit(i64::try_from(documents_max).unwrap_or(i64::MAX))
            .await?;
        let mut documents = Vec::new();
        while found.advance().await? {
            documents.push(decode_stored(found.current().to_owned(), self.name)?);
        }
        Ok(documents)
    }

    pub(crate) async fn count_documents(&self, query: &IndexQuery) -> StoreResult<u64> {
        let counting = self.collection.count_documents(whole_filter(query));
        Ok(counting
            .limit(query.limit as u64)
            .hint(index_hint(query))
            .await?)
    }

    pub(crate) async fn group_by_field(
        &self,
        query: &IndexQuery,
        by: FieldPath,
        sums: &[FieldPath],
    ) -> StoreResult<Vec<GroupTotals>> {
        let mut group = doc! {"_id": format!("${}", by.name), "count": {"$sum": 1_i64}};
        for (place, path) in sums.iter().enumerate() {
            group.insert(
                format!("s{place}"),
                doc! {"$sum": format!("${}", path.name)},
            );
        }
        let stages = [
            doc! {"$match": whole_filter(query)},
            doc! {"$group": group},
            doc! {"$sort": {"_id": 1}},
        ];
        let mut found = self
            .collection
            .aggregate(stages)
            .hint(index_hint(query))
            .await?;
        let mut groups = Vec::new();
        while found.advance().await? {
            let one: Document = found.deserialize_current()?;
            groups.push(self.decode_group(&one, sums.len())?);
        }
        Ok(groups)
    }

    fn decode_group(&self, group: &Document, sum_count: usize) -> StoreResult<GroupTotals> {
        let mut sums = Vec::with_capacity(sum_count);
        for place in 0..sum_count {
            sums.push(self.read_group_int(group, &format!("s{place}"))?);
        }
        Ok(GroupTotals {
            key: self.read_group_int(group, "_id")?,
            count: self.read_group_int(group, "count")?.unsigned_abs(),
            sums,
        })
    }

    fn read_group_int(&self, group: &Document, key: &str) -> StoreResult<i64> {
        match group.get(key) {
            Some(Bson::Int64(number)) => Ok(*number),
            Some(Bson::Int32(number)) => Ok(i64::from(*number)),
            _ => Err(DocumentsError::shape_error(
                self.name,
                &format!("`{key}` of a group is not an integer"),
            )),
        }
    }

    /// The expiry index deletes them.
    pub(crate) async fn purge_expired(&self, _: UnixMillis) -> StoreResult<u64> {
        Ok(0)
    }

    pub(crate) async fn explain_query(&self, query: &IndexQuery) -> StoreResult<QueryPlan> {
        let index = query.index.stored_name();
        let asked = doc! {
            "find": self.name, "filter": whole_filter(query), "sort": sort_document(query),
            "limit": query_limit(query), "hint": &index,
        };
        let plan = self
            .mongo
            .database
            .run_command(doc! {"explain": asked})
            .await?;
        let winning = plan
            .get_document("queryPlanner")
            .and_then(|p| p.get_document("winningPlan"));
        let text = winning.map(ToString::to_string).unwrap_or_default();
        let named = text.contains(&format!("\"indexName\": \"{index}\""));
        let scans = text.contains("COLLSCAN");
        let sorts = text.contains("\"SORT\"");
        Ok(QueryPlan {
            by_index: named && !scans,
            sorts,
            text,
        })
    }
}

fn index_hint(query: &IndexQuery) -> Hint {
    Hint::Name(query.index.stored_name())
}

fn query_limit(query: &IndexQuery) -> i64 {
    i64::try_from(query.limit).unwrap_or(i64::MAX)
}
