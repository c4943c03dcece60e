//! The events about one order, waiting and sent, and the receipts of consumers, for an operator's
//! trace.
//!
//! Invariant: each read is bounded and uses an index. Events without an order id, which an earlier
//! version wrote, are not found.

use std::collections::HashSet;

use mongodb::{
    bson::{Document, doc},
    options::Hint,
};
use uuid::Uuid;
use wire::{Event, EventId, OrderId, UnixMillis};

use super::{
    outbox::WAITING_MAX,
    sent_events::{OF_ORDER, SENT, id, read_int, read_text},
};
use crate::{
    documents::{DocumentsError, Mongo, mongo::uuid_to_bson},
    ledger::Database,
    sealing::DataKeys,
    sql::{
        NAMES_MAX, Sql, SqlError, Val,
        events::{event_seal_context, open_event},
        in_list, split_batches,
    },
    vals,
};

/// The hint keeps MySQL from walking the primary key backwards while its statistics are old. SQLite
/// treats it as a comment.
const EVENTS: &str = "SELECT event_id, made_at, sent_at, event FROM outbox \
    /*! FORCE INDEX (outbox_order) */ WHERE order_id = ? ORDER BY seq DESC LIMIT ?";
const RECEIPTS: &str = "SELECT event_id, at FROM inbox WHERE consumer = ? AND event_id IN (";

pub struct StoredOrderEvent {
    pub event: Event,
    pub made_at: UnixMillis,
    pub sent_at: Option<UnixMillis>,
}

/// The order's newest events, newest first.
pub async fn find_order_events(
    database: &Database,
    order: OrderId,
    events_max: usize,
) -> Result<Vec<StoredOrderEvent>, DocumentsError> {
    match database {
        Database::Sql(sql) => {
            let rows: Vec<(Uuid, UnixMillis, Option<UnixMillis>, String)> =
                sql.fetch_all(EVENTS, vals![order, events_max]).await?;
            let keys = sql.data_keys();
            let events = rows.into_iter().map(|(id, made_at, sent_at, stored)| {
                let event = parse_event(&open_event(keys, id, stored)?)?;
                Ok(StoredOrderEvent {
                    event,
                    made_at,
                    sent_at,
                })
            });
            events.collect()
        }
        Database::Mongo(mongo) => mongo.find_order_events(order, events_max).await,
    }
}

/// The times at which `consumer` recorded these events. No part with documents on MongoDB records
/// any.
pub async fn find_receipts(
    database: &Database,
    consumer: &str,
    events: &[EventId],
) -> Result<Vec<(EventId, UnixMillis)>, DocumentsError> {
    match database {
        Database::Sql(sql) => Ok(find_inbox_rows(sql, consumer, events).await?),
        Database::Mongo(_) => Ok(Vec::new()),
    }
}

async fn find_inbox_rows(
    sql: &Sql,
    consumer: &str,
    events: &[EventId],
) -> Result<Vec<(EventId, UnixMillis)>, SqlError> {
    let mut receipts = Vec::new();
    for part in split_batches(events, NAMES_MAX) {
        let mut values = vals![consumer];
        values.extend(part.iter().map(|id| Val::from(*id)));
        let rows: Vec<(EventId, UnixMillis)> = sql
            .fetch_all(in_list(RECEIPTS, part.len(), ")"), values)
            .await?;
        receipts.extend(rows);
    }
    Ok(receipts)
}

fn parse_event(json: &str) -> Result<Event, DocumentsError> {
    serde_json::from_str(json).map_err(|error| DocumentsError::shape_error("events", &error))
}

impl Mongo {
    async fn find_order_events(
        &self,
        order: OrderId,
        events_max: usize,
    ) -> Result<Vec<StoredOrderEvent>, DocumentsError> {
        // First, because the relay moves an event from its document to the sent ones.
        let waiting = self.find_waiting_events(order).await?;
        let mut events = self.find_sent_events(order, events_max).await?;
        let sent: HashSet<EventId> = events.iter().map(|sent| sent.event.id).collect();
        let waiting = waiting
            .into_iter()
            .filter(|waiting| !sent.contains(&waiting.event.id));
        let mut newest: Vec<StoredOrderEvent> = waiting.rev().collect();
        newest.append(&mut events);
        newest.truncate(events_max);
        Ok(newest)
    }

    /// Oldest first.
    async fn find_waiting_events(
        &self,
        order: OrderId,
    ) -> Result<Vec<StoredOrderEvent>, DocumentsError> {
        let collections = self.list_event_collections().await?;
        let mut events = Vec::new();
        for waiting in self.unsent_events(&collections, WAITING_MAX).await? {
            let event = parse_event(&waiting.open_event(self)?)?;
            if event.order_id() == Some(order) {
                events.push(StoredOrderEvent {
                    event,
                    made_at: UnixMillis(waiting.at),
                    sent_at: None,
                });
            }
        }
        Ok(events)
    }

    /// Newest first.
    async fn find_sent_events(
        &self,
        order: OrderId,
        events_max: usize,
    ) -> Result<Vec<StoredOrderEvent>, DocumentsError> {
        let sent = self.collection(SENT);
        let of_order = doc! {"order_id": uuid_to_bson(order.0)};
        let finding = sent.find(of_order).sort(doc! {"order_id": -1, "seq": -1});
        let finding = finding.hint(Hint::Name(OF_ORDER.to_owned()));
        let mut found = finding
            .limit(i64::try_from(events_max).unwrap_or(i64::MAX))
            .await?;
        let mut events = Vec::new();
        while found.advance().await? {
            let stored: Document = found.deserialize_current()?;
            events.push(decode_sent_event(&stored, self.data_keys())?);
        }
        Ok(events)
    }
}

fn decode_sent_event(
    stored: &Document,
    keys: &DataKeys,
) -> Result<StoredOrderEvent, DocumentsError> {
    let place = event_seal_context(id(stored, "_id", SENT)?);
    let json = keys.open_text(&place, read_text(stored, "event", SENT)?)?;
    Ok(StoredOrderEvent {
        event: parse_event(&json)?,
        made_at: UnixMillis(read_int(stored, "made_at", SENT)?),
        sent_at: Some(UnixMillis(read_int(stored, "sent_at", SENT)?)),
    })
}
