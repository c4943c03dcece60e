//! A collection of one kind of document.

mod encoding;

use std::marker::PhantomData;

use serde_json::Value;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use super::{
    Documents, DocumentsError,
    query::{Filter, GroupTotals, IndexQuery, QueryPlan, Update},
    schema::{self, DocumentBody, Field, FieldPath, Scalar},
    store::{MongoStore, SqliteStore, StoredDocument, TriggeringEvent},
};
use crate::sealing::{DataKeys, ResealedBatch, TableResealer};

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
        let store = self.store.clone();
        let keys = self.keys.clone();
        Self {
            name: self.name,
            store,
            keys,
            kind: PhantomData,
        }
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
        Self {
            name,
            store,
            keys: documents.data_keys().clone(),
            kind: PhantomData,
        }
    }

    /// Creates the declared fields and indexes. Idempotent.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        D::SHAPE
            .check_declaration()
            .map_err(|why| self.declaration_error(why))?;
        let keys = D::SHAPE.indexes.iter().flat_map(|index| index.keys);
        for name in keys.map(|key| key.path.name) {
            let mut sealed = D::SEALED.iter();
            if sealed.any(|path| schema::paths_overlap(name, path)) {
                let why = format!("`{name}` is sealed and cannot be indexed");
                return Err(self.declaration_error(why));
            }
        }
        on!(self, migrate())
    }

    /// Fails if `migrate` has not brought the store up to date.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        let present = on!(self, index_names())?;
        for index in D::SHAPE.indexes {
            let name = index.stored_name();
            if !present.contains(&name) {
                let missing = format!("index {name} of {}", self.name);
                return Err(DocumentsError::Outdated { missing });
            }
        }
        Ok(())
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Document<D>>, DocumentsError> {
        on!(self, get(id))?
            .map(|stored| self.decode_document(stored))
            .transpose()
    }

    /// Returns false if the id or a unique key already exists.
    pub async fn insert(
        &self,
        id: Uuid,
        body: &D,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        on!(self, insert(id, self.encode_body(id, body)?, events))
    }

    /// Inserts the new ones; returns true for each that was new.
    pub async fn insert_new(&self, bodies: &[(Uuid, D)]) -> Result<Vec<bool>, DocumentsError> {
        if bodies.is_empty() {
            return Ok(Vec::new());
        }
        let encoded = bodies
            .iter()
            .map(|(id, body)| Ok((*id, self.encode_body(*id, body)?)));
        on!(
            self,
            insert_new(encoded.collect::<Result<_, DocumentsError>>()?)
        )
    }

    /// Replaces the document if its version is unchanged (optimistic locking).
    pub async fn replace_document(
        &self,
        document: &Document<D>,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        let body = self.encode_body(document.id, &document.body)?;
        on!(
            self,
            replace_document(document.id, document.version, body, events, None)
        )
    }

    /// Reads, changes and replaces; retries on a concurrent write. `None` leaves the document
    /// unchanged.
    pub async fn change_with_retry(
        &self,
        id: Uuid,
        change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        self.change_for(None, id, change).await
    }

    /// Like [`Self::change_with_retry`], but idempotent: applies once per event and document.
    pub async fn change_once(
        &self,
        id: Uuid,
        event: EventId,
        now: UnixMillis,
        change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        self.change_for(Some(TriggeringEvent { event, now }), id, change)
            .await
    }

    async fn change_for(
        &self,
        cause: Option<TriggeringEvent>,
        id: Uuid,
        mut change: impl FnMut(D) -> Option<(D, Vec<Event>)>,
    ) -> Result<Option<Document<D>>, DocumentsError> {
        for _ in 0..Self::ATTEMPTS_MAX {
            let Some(Document { version, body, .. }) = self.get(id).await? else {
                return Ok(None);
            };
            if let Some(TriggeringEvent { event, .. }) = cause
                && on!(self, has_noted(id, event))?
            {
                return Ok(None);
            }
            let Some((body, events)) = change(body) else {
                return Ok(None);
            };
            let encoded = self.encode_body(id, &body)?;
            let is_changed = on!(self, replace_document(id, version, encoded, &events, cause))?;
            if let Some(cause) = cause
                && (is_changed || on!(self, has_taken(id, cause.event))?)
            {
                // The inbox must record the event, because the document remembers only the last
                // few. Also covers a process that crashed here.
                on!(self, record_event(id, cause))?;
                return Ok(is_changed.then_some(Document {
                    id,
                    version: version + 1,
                    body,
                }));
            }
            if is_changed {
                return Ok(Some(Document {
                    id,
                    version: version + 1,
                    body,
                }));
            }
        }
        Err(DocumentsError::Contended {
            collection: self.name,
            id,
        })
    }

    /// Edits one document if it passes the filter; returns true if it did.
    pub async fn update(
        &self,
        id: Uuid,
        filter: Filter,
        mut update: Update,
        events: &[Event],
    ) -> Result<bool, DocumentsError> {
        update
            .check_edits(&D::SHAPE)
            .map_err(|why| self.declaration_error(why))?;
        if let Some(name) = D::SEALED.iter().find(|name| update.names_field(name)) {
            return Err(
                self.declaration_error(format!("`{name}` is sealed; only `change` may change it"))
            );
        }
        filter
            .check_fields(&D::SHAPE)
            .map_err(|why| self.declaration_error(why))?;
        on!(self, update(id, &filter, &update, events))
    }

    /// Deletes the document at this version. Fails with contention while it has unsent events.
    pub async fn delete(&self, id: Uuid, version: i64) -> Result<bool, DocumentsError> {
        on!(self, delete(id, version))
    }

    pub async fn find_documents(
        &self,
        query: &IndexQuery,
    ) -> Result<Vec<Document<D>>, DocumentsError> {
        let found = on!(self, find_documents(self.check_query(query)?))?;
        found
            .into_iter()
            .map(|stored| self.decode_document(stored))
            .collect()
    }

    /// The documents after this id, in id order, for jobs that walk them all.
    pub async fn all_after(
        &self,
        after: Uuid,
        documents_max: usize,
    ) -> Result<Vec<Document<D>>, DocumentsError> {
        let found = on!(self, all_after(after, documents_max))?;
        found
            .into_iter()
            .map(|stored| self.decode_document(stored))
            .collect()
    }

    /// Reads one document beyond the limit to detect a next page.
    pub async fn find_page(&self, query: IndexQuery) -> Result<DocumentPage<D>, DocumentsError> {
        let limit = query.limit;
        let order = query.sort_keys();
        let query = query.with_limit(limit + 1);
        let mut found = on!(self, find_documents(self.check_query(&query)?))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = match found.last().filter(|_| more) {
            Some(last) => Some(self.read_page_cursor(&order, last)?),
            None => None,
        };
        let documents = found.into_iter().map(|stored| self.decode_document(stored));
        Ok(DocumentPage {
            documents: documents.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// Counts up to the limit.
    pub async fn count_documents(&self, query: &IndexQuery) -> Result<u64, DocumentsError> {
        on!(self, count_documents(self.check_query(query)?))
    }

    /// Counts documents per value of an integer field, and sums other integer fields.
    pub async fn group_by_field(
        &self,
        query: &IndexQuery,
        by: &Field<i64>,
        sums: &[FieldPath],
    ) -> Result<Vec<GroupTotals>, DocumentsError> {
        on!(
            self,
            group_by_field(self.check_query(query)?, by.path(), sums)
        )
    }

    /// Deletes expired documents if the database does not; returns their number.
    pub async fn purge_expired(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        on!(self, purge_expired(now))
    }

    /// One run of the job that seals personal fields that are plain or use a former key.
    pub async fn seal_stale(&self, walk: &TableResealer<Uuid>) -> Result<(), DocumentsError> {
        let mut turn = walk.start_run(&self.keys, SEAL_BATCHES_MAX).await;
        while let Some(after) = turn.next_position() {
            turn.record_batch(self.reseal_batch(after).await?);
        }
        Ok(())
    }

    /// Reseals a batch of documents after `after`, except those that a concurrent write seals.
    /// Fields unknown to this version stay.
    async fn reseal_batch(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, DocumentsError> {
        let found = on!(self, all_after(after, SEAL_BATCH))?;
        let last = found
            .last()
            .filter(|_| found.len() == SEAL_BATCH)
            .map(|stored| stored.id);
        let mut sealed = 0;
        for StoredDocument { id, version, body } in found {
            let body: Value = body
                .read()
                .map_err(|why| DocumentsError::shape_error(self.name, &why))?;
            if !self.is_stale(&body) {
                continue;
            }
            let body = self.seal_fields(id, self.open_fields(id, body)?);
            sealed += usize::from(on!(self, replace_document(id, version, body, &[], None))?);
        }
        Ok(ResealedBatch { sealed, last })
    }

    pub async fn explain_query(&self, query: &IndexQuery) -> Result<QueryPlan, DocumentsError> {
        on!(self, explain_query(self.check_query(query)?))
    }

    fn check_query<'f>(&self, query: &'f IndexQuery) -> Result<&'f IndexQuery, DocumentsError> {
        query
            .check_against(&D::SHAPE)
            .map(|()| query)
            .map_err(|why| self.declaration_error(why))
    }

    fn declaration_error(&self, why: String) -> DocumentsError {
        DocumentsError::InvalidDeclaration {
            collection: self.name,
            why,
        }
    }
}
