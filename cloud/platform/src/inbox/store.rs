//! The inbox's SQL statements.

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

/// Deletes entries past their retention.
pub(crate) async fn purge_expired(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
