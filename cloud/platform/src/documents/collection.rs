//! A collection of one kind of document.

use std::marker::PhantomData;

use serde_json::Value;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use super::{
    Documents, DocumentsError,
    query::{Filter, Find, Update},
    schema::{self, DocumentBody, Field, FieldPath, ID, IndexKey, Scalar, ScalarKind},
    store::{Cause, MongoStore, SqliteStore, StoredDocument},
};
use crate::sealing::{DataKeys, SealPlace, SealWalk, SealedBatch};

/// Documents per batch of the sealing job, and batches per run; the next run continues.
const SEAL_BATCH: usize = 100;
const SEAL_BATCHES_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<D> {
    pub id: Uuid,
    pub version: i64,
    pub body: D,
}

/// `next` is the cursor of the next page, if there are more documents.
#[derive(Debug, Clone)]
pub struct DocumentPage<D> {
    pub documents: Vec<Document<D>>,
    pub next: Option<Vec<Scalar>>,
}

/// The documents with one value of a field: their count, and sums of other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub key: i64,
    pub count: u64,
    pub sums: Vec<i64>,
}

#[derive(Debug, Clone)]
pub struct QueryPlan {
    pub text: String,
    pub by_index: bool,
    pub sorts: bool,
}

/// Shares its database's pool.
pub struct Collection<D> {
    name: &'static str,
    store: CollectionStore,
    /// The keys that seal personal fields.
    keys: DataKeys,
    kind: PhantomData<fn(D)>,
}

#[derive(Clone)]
enum CollectionStore {
    Mongo(MongoStore),
    Sqlite(SqliteStore),
}

/// Makes the same call on either store.
macro_rules! on {
    ($self:ident, $call:ident($($argument:expr),*)) => {
        match &$self.store {
            CollectionStore::Mongo(store) => store.$call($($argument),*).await,
            CollectionStore::Sqlite(store) => store.$call($($argument),*).await,
        }
    };
}

impl<D> Clone for Collection<D> {
    fn clone(&self) -> Self {
        let (store, keys) = (self.store.clone(), self.keys.clone());
        Self { name: self.name, store, keys, kind: PhantomData }
    }
}

impl<D: DocumentBody> Collection<D> {
    const ATTEMPTS_MAX: u32 = 16;

    pub fn new(documents: &Documents, name: &'static str) -> Self {
        let store = match documents {
            Documents::Mongo(mongo) => {
                CollectionStore::Mongo(MongoStore::new(mongo, name, D::SHAPE))
            }
            Documents::Sqlite(sql) => {
                CollectionStore::Sqlite(SqliteStore::new(sql.clone(), name, D::SHAPE))
            }
        };
        Self { name, store, keys: documents.data_keys().clone(), kind: PhantomData }
    }

    /// Creates the declared fields and indexes. Idempotent.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        D::SHAPE.check().map_err(|why| self.declared(why))?;
        let keys = D::SHAPE.indexes.iter().flat_map(|index| index.keys);
        let mut named = keys.map(|key| key.path.name);
        let is_sealed = |name: &&str| D::SEALED.iter().any(|path| schema::overlap(name, path));
        if let Some(name) = named.find(is_sealed) {
            return Err(self.declared(format!("`{name}` is sealed, and stands in an index")));
        }
        on!(self, migrate())
    }

    /// Fails if `migrate` has not brought the store up to date.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        let present = on!(self, index_names())?;
        let is_missing = |name: &String| !present.contains(name);
        match D::SHAPE.indexes.iter().map(schema::Index::stored_name).find(is_missing) {
            Some(name) => {
                let missing = format!("index {name} of {}", self.name);
                Err(DocumentsError::Outdated { missing })
            }
            None => Ok(()),
        }
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Document<D>>, DocumentsError> {
        on!(self, get(id))?.map(|stored| self.document(stored)).transpose()
    }

    /// Returns false if the id or a unique key already exists.
    pub async fn insert(
        &self,
        id: Uuid,
        body: &D,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        on!(self, insert(id, self.encoded(id, body)?, events))
    }

    /// Inserts the new ones; returns true for each that was new.
    pub async fn insert_new(&self, bodies: &[(Uuid, D)]) -> Result<Vec<bool>, DocumentsError> {
        if bodies.is_empty() {
            return Ok(Vec::new());
        }
        let encoded = bodies.iter().map(|(id, body)| Ok((*id, self.encoded(*id, body)?)));
        on!(self, insert_new(encoded.collect::<Result<_, DocumentsError>>()?))
    }

    /// Replaces the document if its version is unchanged (optimistic locking).
    pub async fn replace(
        &self,
        document: &Document<D>,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        let body = self.encoded(document.id, &document.body)?;
        on!(self, replace(document.id, document.version, body, events, None))
    }

    /// Reads, changes and replaces; retries on a concurrent write. `None` leaves the document
    /// unchanged.
    pub async fn change(
        &self,
        id: Uuid,
        change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        self.change_for(None, id, change).await
    }

    /// Like [`Self::change`], but idempotent: applies once per event and document.
    pub async fn change_once(
        &self,
        id: Uuid,
        event: EventId,
        now: UnixMillis,
        change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        self.change_for(Some(Cause { event, now }), id, change).await
    }

    async fn change_for(
        &self,
        cause: Option<Cause>,
        id: Uuid,
        mut change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        for _ in 0..Self::ATTEMPTS_MAX {
            let Some(Document { version, body, .. }) = self.get(id).await? else {
                return Ok(None);
            };
            if let Some(Cause { event, .. }) = cause
                && on!(self, has_noted(id, event))?
            {
                return Ok(None);
            }
            let Some((body, events)) = change(body) else { return Ok(None) };
            let encoded = self.encoded(id, &body)?;
            let is_changed = on!(self, replace(id, version, encoded, &events, cause))?;
            if let Some(cause) = cause
                && (is_changed || on!(self, has_taken(id, cause.event))?)
            {
                // The inbox must record the event, because the document remembers only the last
                // few. Also covers a process that crashed here.
                on!(self, note(id, cause))?;
                return Ok(is_changed.then_some(Document { id, version: version + 1, body }));
            }
            if is_changed {
                return Ok(Some(Document { id, version: version + 1, body }));
            }
        }
        Err(DocumentsError::Contended { collection: self.name, id })
    }

    /// Edits one document if it passes the filter; returns true if it did.
    pub async fn update(
        &self,
        id: Uuid,
        filter: Filter,
        mut update: Update,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        update.check(&D::SHAPE).map_err(|why| self.declared(why))?;
        if let Some(name) = D::SEALED.iter().find(|name| update.names(name)) {
            return Err(self.declared(format!("`{name}` is sealed, and changed by `change` alone")));
        }
        filter.check(&D::SHAPE).map_err(|why| self.declared(why))?;
        on!(self, update(id, &filter, &update, events))
    }

    /// Deletes the document at this version. Fails with contention while it has unsent events.
    pub async fn delete(&self, id: Uuid, version: i64) -> Result<bool, DocumentsError> {
        on!(self, delete(id, version))
    }

    pub async fn find(&self, find: &Find) -> Result<Vec<Document<D>>, DocumentsError> {
        let found = on!(self, find(self.checked(find)?))?;
        found.into_iter().map(|stored| self.document(stored)).collect()
    }

    /// The documents after this id, in id order, for jobs that walk them all.
    pub async fn all_after(
        &self,
        after: Uuid,
        documents_max: usize,
    ) -> Result<Vec<Document<D>>, DocumentsError> {
        let found = on!(self, all_after(after, documents_max))?;
        found.into_iter().map(|stored| self.document(stored)).collect()
    }

    /// Reads one document beyond the limit to detect a next page.
    pub async fn page(&self, find: Find) -> Result<DocumentPage<D>, DocumentsError> {
        let (limit, order) = (find.limit, find.order());
        let find = find.limit(limit + 1);
        let mut found = on!(self, find(self.checked(&find)?))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = match found.last().filter(|_| more) {
            Some(last) => Some(self.place(&order, last)?),
            None => None,
        };
        let documents = found.into_iter().map(|stored| self.document(stored));
        Ok(DocumentPage { documents: documents.collect::<Result<_, _>>()?, next })
    }

    /// Counts up to the limit.
    pub async fn count(&self, find: &Find) -> Result<u64, DocumentsError> {
        on!(self, count(self.checked(find)?))
    }

    /// Counts documents per value of an integer field, and sums other integer fields.
    pub async fn group(
        &self,
        find: &Find,
        by: &Field<i64>,
        sums: &[FieldPath],
    ) -> Result<Vec<Group>, DocumentsError> {
        on!(self, group(self.checked(find)?, by.path(), sums))
    }

    /// Deletes expired documents if the database does not; returns their number.
    pub async fn purge(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        on!(self, purge(now))
    }

    /// One run of the job that seals personal fields that are plain or use a former key.
    pub async fn seal_stale(&self, walk: &SealWalk<Uuid>) -> Result<(), DocumentsError> {
        let mut turn = walk.turn(&self.keys, SEAL_BATCHES_MAX).await;
        while let Some(after) = turn.place() {
            turn.reached(self.reseal(after).await?);
        }
        Ok(())
    }

    /// Reseals a batch of documents after `after`, except those that a concurrent write seals.
    /// Fields unknown to this version stay.
    async fn reseal(&self, after: Uuid) -> Result<SealedBatch<Uuid>, DocumentsError> {
        let found = on!(self, all_after(after, SEAL_BATCH))?;
        let last = found.last().filter(|_| found.len() == SEAL_BATCH).map(|stored| stored.id);
        let mut sealed = 0;
        for StoredDocument { id, version, body } in found {
            let body: Value = body.read().map_err(|why| DocumentsError::shape(self.name, &why))?;
            if !self.is_stale(&body) {
                continue;
            }
            let body = self.sealed(id, self.opened(id, body)?);
            sealed += usize::from(on!(self, replace(id, version, body, &[], None))?);
        }
        Ok(SealedBatch { sealed, last })
    }

    fn is_stale(&self, body: &Value) -> bool {
        let values = D::SEALED.iter().filter_map(|path| schema::at(body, path));
        values.filter(|value| !value.is_null()).any(|value| match value.as_str() {
            Some(text) => self.keys.is_stale_text(text),
            None => self.keys.seals(),
        })
    }

    pub async fn explain(&self, find: &Find) -> Result<QueryPlan, DocumentsError> {
        on!(self, explain(self.checked(find)?))
    }

    fn checked<'f>(&self, find: &'f Find) -> Result<&'f Find, DocumentsError> {
        find.check(&D::SHAPE).map(|()| find).map_err(|why| self.declared(why))
    }

    fn declared(&self, why: String) -> DocumentsError {
        DocumentsError::Declared { collection: self.name, why }
    }

    fn encoded(&self, id: Uuid, body: &D) -> Result<Value, DocumentsError> {
        let shape = |why: &dyn std::fmt::Display| DocumentsError::shape(self.name, &why);
        let mut body = serde_json::to_value(body).map_err(|error| shape(&error))?;
        schema::normalize(&mut body).map_err(|why| shape(&why))?;
        D::SHAPE.check_body(&body).map_err(|why| shape(&why))?;
        Ok(self.sealed(id, body))
    }

    fn sealed(&self, id: Uuid, mut body: Value) -> Value {
        for name in D::SEALED {
            let value = schema::at_mut(&mut body, name).filter(|value| !value.is_null());
            let Some(value) = value else { continue };
            let sealed = self.keys.seal_text(&self.seal_place(id, name), &value.to_string());
            // Without active keys the field stays plain, as earlier versions read it.
            if self.keys.is_sealed_text(&sealed) {
                *value = Value::String(sealed);
            }
        }
        body
    }

    /// A sealed field is text; opened, it is the JSON of its value.
    fn opened(&self, id: Uuid, mut body: Value) -> Result<Value, DocumentsError> {
        for name in D::SEALED {
            let Some(value) = schema::at_mut(&mut body, name) else { continue };
            let Some(text) = value.as_str().filter(|text| self.keys.is_sealed_text(text)) else {
                continue;
            };
            let json = self.keys.open_text(&self.seal_place(id, name), text.to_owned())?;
            *value = serde_json::from_str(&json)
                .map_err(|error| DocumentsError::shape(self.name, &error))?;
        }
        Ok(body)
    }

    fn seal_place(&self, id: Uuid, field: &str) -> SealPlace {
        SealPlace::of_id(self.name, id).and(field.as_bytes())
    }

    fn document(&self, stored: StoredDocument) -> Result<Document<D>, DocumentsError> {
        let StoredDocument { id, version, body } = stored;
        let shape = |why: String| DocumentsError::shape(self.name, &why);
        if D::SEALED.is_empty() {
            return Ok(Document { id, version, body: body.read().map_err(shape)? });
        }
        let opened = self.opened(id, body.read().map_err(shape)?)?;
        let body = serde_json::from_value(opened).map_err(|error| shape(error.to_string()))?;
        Ok(Document { id, version, body })
    }

    fn place(
        &self,
        order: &[IndexKey],
        last: &StoredDocument,
    ) -> Result<Vec<Scalar>, DocumentsError> {
        let body: Value = last.body.read().map_err(|why| DocumentsError::shape(self.name, &why))?;
        let scalar = |key: &IndexKey| {
            if key.path == ID {
                return Ok(Scalar::Id(last.id));
            }
            scalar_at(&body, key.path).ok_or_else(|| {
                let why = format!("`{}` is not of kind {:?}", key.path.name, key.path.kind);
                DocumentsError::shape(self.name, &why)
            })
        };
        order.iter().map(scalar).collect()
    }
}

fn scalar_at(body: &Value, path: FieldPath) -> Option<Scalar> {
    let value = schema::at(body, path.name)?;
    Some(match path.kind {
        ScalarKind::Id => Scalar::Id(Uuid::parse_str(value.as_str()?).ok()?),
        ScalarKind::Int => Scalar::Int(value.as_i64()?),
        ScalarKind::Text => Scalar::Text(value.as_str()?.to_owned()),
        ScalarKind::Bool => Scalar::Bool(value.as_bool()?),
    })
}
