//! Sent events of a MongoDB database, and their replays: the counterparts of sent outbox rows and
//! of the table `replays`.
//!
//! Invariant: the relay stores an event here before it removes it from its document, and only once,
//! however often it retries.

use mongodb::{
    IndexModel,
    bson::{Bson, Document, doc},
    options::{Hint, IndexOptions, ReturnDocument},
};
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use super::{
    DocumentEvent, DocumentsError, Mongo,
    error::find_duplicates,
    mongo::{LEASES, uuid_to_bson},
};
use crate::{
    outbox::{
        replay::Replay,
        store::{event_seal_context, replays::NewReplay},
    },
    sealing::ResealedBatch,
};

pub(super) const SENT: &str = "_sent";
pub(super) const REPLAYS: &str = "_replays";
/// The order of sending. A replay skips events that are too old within the index.
pub(super) const IN_ORDER: &str = "in_order";
pub(super) const OLDEST: &str = "oldest";
pub(super) const UNDER_WAY: &str = "under_way";

impl Mongo {
    pub(super) async fn index_sent(&self) -> Result<(), DocumentsError> {
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
        Ok(())
    }

    /// Stores sent events in order, numbered by a counter in the relay's lease document.
    pub(crate) async fn keep_sent(
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
            let text = self
                .data_keys()
                .seal_text(&event_seal_context(event.id), &event.open_event(self)?);
            kept.push(doc! {
                "_id": uuid_to_bson(event.id), "seq": seq, "made_at": event.at, "sent_at": now.0, "event": text,
            });
        }
        match self.collection(SENT).insert_many(kept).ordered(false).await {
            // A duplicate: a relay crashed before it removed the event from its document.
            Err(error) => find_duplicates(error).map(drop),
            Ok(_) => Ok(()),
        }
    }

    pub(crate) async fn last_sent(&self) -> Result<i64, DocumentsError> {
        let last = self
            .collection(SENT)
            .find_one(doc! {})
            .sort(doc! {"seq": -1})
            .await?;
        last.map_or(Ok(0), |last| read_int(&last, "seq", SENT))
    }

    /// The next events of a replay: number, id, time and sealed text.
    pub(crate) async fn replay_batch(
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
    pub(crate) async fn reseal_sent(
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
    pub(crate) async fn purge_sent(&self, before: UnixMillis) -> Result<u64, DocumentsError> {
        let old = doc! {"sent_at": {"$lt": before.0}};
        Ok(self.collection(SENT).delete_many(old).await?.deleted_count)
    }

    pub(crate) async fn purge_replays(&self, before: UnixMillis) -> Result<u64, DocumentsError> {
        let old = doc! {"done_at": {"$lt": before.0}};
        Ok(self
            .collection(REPLAYS)
            .delete_many(old)
            .await?
            .deleted_count)
    }

    pub(crate) async fn count_open_replays(&self) -> Result<u64, DocumentsError> {
        Ok(self.collection(REPLAYS).count_documents(open()).await?)
    }

    pub(crate) async fn add_replay(&self, new: &NewReplay<'_>) -> Result<(), DocumentsError> {
        let new = doc! {
            "_id": uuid_to_bson(new.id), "queue": new.queue, "since_ms": new.since_ms.0,
            "done_seq": new.done_seq, "last_seq": new.last_seq, "sent": new.sent,
            "asked_by": uuid_to_bson(new.asked_by.0), "asked_at": new.asked_at.0, "done_at": Bson::Null,
        };
        self.collection(REPLAYS).insert_one(new).await?;
        Ok(())
    }

    pub(crate) async fn list_replays(
        &self,
        replays_max: usize,
    ) -> Result<Vec<Replay>, DocumentsError> {
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
    pub(crate) async fn open_replay(&self) -> Result<Option<Replay>, DocumentsError> {
        let oldest = doc! {"asked_at": 1, "_id": 1};
        let found = self
            .collection(REPLAYS)
            .find_one(open())
            .sort(oldest)
            .await?;
        found.as_ref().map(decode_replay).transpose()
    }

    /// Replicas that briefly overlap may send a batch twice, but count it once.
    pub(crate) async fn advance_replay(
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

fn open() -> Document {
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

fn read_int(stored: &Document, key: &str, of: &str) -> Result<i64, DocumentsError> {
    stored
        .get_i64(key)
        .map_err(|error| DocumentsError::shape_error(of, &error))
}

fn read_text(stored: &Document, key: &str, of: &str) -> Result<String, DocumentsError> {
    let text = stored
        .get_str(key)
        .map_err(|error| DocumentsError::shape_error(of, &error));
    text.map(str::to_owned)
}

fn id(stored: &Document, key: &str, of: &str) -> Result<Uuid, DocumentsError> {
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
