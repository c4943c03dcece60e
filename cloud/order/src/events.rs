//! Consumes events. People: opens a case for each job of a revoked provider, ends a revoked
//! person's calendar feed, starts the erasure of a deleted person's texts, and stores verification
//! status. Payments: the only source of an order's
//! payment status. Reviews: move a completed order to reviewed.

use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
    provider_verification,
};
use process::tasks::Tasks;
use wire::{Event, EventType, PaymentEvent, ReviewEvent, UserEvent};

use crate::store::Store;

pub struct UserEventConsumer {
    pub store: Store,
}

impl UserEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::ORDER_PEOPLE, self);
    }
}

impl EventHandler for UserEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(mark) = provider_verification::verification_from_event(event)? {
            return Ok(self.store.apply_verification(mark).await?);
        }
        match event.kind {
            EventType::UserRevoked => self.apply_revocation(event).await,
            EventType::UserDeleted => {
                let UserEvent { user_id, .. } = serde_json::from_value(event.body.clone())?;
                Ok(self.store.start_erasure(user_id, event.at).await?)
            }
            _ => Ok(()),
        }
    }
}

impl UserEventConsumer {
    async fn apply_revocation(&self, event: &Event) -> Result<(), HandleError> {
        let UserEvent { user_id, .. } = serde_json::from_value(event.body.clone())?;
        let listed = self.store.apply_revocation(event, user_id).await?;
        if listed > 0 {
            tracing::warn!(
                user.id = %user_id, jobs = listed,
                "A revoked person still has open jobs; opened a case for each"
            );
        }
        Ok(())
    }
}

/// Payment events carry a version number, so a repeat changes nothing and requires no inbox.
pub struct PaymentEventConsumer {
    pub store: Store,
}

impl PaymentEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::ORDER_MONEY, self);
    }
}

impl EventHandler for PaymentEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if !moves_money(event.kind) {
            return Ok(());
        }
        let told: PaymentEvent = serde_json::from_value(event.body.clone())?;
        // An older payment service opens a case with `payment.status_changed`, which repeats the
        // money figures of another event.
        if told.case.is_some() {
            return Ok(());
        }
        if self.store.apply_payment_event(event, &told).await? {
            let order = told.order_id;
            let status = told.payment_status;
            tracing::info!(order.id = %order, "Order payment is now `{status}`");
        }
        Ok(())
    }
}

/// False for events that move no money yet: an initiated payment, a refund request and its answer,
/// or an opened case. `refund.processed` reports the money returned.
fn moves_money(kind: EventType) -> bool {
    !matches!(
        kind,
        EventType::PaymentInitiated
            | EventType::RefundRequested
            | EventType::RefundGranted
            | EventType::RefundRefused
            | EventType::PaymentCaseOpened
    )
}

/// An order is reviewed only once, so a repeat changes nothing and requires no inbox.
pub struct ReviewEventConsumer {
    pub store: Store,
}

impl ReviewEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::ORDER_REVIEWS, self);
    }
}

impl EventHandler for ReviewEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind != EventType::ReviewCreated {
            return Ok(());
        }
        let told: ReviewEvent = serde_json::from_value(event.body.clone())?;
        if self.store.apply_review_event(event, &told).await? {
            tracing::info!(order.id = %told.order_id, "Marked the order as reviewed");
        }
        Ok(())
    }
}
