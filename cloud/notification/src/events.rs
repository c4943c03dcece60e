//! Owns taking events in: what happened to an order becomes lines in the inboxes of its people.

use platform::{
    bus::{Bus, QueueSpec},
    consume::{self, Handle, HandleError},
};
use process::{clock::Clock, tasks::Tasks};
use wire::{Event, EventType, Exchange, OrderEvent};

use crate::{
    domain::{self, LineId},
    store::{InboxStore, StoreError},
};

const ORDER_QUEUE: QueueSpec = QueueSpec::new("order_queue", &[(Exchange::Order, "order.*")]);

pub fn start(tasks: &Tasks, bus: &Bus, store: InboxStore, clock: Clock) {
    consume::consume(tasks, bus, ORDER_QUEUE, Inboxes { store, clock });
}

/// Handling an event twice writes nothing the second time: the store keeps one line per person and
/// event, so it is its own inbox of the consumer and needs no other record.
pub struct Inboxes {
    pub store: InboxStore,
    pub clock: Clock,
}

impl Handle for Inboxes {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        // It is about a region; no inbox hears of it.
        if event.kind == EventType::RegionAssigned {
            return Ok(());
        }
        let body: OrderEvent = serde_json::from_value(event.body.clone())?;
        for line in domain::lines_of(event.kind, event.id, event.at, &body) {
            let id = LineId(self.clock.new_id());
            let fresh = self.store.add(id, &line).await?;
            if fresh {
                told(event.kind, &line);
            }
        }
        Ok(())
    }
}

fn told(kind: EventType, line: &domain::Line) {
    tracing::info!(
        user.id = %line.user_id,
        order.id = %line.order_id,
        "Told the {} of `{kind}`",
        line.role.as_str()
    );
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Documents(error) => error.into(),
            error => Self::retry(error),
        }
    }
}

#[cfg(test)]
mod tests;
