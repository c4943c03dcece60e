//! Messages that leave a queue: settled ones are removed, expired ones become dead letters.
//! Publishers and consumers trigger this while they work; a bus without them has nothing to clean
//! up. Also reads, redrives and drops dead letters, and replays events to one queue.

use std::sync::atomic::Ordering;

use process::metrics;
use rusqlite::Connection;
use wire::{Event, UnixMillis};

use super::{
    EmbeddedBus, NewMessage, message_seal_context,
    queue::LocalQueue,
    store::{self, MessageRow},
};
use crate::bus::{
    BusError,
    dead_letters::{DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, LETTERS_MAX},
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

/// Interval between sweeps for expired messages.
const SWEEP_EVERY_MS: u64 = 1_000;
const SWEEP_MAX: i64 = 1_000;
/// The reason of an expired dead letter, same as RabbitMQ's.
const EXPIRED: &str = "expired";

impl EmbeddedBus {
    pub(super) async fn remove_settled(&self, queue: &LocalQueue) -> Result<(), BusError> {
        let ids = queue.settled_ids();
        if ids.is_empty() {
            return Ok(());
        }
        let ids = self
            .write(move |conn| store::remove(conn, &ids).map(|()| ids))
            .await?;
        queue.forget_settled(&ids);
        Ok(())
    }

    pub(super) async fn move_to_dead(
        &self,
        queue: &LocalQueue,
        ids: Vec<i64>,
        reason: &str,
    ) -> Result<(), BusError> {
        let dead = queue.dead_letter_queue_id();
        let dead = self
            .queues()
            .into_iter()
            .find(|queue| Some(queue.id) == dead);
        let now = self.0.clock.now().0;
        let reason = self.0.keys.seal(&message_seal_context(), reason.as_bytes());
        self.write(move |conn| match dead {
            Some(dead) => {
                dead.mark_filled();
                store::move_to_dead_letters(conn, &ids, dead.id, &reason, now)
            }
            // A dead letter that is dead-lettered again has no further queue.
            None => store::remove(conn, &ids),
        })
        .await
    }

    /// Moves expired messages to the dead letters.
    pub(super) async fn sweep_if_due(&self) -> Result<(), BusError> {
        let now = self.0.clock.now().0;
        let last = self.0.swept_at.load(Ordering::Relaxed);
        let due = now.abs_diff(last) >= SWEEP_EVERY_MS;
        let mine =
            self.0
                .swept_at
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        if !due || mine.is_err() {
            return Ok(());
        }
        let expired = self
            .read(move |conn| store::find_expired(conn, now, SWEEP_MAX))
            .await?;
        for queue in self.queues() {
            let own: Vec<i64> = expired
                .iter()
                .filter(|(_, at)| *at == queue.id)
                .map(|(id, _)| *id)
                .collect();
            if !own.is_empty() {
                self.expire_messages(&queue, &own).await?;
            }
        }
        Ok(())
    }

    async fn expire_messages(&self, queue: &LocalQueue, ids: &[i64]) -> Result<(), BusError> {
        let _moving = queue.moving.lock().await;
        let (ids, loaded) = queue.take_out(ids);
        if ids.is_empty() {
            return Ok(());
        }
        let count = ids.len();
        let moved = self.move_to_dead(queue, ids, EXPIRED).await;
        match &moved {
            Ok(()) => {
                metrics::BUS_DEAD_LETTERED.add([&queue.name], count as u64);
                tracing::warn!(
                    queue = queue.name,
                    count,
                    "Dead-lettered expired messages of `{}`",
                    queue.name
                );
            }
            Err(_) => queue.give_back(loaded),
        }
        moved
    }
}
