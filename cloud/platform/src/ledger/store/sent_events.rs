//! Sent events, kept for consumers added later, and their replays: rows of `outbox` and `replays`
//! on SQL, collections on MongoDB.
//!
//! Invariant: on MongoDB, the relay stores an event here before it removes it from its document,
//! and only once, however often it retries.

use std::time::Duration;

use mongodb::{
    IndexModel,
    bson::{Bson, Document, doc},
    options::{Hint, IndexOptions, ReturnDocument},
};
use uuid::Uuid;
use wire::{Event, OrderId, UnixMillis, UserId};

use super::claims::LEASES;
use crate::{
    columns,
    documents::{
        DocumentsError, Mongo, find_duplicates,
        mongo::{DocumentEvent, uuid_to_bson},
    },
    ledger::Database,
    row,
    sealing::ResealedBatch,
    sql::{Columns, events::event_seal_context},
    vals,
};

const PURGE_TO: &str = "SELECT seq FROM outbox WHERE sent_at < ? ORDER BY seq LIMIT 1 OFFSET ?";
const PURGE: &str = "DELETE FROM outbox WHERE sent_at < ? AND seq < ?";
const PURGE_ALL: &str = "DELETE FROM outbox WHERE sent_at < ?";

/// Approximate rows per delete statement, and statements per run; the next hour continues.
const PURGED_MAX: i64 = 5_000;
const PURGES_MAX: usize = 100;

/// Deletes events sent before the retention period. On SQL it deletes in batches, so that other
/// statements do not wait long.
pub async fn purge_sent(
    database: &Database,
    now: UnixMillis,
    kept: Duration,
) -> Result<u64, DocumentsError> {
    let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = now.plus_ms(-kept_ms);
    let mut gone = 0;
    let sql = match database {
        Database::Sql(sql) => sql,
        Database::Mongo(mongo) => return mongo.purge_sent(before).await,
    };
    for _ in 0..PURGES_MAX {
        let to: Option<i64> = sql
            .fetch_optional(PURGE_TO, vals![before, PURGED_MAX])
            .await?;
        match to {
            Some(seq) => gone += sql.exec(PURGE, vals![before, seq]).await?,
            None => return Ok(gone + sql.exec(PURGE_ALL, vals![before]).await?),
        }
    }
    Ok(gone)
}

/// Limit of open replays per service. More are refused.
const OPEN_MAX: u64 = 16;
/// How long a finished replay stays visible.
const REPLAY_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

columns! {
    struct NewReplay<'a> in replays {
        pub id: Uuid,
        pub queue: &'a str,
        pub since_ms: UnixMillis,
        pub done_seq: i64,
        pub last_seq: i64,
        pub sent: i64,
        pub asked_by: UserId,
        pub asked_at: UnixMillis,
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Replay in replays {
        pub id: Uuid,
        pub queue: String,
        pub since_ms: UnixMillis,
        pub done_seq: i64,
        pub last_seq: i64,
        pub sent: i64,
        pub asked_by: UserId,
        pub asked_at: UnixMillis,
        pub done_at: Option<UnixMillis>,
    }
}

const OPEN: &str = "SELECT COUNT(*) FROM replays WHERE done_at IS NULL";
const LAST_SEQ: &str = "SELECT MAX(seq) FROM outbox";
const ADVANCE: &str =
    "UPDATE replays SET done_seq = ?, sent = sent + ?, done_at = ? WHERE id = ? AND done_seq = ?";
const BATCH: &str = "SELECT seq, event_id, made_at, event FROM outbox \
    WHERE seq > ? AND seq <= ? AND sent_at IS NOT NULL ORDER BY seq LIMIT ?";
const PURGE_REPLAYS: &str = "DELETE FROM replays WHERE done_at < ?";

/// Requests a replay; `None` if too many are open.
pub async fn request_replay(
    database: &Database,
    queue: &str,
    since: UnixMillis,
    (id, by, now): (Uuid, UserId, UnixMillis),
) -> Result<Option<Uuid>, DocumentsError> {
    let open = match database {
        Database::Sql(sql) => sql.fetch_optional(OPEN, vals![]).await?.unwrap_or_default(),
        Database::Mongo(mongo) => mongo.count_open_replays().await?,
    };
    if open >= OPEN_MAX {
        return Ok(None);
    }
    let last_seq = match database {
        Database::Sql(sql) => sql
            .fetch_optional::<Option<i64>>(LAST_SEQ, vals![])
            .await?
            .flatten()
            .unwrap_or(0),
        Database::Mongo(mongo) => mongo.last_sent().await?,
    };
    let row = NewReplay {
        id,
        queue,
        since_ms: since,
        done_seq: 0,
        last_seq,
        sent: 0,
        asked_by: by,
        asked_at: now,
    };
    match database {
        Database::Sql(sql) => drop(sql.insert_new(row).await?),
        Database::Mongo(mongo) => mongo.add_replay(&row).await?,
    }
    Ok(Some(id))
}

pub async fn list_replays(
    database: &Database,
    replays_max: usize,
) -> Result<Vec<Replay>, DocumentsError> {
    const NEWEST: &str = "ORDER BY asked_at DESC, id LIMIT ?";
    match database {
        Database::Sql(sql) => Ok(sql
            .fetch_all(Replay::select(NEWEST), vals![replays_max])
            .await?),
        Database::Mongo(mongo) => mongo.list_replays(replays_max).await,
    }
}

pub(crate) async fn purge_done_replays(
    database: &Database,
    now: UnixMillis,
) -> Result<u64, DocumentsError> {
    let before = now.plus_ms(-REPLAY_KEPT_MS);
    match database {
        Database::Sql(sql) => Ok(sql.exec(PURGE_REPLAYS, vals![before]).await?),
        Database::Mongo(mongo) => mongo.purge_replays(before).await,
    }
}

/// The oldest open replay.
pub(crate) async fn find_open_replay(
    database: &Database,
) -> Result<Option<Replay>, DocumentsError> {
    const OLDEST: &str = "WHERE done_at IS NULL ORDER BY asked_at, id LIMIT 1";
    match database {
        Database::Sql(sql) => Ok(sql.fetch_optional(Replay::select(OLDEST), vals![]).await?),
        Database::Mongo(mongo) => mongo.open_replay().await,
    }
}

/// The next events of a replay: number, id, time and stored text.
pub(crate) async fn read_replay_batch(
    database: &Database,
    replay: &Replay,
    rows_max: usize,
) -> Result<Vec<(i64, Uuid, UnixMillis, String)>, DocumentsError> {
    match database {
        Database::Sql(sql) => Ok(sql
            .fetch_all(BATCH, vals![replay.done_seq, replay.last_seq, rows_max])
            .await?),
        Database::Mongo(mongo) => mongo.replay_batch(replay, rows_max).await,
    }
}

/// Two replicas that overlap for a moment send a batch twice but count it once.
pub(crate) async fn advance_replay(
    database: &Database,
    replay: &Replay,
    done_seq: i64,
    sent: usize,
    done_at: Option<UnixMillis>,
) -> Result<(), DocumentsError> {
    match database {
        Database::Sql(sql) => {
            let values = vals![done_seq, sent, done_at, replay.id, replay.done_seq];
            Ok(sql.exec(ADVANCE, values).await.map(drop)?)
        }
        Database::Mongo(mongo) => mongo.advance_replay(replay, done_seq, sent, done_at).await,
    }
}

pub(in crate::ledger) const SENT: &str = "_sent";
pub(in crate::ledger) const REPLAYS: &str = "_replays";
/// The order of sending. A replay skips events that are too old within the index.
pub(in crate::ledger) const IN_ORDER: &str = "in_order";
pub(in crate::ledger) const OLDEST: &str = "oldest";
pub(in crate::ledger) const UNDER_WAY: &str = "under_way";
pub(in crate::ledger) const OF_ORDER: &str = "of_order";

impl Mongo {
    pub(in crate::ledger) async fn index_sent(&self) -> Result<(), DocumentsError> {
        let indexes = [
            (SENT, IN_ORDER, doc! {"seq": 1, "made_at": 1}),
            (SENT, OLDEST, doc! {"sent_at": 1}),
            (REPLAYS, UNDER_WAY, doc! {"done_at": 1, "asked_at": 1}),
        ];
        for (collection, name, keys) in indexes {
            let options = IndexOptions::builder().name(name.to_owned()).build();
            let index = IndexModel::builder().keys(keys).options(options).build();
            self.collection(collection).create_index(index).await?;
        }
        // Partial: most of a user part's events concern no order.
        let options = IndexOptions::builder()
            .name(OF_ORDER.to_owned())
            .partial_filter_expression(doc! {"order_id": {"$exists": true}});
        let keys = doc! {"order_id": 1, "seq": 1};
        let index = IndexModel::builder().keys(keys).options(options.build());
        self.collection(SENT).create_index(index.build()).await?;
        Ok(())
    }

    /// Stores sent events in order, numbered by a counter in the relay's lease document.
    pub(super) async fn keep_sent(
        &self,
        lease: &str,
        sent: &[&DocumentEvent],
        now: UnixMillis,
    ) -> Result<(), DocumentsError> {
        if sent.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(sent.len()).unwrap_or(i64::MAX);
        let numbered = doc! {"$inc": {"last_seq": count}, "$setOnInsert": {"until_ms": 0_i64}};
        let leases = self.collection(LEASES);
        let counting = leases
            .find_one_and_update(doc! {"_id": lease}, numbered)
            .upsert(true);
        let counted = counting
            .return_document(ReturnDocument::After)
            .await?
            .unwrap_or_default();
        let first = read_int(&counted, "last_seq", LEASES)? - count + 1;
        let mut kept = Vec::with_capacity(sent.len());
        for (event, seq) in sent.iter().zip(first..) {
            let json = event.open_event(self)?;
            let text = self
                .data_keys()
                .seal_text(&event_seal_context(event.id), &json);
            let mut stored = doc! {
                "_id": uuid_to_bson(event.id), "seq": seq, "made_at": event.at, "sent_at": now.0, "event": text,
            };
            if let Some(order) = order_of_json(&json) {
                stored.insert("order_id", uuid_to_bson(order.0));
            }
            kept.push(stored);
        }
        match self.collection(SENT).insert_many(kept).ordered(false).await {
            // A duplicate: a relay crashed before it removed the event from its document.
            Err(error) => find_duplicates(error).map(drop),
            Ok(_) => Ok(()),
        }
    }

    async fn last_sent(&self) -> Result<i64, DocumentsError> {
        let last = self
            .collection(SENT)
            .find_one(doc! {})
            .sort(doc! {"seq": -1})
            .await?;
        last.map_or(Ok(0), |last| read_int(&last, "seq", SENT))
    }

    /// The next events of a replay: number, id, time and sealed text.
    async fn replay_batch(
        &self,
        replay: &Replay,
        events_max: usize,
    ) -> Result<Vec<(i64, Uuid, UnixMillis, String)>, DocumentsError> {
        let wanted = doc! {
            "seq": {"$gt": replay.done_seq, "$lte": replay.last_seq},
            "made_at": {"$gte": replay.since_ms.0},
        };
        self.sent_events(wanted, events_max).await
    }

    /// Reseals up to a batch of events after `after` that use a former key.
    pub(super) async fn reseal_sent(
        &self,
        after: i64,
        events_max: usize,
    ) -> Result<ResealedBatch<i64>, DocumentsError> {
        let keys = self.data_keys();
        let events = self
            .sent_events(doc! {"seq": {"$gt": after}}, events_max)
            .await?;
        let last = events
            .last()
            .filter(|_| events.len() == events_max)
            .map(|(seq, ..)| *seq);
        let mut sealed = 0;
        for (_, id, _, event) in events {
            if keys.is_stale_text(&event) {
                let anew = keys.seal_text(
                    &event_seal_context(id),
                    &keys.open_text(&event_seal_context(id), event.clone())?,
                );
                let of = doc! {"_id": uuid_to_bson(id), "event": event};
                let change = doc! {"$set": {"event": anew}};
                let done = self.collection(SENT).update_one(of, change).await?;
                sealed += usize::from(done.modified_count == 1);
            }
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// Deletes events sent before this time. The server interleaves other operations.
    async fn purge_sent(&self, before: UnixMillis) -> Result<u64, DocumentsError> {
        let old = doc! {"sent_at": {"$lt": before.0}};
        Ok(self.collection(SENT).delete_many(old).await?.deleted_count)
    }

    async fn purge_replays(&self, before: UnixMillis) -> Result<u64, DocumentsError> {
        let old = doc! {"done_at": {"$lt": before.0}};
        Ok(self
            .collection(REPLAYS)
            .delete_many(old)
            .await?
            .deleted_count)
    }

    async fn count_open_replays(&self) -> Result<u64, DocumentsError> {
        Ok(self.collection(REPLAYS).count_documents(is_open()).await?)
    }

    async fn add_replay(&self, new: &NewReplay<'_>) -> Result<(), DocumentsError> {
        let new = doc! {
            "_id": uuid_to_bson(new.id), "queue": new.queue, "since_ms": new.since_ms.0,
            "done_seq": new.done_seq, "last_seq": new.last_seq, "sent": new.sent,
            "asked_by": uuid_to_bson(new.asked_by.0), "asked_at": new.asked_at.0, "done_at": Bson::Null,
        };
        self.collection(REPLAYS).insert_one(new).await?;
        Ok(())
    }

    async fn list_replays(&self, replays_max: usize) -> Result<Vec<Replay>, DocumentsError> {
        let newest = doc! {"asked_at": -1, "_id": 1};
        let replays = self.collection(REPLAYS);
        let found = replays.find(doc! {}).sort(newest);
        let mut found = found
            .limit(i64::try_from(replays_max).unwrap_or(i64::MAX))
            .await?;
        let mut newest = Vec::new();
        while found.advance().await? {
            newest.push(decode_replay(&found.deserialize_current()?)?);
        }
        Ok(newest)
    }

    /// The oldest open replay.
    async fn open_replay(&self) -> Result<Option<Replay>, DocumentsError> {
        let oldest = doc! {"asked_at": 1, "_id": 1};
        let found = self
            .collection(REPLAYS)
            .find_one(is_open())
            .sort(oldest)
            .await?;
        found.as_ref().map(decode_replay).transpose()
    }

    /// Replicas that briefly overlap may send a batch twice, but count it once.
    async fn advance_replay(
        &self,
        replay: &Replay,
        done_seq: i64,
        sent: usize,
        done_at: Option<UnixMillis>,
    ) -> Result<(), DocumentsError> {
        let sent = i64::try_from(sent).unwrap_or(i64::MAX);
        let of = doc! {"_id": uuid_to_bson(replay.id), "done_seq": replay.done_seq};
        let set = doc! {"done_seq": done_seq, "done_at": done_at.map(|at| at.0)};
        let change = doc! {"$set": set, "$inc": {"sent": sent}};
        self.collection(REPLAYS).update_one(of, change).await?;
        Ok(())
    }

    /// In the order they were sent.
    async fn sent_events(
        &self,
        wanted: Document,
        events_max: usize,
    ) -> Result<Vec<(i64, Uuid, UnixMillis, String)>, DocumentsError> {
        let sent = self.collection(SENT);
        let finding = sent.find(wanted).sort(doc! {"seq": 1});
        let finding = finding.hint(Hint::Name(IN_ORDER.to_owned()));
        let mut found = finding
            .limit(i64::try_from(events_max).unwrap_or(i64::MAX))
            .await?;
        let mut events = Vec::new();
        while found.advance().await? {
            let event: Document = found.deserialize_current()?;
            let seq = read_int(&event, "seq", SENT)?;
            let made_at = read_int(&event, "made_at", SENT)?;
            let stored = read_text(&event, "event", SENT)?;
            events.push((seq, id(&event, "_id", SENT)?, UnixMillis(made_at), stored));
        }
        Ok(events)
    }
}

/// The relay has read the event before, so an unreadable one does not arrive here.
fn order_of_json(json: &str) -> Option<OrderId> {
    serde_json::from_str::<Event>(json).ok()?.order_id()
}

fn is_open() -> Document {
    doc! {"done_at": Bson::Null}
}

fn decode_replay(stored: &Document) -> Result<Replay, DocumentsError> {
    Ok(Replay {
        id: id(stored, "_id", REPLAYS)?,
        queue: read_text(stored, "queue", REPLAYS)?,
        since_ms: UnixMillis(read_int(stored, "since_ms", REPLAYS)?),
        done_seq: read_int(stored, "done_seq", REPLAYS)?,
        last_seq: read_int(stored, "last_seq", REPLAYS)?,
        sent: read_int(stored, "sent", REPLAYS)?,
        asked_by: UserId(id(stored, "asked_by", REPLAYS)?),
        asked_at: UnixMillis(read_int(stored, "asked_at", REPLAYS)?),
        done_at: stored.get_i64("done_at").ok().map(UnixMillis),
    })
}

pub(super) fn read_int(stored: &Document, key: &str, of: &str) -> Result<i64, DocumentsError> {
    stored
        .get_i64(key)
        .map_err(|error| DocumentsError::shape_error(of, &error))
}

pub(super) fn read_text(stored: &Document, key: &str, of: &str) -> Result<String, DocumentsError> {
    let text = stored
        .get_str(key)
        .map_err(|error| DocumentsError::shape_error(of, &error));
    text.map(str::to_owned)
}

pub(super) fn id(stored: &Document, key: &str, of: &str) -> Result<Uuid, DocumentsError> {
    match stored.get(key) {
        Some(Bson::Binary(id)) => {
            Uuid::from_slice(&id.bytes).map_err(|error| DocumentsError::shape_error(of, &error))
        }
        _ => Err(DocumentsError::shape_error(
            of,
            &format!("`{key}` is not an id"),
        )),
    }
}
