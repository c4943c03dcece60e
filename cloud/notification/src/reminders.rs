//! Payment reminders: if an order is completed unpaid, as offline work may be, its customer is
//! reminded daily until they pay or the payment service opens a case.
//!
//! Invariant: a reminder's id derives from the completion event and its number, so each is sent
//! once, however often the job runs.

use platform::{
    consume::HandleError,
    documents::{Document, DocumentsError},
};
use process::clock::Clock;
use serde::Deserialize;
use uuid::Uuid;
use wire::{
    Event, EventId, EventType, OrderEvent, OrderId, OrderStatus, PaymentStatus, Role, UnixMillis,
};

use crate::{
    delivery::Mailings,
    domain::{InboxLine, InboxOwner, LineId, Params},
    store::{InboxStore, Reminder},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The payment service opens a case on the day after the last reminder.
const REMINDERS_MAX: i64 = 13;
const BATCH: usize = 100;
/// Per run; the next run takes the rest.
const BATCHES_MAX: usize = 20;

#[derive(Clone)]
pub struct Reminders {
    pub inboxes: InboxStore,
    pub deliveries: Mailings,
    pub clock: Clock,
}

/// Begins or ends the reminder of the event's order.
pub async fn hear(store: &InboxStore, event: &Event) -> Result<(), HandleError> {
    if !matches!(event.kind, EventType::OrderCompleted | EventType::OrderStatusChanged) {
        return Ok(());
    }
    let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
    let is_paid = order.payment_status != PaymentStatus::Unpaid;
    let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    match event.kind {
        EventType::OrderCompleted if !is_paid => {
            let due_at = event.at.plus_ms(DAY_MS);
            let told = (order.customer_id, event.id);
            Ok(store.begin_reminding(order.id, told, (event.at, due_at)).await?)
        }
        EventType::OrderStatusChanged if is_done && is_paid => {
            Ok(store.end_reminding(order.id, event.at).await?)
        }
        _ => Ok(()),
    }
}

impl Reminders {
    /// Returns the number sent.
    pub async fn tell_due(&self) -> Result<usize, DocumentsError> {
        let (now, mut told) = (self.clock.now(), 0);
        for _ in 0..BATCHES_MAX {
            let due = self.inboxes.due_reminders(now, BATCH).await?;
            for reminder in &due {
                self.tell(reminder, now).await?;
            }
            told += due.len();
            if due.len() < BATCH {
                break;
            }
        }
        Ok(told)
    }

    async fn tell(&self, due: &Document<Reminder>, now: UnixMillis) -> Result<(), DocumentsError> {
        let Reminder { customer_id, event_id, told, due_at, .. } = due.body;
        let owner = InboxOwner { user_id: customer_id, role: Role::Customer };
        let Some(completed) = self.inboxes.line_of(owner, event_id).await? else {
            tracing::warn!(order.id = %OrderId(due.id), "A completion without its line reminds nobody");
            return self.inboxes.reminded(due, None).await;
        };
        let line = reminding(completed.line, told + 1, now);
        if self.inboxes.add(LineId(self.clock.new_id()), &line).await? {
            tracing::info!(user.id = %customer_id, order.id = %OrderId(due.id), "Reminded of an unpaid order");
        }
        self.deliveries.plan(std::iter::once(&line)).await?;
        // Do not catch up on missed days.
        let next = due_at.plus_ms(DAY_MS).max(now.plus_ms(DAY_MS / 2));
        self.inboxes.reminded(due, (told + 1 < REMINDERS_MAX).then_some(next)).await
    }
}

/// Derives the line from the completion's line.
fn reminding(completed: InboxLine, number: i64, now: UnixMillis) -> InboxLine {
    let params = match completed.params {
        Params::Order(mut order) => {
            order.reminds = true;
            Params::Order(order)
        }
        other => other,
    };
    let event_id = numbered(completed.event_id, number);
    InboxLine { event_id, params, created_at: now, ..completed }
}

/// Deterministic, so every run gets the same id.
fn numbered(event: EventId, number: i64) -> EventId {
    let number = u128::from(number.unsigned_abs());
    EventId(Uuid::from_u128(event.0.as_u128().wrapping_add(number)))
}

#[cfg(test)]
mod tests;
