//! The events that a transaction publishes and processes: rows of the outbox and of the inbox.
//!
//! Invariants: the transaction that causes an event writes it to the outbox, so neither exists
//! without the other. The inbox remembers the events that a consumer has processed, so that a
//! redelivery changes nothing. Documents use `Collection::change_once` instead.

use std::collections::HashSet;

use planted::{Defect, is_planted};
use uuid::Uuid;
use wire::{Event, EventId, OrderId, UnixMillis};

use super::{Columns, KeyColumn, SealedColumn, SealedTable, Sql, SqlError, Tx};
use crate::{
    columns,
    sealing::{DataKeys, SealContext, SealError},
    vals,
};

const COUNT_UNSENT_OF: &str = "SELECT COUNT(*) FROM outbox WHERE document = ? AND sent_at IS NULL";
const UNSENT_SINCE: &str = "SELECT MIN(made_at) FROM outbox WHERE sent_at IS NULL";
const KNOWN: &str = "SELECT event_id FROM inbox WHERE consumer = ? AND event_id IN (";
const PURGE: &str = "DELETE FROM inbox WHERE at < ?";

const EVENT: SealedColumn =
    SealedColumn::text("event", "outbox.event", &[KeyColumn::Id("event_id")]);

pub(crate) const OUTBOX: SealedTable = SealedTable {
    label: "outbox",
    name: "outbox",
    key: &[KeyColumn::Number("seq")],
    part: None,
    columns: &[EVENT],
};

columns! {
    struct OutboxRow in outbox sealed by OUTBOX {
        event_id: EventId,
        event: String,
        made_at: UnixMillis,
        order_id: Option<OrderId>,
    }
}

columns! {
    /// Only SQLite stores documents next to an outbox.
    struct DocumentEventRow<'a> in outbox sealed by OUTBOX {
        event_id: EventId,
        event: String,
        made_at: UnixMillis,
        order_id: Option<OrderId>,
        document: &'a str,
    }
}

columns! {
    struct InboxRow<'a> in inbox {
        consumer: &'a str,
        event_id: EventId,
        at: UnixMillis,
    }
}

/// Longer than an event can wait in an outbox, a queue or the dead letters before a person looks. A
/// later redelivery would count as new.
pub(crate) const INBOX_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Writes an event for publication after `tx` commits.
pub async fn add(tx: &mut Tx, event: &Event) -> Result<(), SqlError> {
    add_all(tx, std::slice::from_ref(event)).await
}

/// Like [`add`] for many events, published in order.
pub async fn add_all(tx: &mut Tx, events: &[Event]) -> Result<(), SqlError> {
    if events.is_empty() || is_planted(Defect::NoOutboxRow) {
        return Ok(());
    }
    insert(tx, events, |of, event| OutboxRow {
        event_id: of.id,
        event,
        made_at: of.at,
        order_id: of.order_id(),
    })
    .await
}

/// Writes events together with their document; they are published after `tx` commits.
pub(crate) async fn add_for_document(
    tx: &mut Tx,
    document: &str,
    events: &[Event],
) -> Result<(), SqlError> {
    insert(tx, events, |of, event| DocumentEventRow {
        event_id: of.id,
        event,
        made_at: of.at,
        order_id: of.order_id(),
        document,
    })
    .await
}

/// `row` receives the event and its JSON.
async fn insert<R: Columns>(
    tx: &mut Tx,
    events: &[Event],
    row: impl Fn(&Event, String) -> R,
) -> Result<(), SqlError> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let json = serde_json::to_string(event).map_err(SqlError::Encode)?;
        rows.push(row(event, json));
    }
    tx.insert_all(rows).await?;
    tx.wakes_relay();
    Ok(())
}

pub(crate) async fn count_unsent_of_document(tx: &mut Tx, document: &str) -> Result<u64, SqlError> {
    Ok(tx
        .fetch_optional(COUNT_UNSENT_OF, vals![document])
        .await?
        .unwrap_or_default())
}

/// When the oldest unsent event was written.
pub async fn unsent_since(sql: &Sql) -> Result<Option<UnixMillis>, SqlError> {
    Ok(sql
        .fetch_optional::<Option<UnixMillis>>(UNSENT_SINCE, vals![])
        .await?
        .flatten())
}

pub(crate) fn open_event(keys: &DataKeys, id: Uuid, stored: String) -> Result<String, SealError> {
    keys.open_text(&event_seal_context(id), stored)
}

/// Also used for sent events on MongoDB.
pub(crate) fn event_seal_context(event: Uuid) -> SealContext {
    EVENT.context(&vals![event])
}

/// Records the event with `tx`; returns true if it is new to `consumer`.
pub async fn first_time(
    tx: &mut Tx,
    consumer: &str,
    event_id: EventId,
    at: UnixMillis,
) -> Result<bool, SqlError> {
    tx.insert_new(InboxRow {
        consumer,
        event_id,
        at,
    })
    .await
}

/// The subset that `consumer` has processed before.
pub async fn find_recorded(
    tx: &mut Tx,
    consumer: &str,
    events: &[EventId],
) -> Result<HashSet<EventId>, SqlError> {
    Ok(tx
        .all_named(KNOWN, &vals![consumer], events, ")")
        .await?
        .into_iter()
        .collect())
}

/// Records new events of `consumer`; fails if one is not new.
pub async fn record_events(
    tx: &mut Tx,
    consumer: &str,
    events: &[EventId],
    at: UnixMillis,
) -> Result<(), SqlError> {
    let rows = events.iter().map(|event_id| InboxRow {
        consumer,
        event_id: *event_id,
        at,
    });
    tx.insert_all(rows.collect()).await
}

/// Deletes inbox entries past their retention.
pub(crate) async fn purge_expired(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-INBOX_KEPT_MS)]).await
}
