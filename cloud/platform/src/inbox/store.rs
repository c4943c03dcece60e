//! The inbox's statements.

use wire::{EventId, UnixMillis};

use crate::{
    sql::{SqlError, Tx},
    vals,
};

const TAKE: &str = "INSERT INTO inbox (consumer, event_id, at) VALUES (?, ?, ?)";

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
