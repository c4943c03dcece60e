//! Reads, redrives and drops dead letters of the embedded bus, and replays events to one queue.

use rusqlite::Connection;
use wire::{Event, UnixMillis};

use super::{EmbeddedBus, NewMessage, message_seal_context};
use crate::bus::{
    BusError, DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection,
    letters::LETTERS_MAX,
    store::{self, MessageRow},
};

impl EmbeddedBus {
    pub(in crate::bus) async fn read_dead_letters(
        &self,
        queue: &str,
        letters_max: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let queue = self.find_queue(queue)?;
        let rows = self.read_page(&queue, 0, letters_max).await?;
        Ok(rows
            .into_iter()
            .map(|row| self.to_dead_letter(row))
            .collect())
    }

    pub(in crate::bus) async fn settle_letters(
        &self,
        letter_box: &DeadLetterBox,
        choice: &DeadLetterSelection,
        action: DeadLetterAction,
    ) -> Result<u64, BusError> {
        let from = self.find_queue(&letter_box.queue_name())?;
        let _moving = from.moving.lock().await;
        let rows = self.read_page(&from, 0, LETTERS_MAX).await?;
        let mut ids = Vec::new();
        let mut events = Vec::new();
        for row in rows {
            let event = event_of(&row);
            if !choice.includes_event(event.as_ref()) {
                continue;
            }
            match (action, letter_box, event) {
                // An unreadable event cannot be published; it may only be dropped.
                (DeadLetterAction::Redrive, DeadLetterBox::Unrouted(_), None) => continue,
                (DeadLetterAction::Redrive, DeadLetterBox::Unrouted(_), Some(event)) => {
                    events.push(event)
                }
                _ => {}
            }
            ids.push(row.id);
        }
        // Only tests consume dead letter queues; leave unsettled messages to their consumer.
        let (ids, _) = from.take_out(&ids);
        let count = ids.len() as u64;
        match (action, letter_box) {
            (DeadLetterAction::Redrive, DeadLetterBox::Dead(name)) => {
                let to = self.find_queue(name)?;
                self.write(move |conn: &Connection| {
                    to.mark_filled();
                    store::move_to_queue(conn, &ids, to.id)
                })
                .await?;
            }
            (DeadLetterAction::Redrive, DeadLetterBox::Unrouted(_)) => {
                if let Some(error) = self.publish_all(&events).await.error {
                    return Err(error);
                }
                self.write(move |conn: &Connection| store::remove(conn, &ids))
                    .await?;
            }
            (DeadLetterAction::Drop, _) => {
                self.write(move |conn: &Connection| store::remove(conn, &ids))
                    .await?;
            }
        }
        Ok(count)
    }

    pub(in crate::bus) async fn replay_events(
        &self,
        queue: &str,
        events: &[Event],
    ) -> Result<(), BusError> {
        let queue = self.find_queue(queue)?;
        let expires_at = queue.expires_at(self.0.clock.now().0);
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let json = serde_json::to_vec(event)?;
            let body = self.0.keys.seal(&message_seal_context(), &json);
            rows.push(NewMessage {
                queue: queue.clone(),
                body: body.into(),
                expires_at,
            });
        }
        self.insert_messages(rows).await
    }

    fn to_dead_letter(&self, row: MessageRow) -> DeadLetter {
        let event = event_of(&row);
        // A reason sealed under a lost key is lost.
        let reason = row
            .reason
            .and_then(|reason| self.0.keys.open(&message_seal_context(), reason).ok());
        let reason = reason.map(|reason| String::from_utf8_lossy(&reason).into_owned());
        let at = row.died_at.map(UnixMillis);
        DeadLetter {
            event,
            reason: reason.unwrap_or_default(),
            at,
        }
    }
}

fn event_of(row: &MessageRow) -> Option<Event> {
    serde_json::from_slice(&row.body).ok()
}
