//! Owns taking events in: what happened to an order becomes lines in the inboxes of its people.

use platform::{
    bus::{Bus, QueueSpec},
    consume::{self, Handle, HandleError},
};
use process::{clock::Clock, tasks::Tasks};
use serde::Deserialize;
use wire::{Event, EventType, Exchange, OrderEvent};

use crate::{
    domain::{self, Line, LineId},
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
        for (id, line) in self.lines(event)? {
            let fresh = self.store.add(id, &line).await?;
            if fresh {
                told(&line);
            }
        }
        Ok(())
    }

    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        let mut lines = Vec::with_capacity(run.len());
        for event in run {
            lines.extend(self.lines(event)?);
        }
        let fresh = self.store.add_all(&lines).await?;
        for ((_, line), _) in lines.iter().zip(fresh).filter(|(_, fresh)| *fresh) {
            told(line);
        }
        Ok(true)
    }
}

impl Inboxes {
    /// An assignment is about a region, and no text tells of money or reviews yet: no inbox hears of
    /// either.
    fn lines(&self, event: &Event) -> Result<Vec<(LineId, Line)>, HandleError> {
        if event.kind == EventType::RegionAssigned || event.kind.exchange() != Exchange::Order {
            return Ok(Vec::new());
        }
        let body = OrderEvent::deserialize(&event.body)?;
        let lines = domain::lines_of(event.kind, event.id, event.at, &body);
        Ok(lines.into_iter().map(|line| (LineId(self.clock.new_id()), line)).collect())
    }
}

fn told(line: &Line) {
    let kind = line.event_type;
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
