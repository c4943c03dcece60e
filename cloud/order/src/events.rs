//! Takes in the events of people: each job in the hand of somebody who is revoked becomes a case,
//! so that an admin finds them in one list; and the marks of providers are kept, by which they may
//! accept. And those of money, which alone change the payment status of an order, and of reviews,
//! after which an order is reviewed.

use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
    marks,
};
use process::tasks::Tasks;
use wire::{Event, EventType, PaymentEvent, ReviewEvent, UserEvent};

use crate::store::Store;

pub struct People {
    pub store: Store,
}

impl People {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::ORDER_PEOPLE, self);
    }
}

impl Handle for People {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(mark) = marks::told_by(event)? {
            return Ok(self.store.take_mark(mark).await?);
        }
        if event.kind != EventType::UserRevoked {
            return Ok(());
        }
        let UserEvent { user_id, .. } = serde_json::from_value(event.body.clone())?;
        let listed = self.store.list_jobs_of_revoked(event, user_id).await?;
        if listed > 0 {
            tracing::warn!(user.id = %user_id, jobs = listed, "A revoked person has jobs in hand");
        }
        Ok(())
    }
}

/// A word about money is told apart by its number, so that a repeat changes nothing and needs no
/// inbox.
pub struct Money {
    pub store: Store,
}

impl Money {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::ORDER_MONEY, self);
    }
}

impl Handle for Money {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if !moves_money(event.kind) {
            return Ok(());
        }
        let told: PaymentEvent = serde_json::from_value(event.body.clone())?;
        // Of its money it says what another event has said.
        if told.case.is_some() {
            return Ok(());
        }
        if self.store.take_money(event, &told).await? {
            let (order, status) = (told.order_id, told.payment_status);
            tracing::info!(order.id = %order, "The payment of the order is `{status}`");
        }
        Ok(())
    }
}

/// A payment that begins changes nothing yet, nor does a request for a refund or its answer:
/// `refund.processed` says what went back.
fn moves_money(kind: EventType) -> bool {
    !matches!(
        kind,
        EventType::PaymentInitiated
            | EventType::RefundRequested
            | EventType::RefundGranted
            | EventType::RefundRefused
    )
}

/// A review completes an order once, so a repeat changes nothing and needs no inbox.
pub struct Reviews {
    pub store: Store,
}

impl Reviews {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::ORDER_REVIEWS, self);
    }
}

impl Handle for Reviews {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind != EventType::ReviewCreated {
            return Ok(());
        }
        let told: ReviewEvent = serde_json::from_value(event.body.clone())?;
        if self.store.take_review(event, &told).await? {
            tracing::info!(order.id = %told.order_id, "The order is reviewed");
        }
        Ok(())
    }
}
