//! Owns the consumption of events: each becomes lines in the inboxes of the people it concerns.

use platform::{
    bus::{Bus, QueueSpec, topology},
    consume::{self, Handle, HandleError},
};
use process::{clock::Clock, tasks::Tasks};
use serde::Deserialize;
use wire::{Event, EventType, Exchange, OrderEvent};

use crate::{
    domain::{self, InboxLine, LineId},
    store::InboxStore,
};

const QUEUES: [QueueSpec; 3] =
    [topology::ORDER_QUEUE, topology::PAYMENT_QUEUE, topology::REVIEW_QUEUE];

pub fn start(tasks: &Tasks, bus: &Bus, store: InboxStore, clock: Clock) {
    for queue in QUEUES {
        let inboxes = Inboxes { store: store.clone(), clock: clock.clone() };
        consume::consume(tasks, bus, queue, inboxes);
    }
}

/// Handling an event twice writes nothing the second time: the store keeps one line per person and
/// event, so that it needs no other record of the events it has taken in.
pub struct Inboxes {
    pub store: InboxStore,
    pub clock: Clock,
}

impl Handle for Inboxes {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        for (id, line) in self.lines(event)? {
            let fresh = self.store.add(id, &line).await?;
            if fresh {
                log(&line);
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
            log(line);
        }
        Ok(true)
    }
}

impl Inboxes {
    /// An assignment is about a region, and no text tells of money or reviews yet: no inbox hears of
    /// either.
    fn lines(&self, event: &Event) -> Result<Vec<(LineId, InboxLine)>, HandleError> {
        if event.kind == EventType::RegionAssigned || event.kind.exchange() != Exchange::Order {
            return Ok(Vec::new());
        }
        let body = OrderEvent::deserialize(&event.body)?;
        let lines = domain::lines_of(event.kind, event.id, event.at, &body);
        Ok(lines.into_iter().map(|line| (LineId(self.clock.new_id()), line)).collect())
    }
}

fn log(line: &InboxLine) {
    let kind = line.event_type;
    tracing::info!(
        user.id = %line.user_id,
        order.id = %line.order_id,
        "Told the {} of `{kind}`",
        line.role.as_str()
    );
}

#[cfg(test)]
mod tests;
