//! Reads, redrives and drops dead letters of the embedded bus, and replays events to one queue.

use rusqlite::Connection;
use wire::{Event, UnixMillis};

use super::{Embedded, Row, place};
use crate::bus::{
    BusError, Letter, LetterAct, LetterBox, LetterChoice,
    letters::LETTERS_MAX,
    store::{self, MessageRow},
};

impl Embedded {
    pub(in crate::bus) async fn letters(
        &self,
        queue: &str,
        letters_max: usize,
    ) -> Result<Vec<Letter>, BusError> {
        let queue = self.queue(queue)?;
        let rows = self.page(&queue, 0, letters_max).await?;
        Ok(rows.into_iter().map(|row| self.letter(row)).collect())
    }

    pub(in crate::bus) async fn settle_letters(
        &self,
        of: &LetterBox,
        choice: &LetterChoice,
        act: LetterAct,
    ) -> Result<u64, BusError> {
        let from = self.queue(&of.queue())?;
        let _moving = from.moving.lock().await;
        let rows = self.page(&from, 0, LETTERS_MAX).await?;
        let (mut ids, mut events) = (Vec::new(), Vec::new());
        for row in rows {
            let event = event_of(&row);
            if !choice.takes(event.as_ref()) {
                continue;
            }
            match (act, of, event) {
                // An unreadable event cannot be published; it may only be dropped.
                (LetterAct::Redrive, LetterBox::Unrouted(_), None) => continue,
                (LetterAct::Redrive, LetterBox::Unrouted(_), Some(event)) => events.push(event),
                _ => {}
            }
            ids.push(row.id);
        }
        // Only tests consume dead letter queues; leave unsettled messages to their consumer.
        let (ids, _) = from.take_out(&ids);
        let count = ids.len() as u64;
        match (act, of) {
            (LetterAct::Redrive, LetterBox::Dead(name)) => {
                let to = self.queue(name)?;
                let moved = move |conn: &Connection| {
                    to.filled();
                    store::move_to(conn, &ids, to.id, (None, None))
                };
                self.write(moved).await?;
            }
            (LetterAct::Redrive, LetterBox::Unrouted(_)) => {
                if let Some(error) = self.publish_all(&events).await.error {
                    return Err(error);
                }
                self.write(move |conn: &Connection| store::remove(conn, &ids)).await?;
            }
            (LetterAct::Drop, _) => {
                self.write(move |conn: &Connection| store::remove(conn, &ids)).await?;
            }
        }
        Ok(count)
    }

    pub(in crate::bus) async fn replay(
        &self,
        queue: &str,
        events: &[Event],
    ) -> Result<(), BusError> {
        let queue = self.queue(queue)?;
        let expires_at = queue.expires_at(self.0.clock.now().0);
        let row = |event: &Event| {
            let body = self.0.keys.seal(&place(), &serde_json::to_vec(event)?);
            Ok(Row { queue: queue.clone(), body: body.into(), expires_at })
        };
        self.put(events.iter().map(row).collect::<Result<_, BusError>>()?).await
    }

    fn letter(&self, row: MessageRow) -> Letter {
        let event = event_of(&row);
        // A reason sealed under a lost key is lost.
        let reason = row.reason.and_then(|reason| self.0.keys.open(&place(), reason).ok());
        let reason = reason.map(|reason| String::from_utf8_lossy(&reason).into_owned());
        let at = row.died_at.map(UnixMillis);
        Letter { event, reason: reason.unwrap_or_default(), at }
    }
}

fn event_of(row: &MessageRow) -> Option<Event> {
    serde_json::from_slice(&row.body).ok()
}
