//! Unsent events: outbox rows on SQL, embedded in the documents on MongoDB.

use uuid::Uuid;
use wire::UnixMillis;

use super::store;
use crate::{
    database::Database,
    documents::{DocumentEvent, DocumentsError, Mongo},
    sealing::SealError,
    sql::Sql,
};

pub(super) enum OutboxSource {
    Sql(Sql),
    Mongo {
        mongo: Mongo,
        collections: Vec<String>,
    },
}

pub(super) enum UnsentEvent {
    Row(OutboxEvent),
    Document(DocumentEvent),
}

/// `seq` is the row number; `event` is sealed JSON.
pub(super) struct OutboxEvent {
    seq: i64,
    id: Uuid,
    event: String,
}

impl UnsentEvent {
    /// Where the event is stored, for the log.
    pub fn describe_location(&self) -> String {
        match self {
            Self::Row(event) => format!("outbox row {}", event.seq),
            Self::Document(event) => format!("{} of {}", event.document, event.collection),
        }
    }
}

impl From<Database> for OutboxSource {
    fn from(database: Database) -> Self {
        match database {
            Database::Sql(sql) => Self::Sql(sql),
            Database::Mongo(mongo) => Self::Mongo {
                mongo,
                collections: Vec::new(),
            },
        }
    }
}

impl OutboxSource {
    /// The oldest unsent events, in publishing order.
    pub async fn read_unsent(&self, events_max: usize) -> Result<Vec<UnsentEvent>, DocumentsError> {
        Ok(match self {
            Self::Sql(sql) => {
                let rows = store::read_unsent(sql, events_max).await?;
                rows.into_iter()
                    .map(|(seq, id, event)| UnsentEvent::Row(OutboxEvent { seq, id, event }))
                    .collect()
            }
            Self::Mongo { mongo, collections } => {
                let waiting = mongo.unsent_events(collections, events_max).await?;
                waiting.into_iter().map(UnsentEvent::Document).collect()
            }
        })
    }

    pub fn open_event(&self, unsent: &UnsentEvent) -> Result<String, SealError> {
        match (self, unsent) {
            (Self::Sql(sql), UnsentEvent::Row(event)) => {
                store::open_event(sql.data_keys(), event.id, event.event.clone())
            }
            (Self::Mongo { mongo, .. }, UnsentEvent::Document(event)) => event.open_event(mongo),
            _ => unreachable!("an event comes from the source that listed it"),
        }
    }

    pub async fn count_unsent(&self) -> Result<u64, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::count_unsent(sql).await?),
            Self::Mongo { mongo, collections } => mongo.count_unsent_events(collections).await,
        }
    }

    pub async fn mark_sent(
        &self,
        sent: &[UnsentEvent],
        now: UnixMillis,
    ) -> Result<(), DocumentsError> {
        let mut rows = Vec::new();
        let mut documents = Vec::new();
        for event in sent {
            match event {
                UnsentEvent::Row(event) => rows.push(event.seq),
                UnsentEvent::Document(event) => documents.push(event),
            }
        }
        match self {
            Self::Sql(sql) => Ok(store::mark_sent(sql, &rows, now).await?),
            Self::Mongo { mongo, .. } => {
                mongo.keep_sent(store::LEASE, &documents, now).await?;
                mongo.remove_sent_events(documents.into_iter()).await
            }
        }
    }

    pub async fn acquire_lease(
        &mut self,
        holder: Uuid,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::acquire_lease(sql, holder, now, until).await?),
            Self::Mongo { mongo, collections } => {
                let too_far = now.plus_ms(store::LEASE_AHEAD_MAX_MS);
                let held = mongo
                    .take_lease(store::LEASE, holder, now, until, too_far)
                    .await?;
                if held {
                    *collections = mongo.list_event_collections().await?;
                }
                Ok(held)
            }
        }
    }

    pub async fn release_lease(&self, holder: Uuid) -> Result<(), DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::release_lease(sql, holder).await?),
            Self::Mongo { mongo, .. } => mongo.release_lease(store::LEASE, holder).await,
        }
    }

    pub async fn wait_for_write(&self) {
        match self {
            Self::Sql(sql) => sql.outbox_written().await,
            Self::Mongo { mongo, .. } => mongo.outbox_written().await,
        }
    }
}
