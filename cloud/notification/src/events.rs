//! Consumes events. Each becomes inbox lines for the people it concerns, a deleted person loses
//! everything that is stored for them, and an approved order (or
//! a published one, if configured) is fanned out to the providers that the user service's matching
//! proposes.
//!
//! Invariants: one matching result counts per order, so a repeated event reaches no further
//! providers. While the user part is down, the approval waits.

use http::Method;
use platform::{
    bus::{Bus, QueueSpec, topology},
    consume::{self, EventHandler, HandleError},
    upstream::{Upstream, UpstreamError},
};
use process::{clock::Clock, tasks::Tasks, tokens::TokenVerifier};
use serde::{Deserialize, Serialize};
use wire::{
    Event, EventType, Order, OrderEvent, Region, ServiceType, UnixMillis, UserEvent, UserId,
};

use crate::{
    config::FanOutRules,
    delivery::NotificationDispatcher,
    domain::{self, InboxLine, InboxOwner, LineId, SourceEvent},
    reminders,
    store::{FanOut, InboxStore, MatchedProvider, NoticeStore},
};

const QUEUES: [QueueSpec; 5] = [
    topology::ORDER_QUEUE,
    topology::PAYMENT_QUEUE,
    topology::REVIEW_QUEUE,
    topology::PLATFORM_QUEUE,
    topology::NOTIFICATION_PEOPLE,
];

const USER_PART: &str = "user";
const MATCHES_PATH: &str = "/internal/matches";
/// The most text that the matching reads.
const MATCH_TEXT_CHARS_MAX: usize = 4_200;

pub(crate) fn start(
    tasks: &Tasks,
    bus: &Bus,
    inboxes: InboxEventConsumer,
    matches: OrderFanOutConsumer,
) {
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

/// Idempotent: the store keeps one line per person and event, so this consumer records no events.
#[derive(Clone)]
pub(crate) struct InboxEventConsumer {
    pub store: InboxStore,
    pub dispatcher: NotificationDispatcher,
    pub notices: NoticeStore,
    pub clock: Clock,
    /// The objection period before the payment service releases money.
    pub dispute_ms: i64,
}

impl EventHandler for InboxEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        reminders::apply_order_event(&self.store, event).await?;
        self.end_devices_of_revoked(event).await?;
        let lines = self.build_lines_with_ids(event)?;
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
        self.dispatcher.plan_code_mail(event).await?;
        self.erase_texts(event).await
    }

    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        let mut lines = Vec::with_capacity(run.len());
        for event in run {
            reminders::apply_order_event(&self.store, event).await?;
            self.end_devices_of_revoked(event).await?;
            lines.extend(self.build_lines_with_ids(event)?);
        }
        let fresh = self.store.add_lines(&lines).await?;
        for ((_, line), _) in lines.iter().zip(fresh).filter(|(_, fresh)| *fresh) {
            log_line(line);
        }
        self.dispatcher
            .plan_deliveries(lines.iter().map(|(_, line)| line))
            .await?;
        for event in run {
            self.dispatcher.plan_code_mail(event).await?;
            // After the lines of the run, which may concern the same order or person.
            self.erase_texts(event).await?;
        }
        Ok(true)
    }
}

impl InboxEventConsumer {
    /// A readmitted person may have registered devices since, so even a late event ends only those
    /// from before it.
    async fn end_devices_of_revoked(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind != EventType::UserRevoked {
            return Ok(());
        }
        let UserEvent { user_id, .. } = UserEvent::deserialize(&event.body)?;
        let devices = &self.dispatcher.devices;
        let ended = devices.end_devices_of(user_id, event.at).await?;
        if ended > 0 {
            tracing::info!(user.id = %user_id, devices = ended, "Ended pushes to the devices of a revoked person");
        }
        Ok(())
    }

    async fn erase_texts(&self, event: &Event) -> Result<(), HandleError> {
        match event.kind {
            EventType::UserDeleted => {
                let person = UserEvent::deserialize(&event.body)?;
                self.erase_person(&person, event.at).await
            }
            EventType::OrderErased => {
                let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
                let lines = self.store.erase_order_texts(&order).await?;
                tracing::info!(order.id = %order.id, lines, "Erased the texts of an order in inboxes");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Erases the inbox before its deliveries: a delivery without its line is not sent.
    async fn erase_person(&self, person: &UserEvent, at: UnixMillis) -> Result<(), HandleError> {
        let UserEvent { user_id, role, .. } = *person;
        let NotificationDispatcher {
            preferences,
            delivery_store,
            devices,
            ..
        } = &self.dispatcher;
        preferences.remove_preferences(user_id).await?;
        devices.end_devices_of(user_id, at).await?;
        self.notices.erase_notices_to(user_id).await?;
        let lines = self
            .store
            .erase_inbox(InboxOwner { user_id, role }, at)
            .await?;
        let deliveries = delivery_store.remove_deliveries_of(user_id).await?;
        tracing::info!(user.id = %user_id, lines, deliveries, "Erased the inbox of a deleted person");
        Ok(())
    }

    fn build_lines_with_ids(&self, event: &Event) -> Result<Vec<(LineId, InboxLine)>, HandleError> {
        let lines = domain::build_event_lines(event, self.dispute_ms)?;
        Ok(lines
            .into_iter()
            .map(|line| (LineId(self.clock.new_id()), line))
            .collect())
    }
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

#[derive(Clone)]
pub(crate) struct OrderFanOutConsumer {
    pub store: InboxStore,
    pub dispatcher: NotificationDispatcher,
    pub users: Upstream,
    pub verifier: TokenVerifier,
    pub clock: Clock,
    pub rules: FanOutRules,
}

#[derive(Serialize)]
struct MatchRequest {
    region: Region,
    service_type: ServiceType,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_start_time: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_end_time: Option<UnixMillis>,
}

#[derive(Deserialize)]
struct MatchResponse {
    items: Vec<ProposedProvider>,
}

#[derive(Deserialize)]
struct ProposedProvider {
    user_id: UserId,
    reasons: Vec<String>,
}

impl EventHandler for OrderFanOutConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind == EventType::OrderCreated && !self.rules.at_creation {
            return Ok(());
        }
        let body = OrderEvent::deserialize(&event.body)?;
        let fan_out = match self.store.find_fan_out(body.order.id).await? {
            Some(known) => known,
            None => {
                let matched = self.request_matches(&body.order).await?;
                self.store
                    .store_first_fan_out(FanOut::from_matches(&body.order, event, matched))
                    .await?
            }
        };
        // The first event counts, so that others create no duplicate lines.
        let cause = SourceEvent {
            event_type: event.kind,
            event_id: fan_out.event_id,
            at: fan_out.at,
        };
        let lines = fan_out
            .matched
            .into_iter()
            .map(|MatchedProvider { user_id, reasons }| {
                let line = domain::build_match_line(cause, &body, user_id, reasons);
                (LineId(self.clock.new_id()), line)
            });
        let lines: Vec<_> = lines.collect();
        let fresh = self
            .store
            .add_lines(&lines)
            .await?
            .into_iter()
            .filter(|fresh| *fresh)
            .count();
        self.dispatcher
            .plan_deliveries(lines.iter().map(|(_, line)| line))
            .await?;
        let order = body.order.id;
        tracing::info!(order.id = %order, fresh, "Proposed order `{order}` to {fresh} providers");
        Ok(())
    }
}

impl OrderFanOutConsumer {
    async fn request_matches(&self, order: &Order) -> Result<Vec<MatchedProvider>, HandleError> {
        let token = self.verifier.token_for(USER_PART);
        let question = build_match_request(order);
        let path = format!("{MATCHES_PATH}?limit={}", self.rules.providers_max);
        let asked = self
            .users
            .call_json(Method::POST, &path, Some(&token), Some(&question))
            .await;
        let MatchResponse { items } = asked.map_err(to_handle_error)?;
        let matched = items.into_iter().take(self.rules.providers_max);
        Ok(matched
            .map(|ProposedProvider { user_id, reasons }| MatchedProvider { user_id, reasons })
            .collect())
    }
}

/// A user part without its store is unavailable.
fn to_handle_error(error: UpstreamError) -> HandleError {
    match &error {
        UpstreamError::Refused { status, .. } if status.is_server_error() => {
            HandleError::Unavailable(error.into())
        }
        _ => error.into(),
    }
}

fn build_match_request(order: &Order) -> MatchRequest {
    let text = format!("{}\n{}", order.title, order.description);
    // The day in UTC, like the portal's service dates.
    let day = order
        .service_start_time
        .map(|at| at.to_string().chars().take(10).collect());
    MatchRequest {
        region: order.location,
        service_type: order.service_type,
        text: text.chars().take(MATCH_TEXT_CHARS_MAX).collect(),
        day,
        service_start_time: order.service_start_time,
        service_end_time: order.service_end_time,
    }
}

#[cfg(test)]
mod tests;
