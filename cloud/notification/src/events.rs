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

const QUEUES: [QueueSpec; 3] = [
    QueueSpec::new("order_queue", &[(Exchange::Order, "order.*")]),
    QueueSpec::new(
        "payment_queue",
        &[(Exchange::Payment, "payment.*"), (Exchange::Payment, "refund.*")],
    ),
    QueueSpec::new(
        "review_queue",
        &[(Exchange::Review, "review.*"), (Exchange::Review, "rating.*")],
    ),
];

pub fn start(tasks: &Tasks, bus: &Bus, store: InboxStore, clock: Clock) {
    for queue in QUEUES {
        let inboxes = Inboxes { store: store.clone(), clock: clock.clone() };
        consume::consume(tasks, bus, queue, inboxes);
    }
}

/// Handling an event twice writes nothing the second time: the store keeps one line per person and
/// event, so it is its own inbox of the consumer and needs no other record.
pub struct Inboxes {
    pub store: InboxStore,
    pub clock: Clock,
}

impl Handle for Inboxes {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        // An assignment is about a region, and no text tells of money or reviews yet: no inbox hears
        // of either.
        if event.kind == EventType::RegionAssigned || event.kind.exchange() != Exchange::Order {
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
