//! The inbox's statements.

use std::collections::HashSet;

use uuid::Uuid;
use wire::{EventId, UnixMillis};

use crate::{
    columns,
    sql::{NAMES_MAX, Sql, SqlError, Tx, in_list, parts},
    vals,
};

columns! {
    struct InboxRow<'a> in inbox {
        consumer: &'a str,
        event_id: EventId,
        at: UnixMillis,
    }
}

const KNOWN: &str = "SELECT event_id FROM inbox WHERE consumer = ? AND event_id IN (";
const PURGE: &str = "DELETE FROM inbox WHERE at < ?";

/// Longer than an event can wait in an outbox, a queue or among the dead letters before a person
/// looks: what is forgotten here and comes again would be taken for new.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Whether `consumer` sees this event for the first time. The row stands or falls with `tx`.
pub async fn first_time(
    tx: &mut Tx,
    consumer: &str,
    event_id: EventId,
    at: UnixMillis,
) -> Result<bool, SqlError> {
    match tx.insert(InboxRow { consumer, event_id, at }).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_unique() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Which of these `consumer` has seen before.
pub async fn known(
    tx: &mut Tx,
    consumer: &str,
    events: &[EventId],
) -> Result<HashSet<EventId>, SqlError> {
    let mut known = HashSet::new();
    for part in parts(events, NAMES_MAX) {
        let mut values = vals![consumer];
        values.extend(part.iter().map(|event| (*event).into()));
        let rows: Vec<(Uuid,)> = tx.all(in_list(KNOWN, part.len(), ")"), values).await?;
        known.extend(rows.into_iter().map(|(id,)| EventId(id)));
    }
    Ok(known)
}

/// Notes events that `consumer` has not seen before; where it has seen one, nothing can be noted.
pub async fn note(
    tx: &mut Tx,
    consumer: &str,
    events: &[EventId],
    at: UnixMillis,
) -> Result<(), SqlError> {
    let row = |event_id: &EventId| InboxRow { consumer, event_id: *event_id, at };
    tx.insert_all(events.iter().map(row).collect()).await
}

/// Forgets what was taken in long ago.
pub(crate) async fn purge(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
