//! Unsent events, for the relay: outbox rows on SQL, embedded in the documents on MongoDB. Also
//! reseals unsent and sent events that are plain or sealed with a former data key.

use process::metrics;
use uuid::Uuid;
use wire::UnixMillis;

use super::claims;
use crate::{
    documents::{DocumentsError, Mongo, mongo::DocumentEvent},
    ledger::Database,
    sealing::{ResealedBatch, SealError, TableResealer},
    sql::{
        Sql, SqlError,
        events::{event_seal_context, open_event},
        in_list,
    },
    vals,
};

// Select by "not sent", never by "above the last one": a lower number may commit later.
const UNSENT: &str =
    "SELECT seq, event_id, event FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT ?";
const COUNT_UNSENT: &str = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
const EVENTS: &str = "SELECT seq, event_id, event FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?";
const RESEAL: &str = "UPDATE outbox SET event = ? WHERE seq = ?";

/// Rows per batch of the resealing job.
const RESEALED_MAX: usize = 200;
/// Batches per run of the resealing job; the next run continues.
const RESEAL_BATCHES_MAX: usize = 200;
/// Events inside documents checked per run. They leave within seconds while the bus is up.
const WAITING_MAX: usize = 1_000;

pub(crate) enum OutboxSource {
    Sql(Sql),
    Mongo {
        mongo: Mongo,
        collections: Vec<String>,
    },
}

pub(crate) enum UnsentEvent {
    Row(OutboxEvent),
    Document(DocumentEvent),
}

/// `seq` is the row number; `event` is sealed JSON.
pub(crate) struct OutboxEvent {
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
                let rows = read_unsent(sql, events_max).await?;
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
                open_event(sql.data_keys(), event.id, event.event.clone())
            }
            (Self::Mongo { mongo, .. }, UnsentEvent::Document(event)) => event.open_event(mongo),
            _ => unreachable!("an event comes from the source that listed it"),
        }
    }

    pub async fn count_unsent(&self) -> Result<u64, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(count_unsent(sql).await?),
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
            Self::Sql(sql) => Ok(mark_sent(sql, &rows, now).await?),
            Self::Mongo { mongo, .. } => {
                mongo.keep_sent(claims::LEASE, &documents, now).await?;
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
            Self::Sql(sql) => Ok(claims::acquire_lease(sql, holder, now, until).await?),
            Self::Mongo { mongo, collections } => {
                let too_far = now.plus_ms(claims::LEASE_AHEAD_MAX_MS);
                let held = mongo
                    .take_lease(claims::LEASE, holder, now, until, too_far)
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
            Self::Sql(sql) => Ok(claims::release_lease(sql, holder).await?),
            Self::Mongo { mongo, .. } => mongo.release_lease(claims::LEASE, holder).await,
        }
    }

    pub async fn wait_for_write(&self) {
        match self {
            Self::Sql(sql) => sql.outbox_written().await,
            Self::Mongo { mongo, .. } => mongo.outbox_written().await,
        }
    }
}

/// Unsent rows in order; the event is sealed JSON.
async fn read_unsent(sql: &Sql, rows_max: usize) -> Result<Vec<(i64, Uuid, String)>, SqlError> {
    sql.fetch_all(UNSENT, vals![rows_max]).await
}

async fn count_unsent(sql: &Sql) -> Result<u64, SqlError> {
    Ok(sql
        .fetch_optional(COUNT_UNSENT, vals![])
        .await?
        .unwrap_or_default())
}

async fn mark_sent(sql: &Sql, seqs: &[i64], now: UnixMillis) -> Result<(), SqlError> {
    if seqs.is_empty() {
        return Ok(());
    }
    let text = in_list(
        "UPDATE outbox SET sent_at = ? WHERE seq IN (",
        seqs.len(),
        ")",
    );
    let mut values = vals![now];
    values.extend(seqs.iter().map(|seq| (*seq).into()));
    sql.exec(text, values).await?;
    Ok(())
}

pub async fn reseal_events(
    database: &Database,
    walk: &TableResealer<i64>,
) -> Result<(), DocumentsError> {
    // Unsent events come first: the relay then stores them already sealed with the current key.
    if let Database::Mongo(mongo) = database {
        let sealed = mongo.reseal_events(WAITING_MAX).await?;
        metrics::SEALED_ANEW.add(["outbox"], sealed as u64);
    }
    let mut turn = walk
        .start_run(database.data_keys(), RESEAL_BATCHES_MAX)
        .await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(reseal_batch(database, after).await?);
    }
    Ok(())
}

/// Reseals one batch of events after `after` that are plain or sealed with a former key.
async fn reseal_batch(
    database: &Database,
    after: i64,
) -> Result<ResealedBatch<i64>, DocumentsError> {
    let sql = match database {
        Database::Sql(sql) => sql,
        Database::Mongo(mongo) => return mongo.reseal_sent(after, RESEALED_MAX).await,
    };
    let keys = sql.data_keys();
    let rows: Vec<(i64, Uuid, String)> = sql.fetch_all(EVENTS, vals![after, RESEALED_MAX]).await?;
    let last = rows
        .last()
        .filter(|_| rows.len() == RESEALED_MAX)
        .map(|(seq, ..)| *seq);
    let mut sealed = 0;
    for (seq, id, event) in rows {
        if keys.is_stale_text(&event) {
            let anew = keys.seal_text(&event_seal_context(id), &open_event(keys, id, event)?);
            sql.exec(RESEAL, vals![anew, seq]).await?;
            sealed += 1;
        }
    }
    Ok(ResealedBatch { sealed, last })
}
