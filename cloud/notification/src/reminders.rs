//! Owns reminders: the customer of an order that was completed unpaid, as work from a cut-off edge
//! may be, is asked to pay once a day until it is paid, or until the payment service puts the order
//! before a person.
//!
//! Invariant: a reminder has an id that follows from the completion and its number, so it is told
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
/// On the day behind the last, the payment service makes a case of the order.
const REMINDERS_MAX: i64 = 13;
const BATCH: usize = 100;
/// Of one run. The rest comes with the next.
const BATCHES_MAX: usize = 20;

#[derive(Clone)]
pub struct Reminders {
    pub inboxes: InboxStore,
    pub deliveries: Mailings,
    pub clock: Clock,
}

/// Begins or ends the reminding of the event's order, where it is about that.
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
    /// Tells all that are due. Returns how many.
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
        // Days that passed while nobody ran the job are not made up for.
        let next = due_at.plus_ms(DAY_MS).max(now.plus_ms(DAY_MS / 2));
        self.inboxes.reminded(due, (told + 1 < REMINDERS_MAX).then_some(next)).await
    }
}

/// The line of a reminder, from the one of the completion.
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

/// An id of its own that every run makes again.
fn numbered(event: EventId, number: i64) -> EventId {
    let number = u128::from(number.unsigned_abs());
    EventId(Uuid::from_u128(event.0.as_u128().wrapping_add(number)))
}

#[cfg(test)]
mod tests;
