//! The outbox's statements.

use wire::Event;

use crate::{
    sql::{SqlError, Tx},
    vals,
};

const ADD: &str = "INSERT INTO outbox (event_id, event, made_at) VALUES (?, ?, ?)";

/// Writes an event to leave after the commit of `tx`.
pub async fn add(tx: &mut Tx, event: &Event) -> Result<(), SqlError> {
    // An event is made of words that always have a text; were one without, the relay would set it
    // aside as unreadable.
    let text = serde_json::to_string(event).unwrap_or_default();
    tx.exec(ADD, vals![event.id, text, event.at]).await?;
    Ok(())
}
