//! Unsent events: outbox rows on SQL, embedded in the documents on MongoDB.

use uuid::Uuid;
use wire::UnixMillis;

use super::store;
use crate::{
    database::Database,
    documents::{DocumentsError, Mongo, WaitingEvent},
    sealing::SealError,
    sql::Sql,
};

pub(super) enum Source {
    Sql(Sql),
    Mongo { mongo: Mongo, collections: Vec<String> },
}

pub(super) enum Unsent {
    Row(OutboxEvent),
    Document(WaitingEvent),
}

/// `seq` is the row number; `event` is sealed JSON.
pub(super) struct OutboxEvent {
    seq: i64,
    id: Uuid,
    event: String,
}

impl Unsent {
    /// Where the event is stored, for the log.
    pub fn place(&self) -> String {
        match self {
            Self::Row(event) => format!("outbox row {}", event.seq),
            Self::Document(event) => format!("{} of {}", event.document, event.collection),
        }
    }
}

impl From<Database> for Source {
    fn from(database: Database) -> Self {
        match database {
            Database::Sql(sql) => Self::Sql(sql),
            Database::Mongo(mongo) => Self::Mongo { mongo, collections: Vec::new() },
        }
    }
}

impl Source {
    /// The oldest unsent events, in publishing order.
    pub async fn unsent(&self, events_max: usize) -> Result<Vec<Unsent>, DocumentsError> {
        Ok(match self {
            Self::Sql(sql) => {
                let rows = store::unsent(sql, events_max).await?;
                rows.into_iter()
                    .map(|(seq, id, event)| Unsent::Row(OutboxEvent { seq, id, event }))
                    .collect()
            }
            Self::Mongo { mongo, collections } => {
                let waiting = mongo.unsent_events(collections, events_max).await?;
                waiting.into_iter().map(Unsent::Document).collect()
            }
        })
    }

    pub fn opened(&self, unsent: &Unsent) -> Result<String, SealError> {
        match (self, unsent) {
            (Self::Sql(sql), Unsent::Row(event)) => {
                store::opened(sql.data_keys(), event.id, event.event.clone())
            }
            (Self::Mongo { mongo, .. }, Unsent::Document(event)) => event.opened(mongo),
            _ => unreachable!("an event is of the source that has told of it"),
        }
    }

    pub async fn count_unsent(&self) -> Result<u64, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::count_unsent(sql).await?),
            Self::Mongo { mongo, collections } => mongo.count_unsent_events(collections).await,
        }
    }

    pub async fn mark_sent(&self, sent: &[Unsent], now: UnixMillis) -> Result<(), DocumentsError> {
        let (mut rows, mut documents) = (Vec::new(), Vec::new());
        for event in sent {
            match event {
                Unsent::Row(event) => rows.push(event.seq),
                Unsent::Document(event) => documents.push(event),
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

    pub async fn lease(
        &mut self,
        holder: Uuid,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::lease(sql, holder, now, until).await?),
            Self::Mongo { mongo, collections } => {
                let too_far = now.plus_ms(store::LEASE_AHEAD_MAX_MS);
                let held = mongo.lease(store::LEASE, holder, now, until, too_far).await?;
                if held {
                    *collections = mongo.collections().await?;
                }
                Ok(held)
            }
        }
    }

    pub async fn release(&self, holder: Uuid) -> Result<(), DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(store::release(sql, holder).await?),
            Self::Mongo { mongo, .. } => mongo.release(store::LEASE, holder).await,
        }
    }

    pub async fn written(&self) {
        match self {
            Self::Sql(sql) => sql.outbox_written().await,
            Self::Mongo { mongo, .. } => mongo.outbox_written().await,
        }
    }
}
