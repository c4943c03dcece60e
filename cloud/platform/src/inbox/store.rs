//! The inbox's statements.

use wire::{EventId, UnixMillis};

use crate::{
    sql::{Sql, SqlError, Tx},
    vals,
};

const TAKE: &str = "INSERT INTO inbox (consumer, event_id, at) VALUES (?, ?, ?)";
const PURGE: &str = "DELETE FROM inbox WHERE at < ?";

/// Longer than an event can wait in an outbox, a queue or among the dead letters before a person
/// looks: what is forgotten here and comes again would be taken for new.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Whether `consumer` sees this event for the first time. The row stands or falls with `tx`.
pub async fn first_time(
    tx: &mut Tx,
    consumer: &str,
    event: EventId,
    now: UnixMillis,
) -> Result<bool, SqlError> {
    match tx.exec(TAKE, vals![consumer, event, now]).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unique() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Forgets what was taken in long ago.
pub(crate) async fn purge(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
