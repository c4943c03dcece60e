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
    delivery::NotificationDispatcher,
    domain::{InboxLine, InboxOwner, LineId, LineParams},
    store::{InboxStore, PaymentReminder},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The payment service opens a case on the day after the last reminder.
const REMINDERS_MAX: i64 = 13;
const BATCH: usize = 100;
/// Per run; the next run takes the rest.
const BATCHES_MAX: usize = 20;

#[derive(Clone)]
pub(crate) struct PaymentReminders {
    pub inboxes: InboxStore,
    pub dispatcher: NotificationDispatcher,
    pub clock: Clock,
}

/// Begins or ends the reminder of the event's order.
pub(crate) async fn apply_order_event(
    store: &InboxStore,
    event: &Event,
) -> Result<(), HandleError> {
    if !matches!(
        event.kind,
        EventType::OrderCompleted | EventType::OrderStatusChanged
    ) {
        return Ok(());
    }
    let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
    let is_paid = order.payment_status != PaymentStatus::Unpaid;
    let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    match event.kind {
        EventType::OrderCompleted if !is_paid => {
            let due_at = event.at.plus_ms(DAY_MS);
            Ok(store
                .start_reminder(order.id, order.customer_id, event.id, event.at, due_at)
                .await?)
        }
        EventType::OrderStatusChanged if is_done && is_paid => {
            Ok(store.stop_reminder(order.id, event.at).await?)
        }
        _ => Ok(()),
    }
}

impl PaymentReminders {
    /// Returns the number sent.
    pub(crate) async fn send_due_reminders(&self) -> Result<usize, DocumentsError> {
        let now = self.clock.now();
        let mut told = 0;
        for _ in 0..BATCHES_MAX {
            let due = self.inboxes.find_due_reminders(now, BATCH).await?;
            for reminder in &due {
                self.send_reminder(reminder, now).await?;
            }
            told += due.len();
            if due.len() < BATCH {
                break;
            }
        }
        Ok(told)
    }

    async fn send_reminder(
        &self,
        due: &Document<PaymentReminder>,
        now: UnixMillis,
    ) -> Result<(), DocumentsError> {
        let PaymentReminder {
            customer_id,
            event_id,
            told,
            due_at,
            ..
        } = due.body;
        let owner = InboxOwner {
            user_id: customer_id,
            role: Role::Customer,
        };
        let Some(completed) = self.inboxes.find_line_of_event(owner, event_id).await? else {
            tracing::warn!(order.id = %OrderId(due.id), "Dropped a payment reminder: the completed order has no inbox line");
            return self.inboxes.record_reminder(due, None).await;
        };
        let line = reminder_line(completed.line, told + 1, now);
        if self
            .inboxes
            .add_line(LineId(self.clock.new_id()), &line)
            .await?
        {
            tracing::info!(user.id = %customer_id, order.id = %OrderId(due.id), "Reminded a customer of an unpaid order");
        }
        self.dispatcher
            .plan_deliveries(std::iter::once(&line))
            .await?;
        // Do not catch up on missed days.
        let next = due_at.plus_ms(DAY_MS).max(now.plus_ms(DAY_MS / 2));
        self.inboxes
            .record_reminder(due, (told + 1 < REMINDERS_MAX).then_some(next))
            .await
    }
}

/// Derives the line from the completion's line.
fn reminder_line(completed: InboxLine, number: i64, now: UnixMillis) -> InboxLine {
    let params = match completed.params {
        LineParams::Order(mut order) => {
            order.reminds = true;
            LineParams::Order(order)
        }
        other => other,
    };
    let event_id = reminder_event_id(completed.event_id, number);
    InboxLine {
        event_id,
        params,
        created_at: now,
        ..completed
    }
}

/// Deterministic, so every run gets the same id.
fn reminder_event_id(event: EventId, number: i64) -> EventId {
    let number = u128::from(number.unsigned_abs());
    EventId(Uuid::from_u128(event.0.as_u128().wrapping_add(number)))
}

#[cfg(test)]
mod tests;
