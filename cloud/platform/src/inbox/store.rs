//! The inbox's statements.

use std::collections::HashSet;

use wire::{EventId, UnixMillis};

use super::KEPT_MS;
use crate::{
    columns,
    sql::{Sql, SqlError, Tx},
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

/// Whether `consumer` sees this event for the first time. The row stands or falls with `tx`.
pub async fn first_time(
    tx: &mut Tx,
    consumer: &str,
    event_id: EventId,
    at: UnixMillis,
) -> Result<bool, SqlError> {
    tx.insert_new(InboxRow { consumer, event_id, at }).await
}

/// Which of these `consumer` has seen before.
pub async fn known(
    tx: &mut Tx,
    consumer: &str,
    events: &[EventId],
) -> Result<HashSet<EventId>, SqlError> {
    Ok(tx.all_named(KNOWN, &vals![consumer], events, ")").await?.into_iter().collect())
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
