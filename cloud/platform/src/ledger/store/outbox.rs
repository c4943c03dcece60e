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
        ResealError, Sql, SqlError, Val,
        events::{OUTBOX, open_event},
        in_list,
    },
    vals,
};

// Select by "not sent", never by "above the last one": a lower number may commit later.
const UNSENT: &str =
    "SELECT seq, event_id, event FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT ?";
const COUNT_UNSENT: &str = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";

/// Documents per batch of the resealing job.
const RESEALED_MAX: usize = 200;
/// Batches per run of the resealing job; the next run continues.
const RESEAL_BATCHES_MAX: usize = 200;
/// Events inside documents checked per run. They leave within seconds while the bus is up.
pub(super) const WAITING_MAX: usize = 1_000;

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
    pub(crate) fn describe_location(&self) -> String {
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
    pub(crate) async fn read_unsent(
        &self,
        events_max: usize,
    ) -> Result<Vec<UnsentEvent>, DocumentsError> {
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

    pub(crate) fn open_event(&self, unsent: &UnsentEvent) -> Result<String, SealError> {
        match (self, unsent) {
            (Self::Sql(sql), UnsentEvent::Row(event)) => {
                open_event(sql.data_keys(), event.id, event.event.clone())
            }
            (Self::Mongo { mongo, .. }, UnsentEvent::Document(event)) => event.open_event(mongo),
            _ => unreachable!("an event comes from the source that listed it"),
        }
    }

    pub(crate) async fn count_unsent(&self) -> Result<u64, DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(count_unsent(sql).await?),
            Self::Mongo { mongo, collections } => mongo.count_unsent_events(collections).await,
        }
    }

    pub(crate) async fn mark_sent(
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

    pub(crate) async fn acquire_lease(
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

    pub(crate) async fn give_up_lease(&self, holder: Uuid) -> Result<(), DocumentsError> {
        match self {
            Self::Sql(sql) => Ok(claims::give_up_lease(sql, holder).await?),
            Self::Mongo { mongo, .. } => mongo.give_up_lease(claims::LEASE, holder).await,
        }
    }

    pub(crate) async fn wait_for_write(&self) {
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
    walk: &TableResealer<Vec<Val>>,
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
    after: Vec<Val>,
) -> Result<ResealedBatch<Vec<Val>>, DocumentsError> {
    match database {
        Database::Sql(sql) => {
            let resealed = sql.reseal_batch(&OUTBOX, &after).await;
            resealed.map_err(|error| match error {
                ResealError::Sql(error) => error.into(),
                ResealError::Sealed(error) => error.into(),
            })
        }
        Database::Mongo(mongo) => {
            let after_seq = match after[..] {
                [Val::Int(seq)] => seq,
                _ => 0,
            };
            let ResealedBatch { sealed, last } = mongo.reseal_sent(after_seq, RESEALED_MAX).await?;
            let last = last.map(|seq| vals![seq]);
            Ok(ResealedBatch { sealed, last })
        }
    }
}
