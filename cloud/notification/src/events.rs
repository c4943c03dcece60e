//! Consumes events and turns each into inbox lines for the people it concerns.

mod matches;

use platform::{
    bus::{Bus, QueueSpec, topology},
    consume::{self, EventHandler, HandleError},
};
use process::{clock::Clock, tasks::Tasks};
use serde::Deserialize;
use wire::{
    Event, EventType, Exchange, OrderEvent, PaymentEvent, PayoutEvent, ProfileEvent,
    ReadmissionEvent, UserEvent,
};

use crate::{
    delivery::NotificationDispatcher,
    domain::{self, EventAudience, InboxLine, LineId, ReviewFacts, SourceEvent},
    reminders,
    store::InboxStore,
};

pub use matches::{FanOutRules, OrderFanOutConsumer};

const QUEUES: [QueueSpec; 4] = [
    topology::ORDER_QUEUE,
    topology::PAYMENT_QUEUE,
    topology::REVIEW_QUEUE,
    topology::NOTIFICATION_PEOPLE,
];

pub fn start(tasks: &Tasks, bus: &Bus, inboxes: InboxEventConsumer, matches: OrderFanOutConsumer) {
    for queue in QUEUES {
        consume::start_consumer(tasks, bus, queue, inboxes.clone());
    }
    for queue in [
        topology::NOTIFICATION_MATCHES,
        topology::NOTIFICATION_CREATED,
    ] {
        consume::start_consumer(tasks, bus, queue, matches.clone());
    }
}

/// Idempotent: the store keeps one line per person and event, so events need no other record.
#[derive(Clone)]
pub struct InboxEventConsumer {
    pub store: InboxStore,
    pub dispatcher: NotificationDispatcher,
    pub clock: Clock,
    /// The objection period before the payment service releases money.
    pub dispute_ms: i64,
}

impl EventHandler for InboxEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        reminders::apply_order_event(&self.store, event).await?;
        let lines = self.lines_with_ids(event)?;
        for (id, line) in &lines {
            let fresh = self.store.add_line(*id, line).await?;
            if fresh {
                log_line(line);
            }
        }
        self.dispatcher
            .plan_deliveries(lines.iter().map(|(_, line)| line))
            .await?;
        // After the warning to the current address, because the code waits for it.
        self.dispatcher.plan_confirmation(event).await
    }

    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        let mut lines = Vec::with_capacity(run.len());
        for event in run {
            reminders::apply_order_event(&self.store, event).await?;
            lines.extend(self.lines_with_ids(event)?);
        }
        let fresh = self.store.add_lines(&lines).await?;
        for ((_, line), _) in lines.iter().zip(fresh).filter(|(_, fresh)| *fresh) {
            log_line(line);
        }
        self.dispatcher
            .plan_deliveries(lines.iter().map(|(_, line)| line))
            .await?;
        for event in run {
            self.dispatcher.plan_confirmation(event).await?;
        }
        Ok(true)
    }
}

impl InboxEventConsumer {
    fn lines_with_ids(&self, event: &Event) -> Result<Vec<(LineId, InboxLine)>, HandleError> {
        let lines = lines_from_event(event, self.dispute_ms)?;
        Ok(lines
            .into_iter()
            .map(|line| (LineId(self.clock.new_id()), line))
            .collect())
    }
}

/// Skips the body of an event without an audience.
fn lines_from_event(event: &Event, dispute_ms: i64) -> Result<Vec<InboxLine>, HandleError> {
    if !matches!(
        domain::event_audience(event.kind),
        Some(EventAudience::Told(_))
    ) {
        return Ok(Vec::new());
    }
    let cause = SourceEvent {
        event_type: event.kind,
        event_id: event.id,
        at: event.at,
    };
    Ok(match event.kind.exchange() {
        Exchange::Order => {
            let body = OrderEvent::deserialize(&event.body)?;
            domain::lines_of_order(cause, &body, dispute_ms)
        }
        Exchange::Payment
            if matches!(event.kind, EventType::PayoutSent | EventType::PayoutFailed) =>
        {
            vec![domain::line_of_payout(
                cause,
                &PayoutEvent::deserialize(&event.body)?,
            )]
        }
        Exchange::Payment => {
            domain::lines_of_money(cause, &PaymentEvent::deserialize(&event.body)?)
        }
        Exchange::User => domain::lines_of_profile(cause, &ProfileEvent::deserialize(&event.body)?),
        Exchange::Auth if event.kind == EventType::UserReadmitted => {
            domain::lines_of_readmission(cause, &ReadmissionEvent::deserialize(&event.body)?)
        }
        Exchange::Auth if event.kind == EventType::UserAddressChangeAsked => {
            domain::lines_of_person(cause, &UserEvent::deserialize(&event.body)?)
        }
        Exchange::Review => domain::lines_of_review(cause, ReviewFacts::deserialize(&event.body)?),
        Exchange::Auth => Vec::new(),
    })
}

fn log_line(line: &InboxLine) {
    let kind = line.event_type.map_or("a notice", EventType::as_str);
    tracing::info!(
        user.id = %line.user_id,
        order.id = line.order_id.map(tracing::field::display),
        "Added `{kind}` to the inbox of a {}",
        line.role.as_str()
    );
}

#[cfg(test)]
mod tests;
