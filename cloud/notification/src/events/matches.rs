//! Fans out an approved order (or a published one, if configured) to the providers that the user
//! service's matching proposes.
//!
//! Invariants: one matching result counts per order, so a repeated event reaches no further
//! providers. While the user part is down, the approval waits.

use http::Method;
use platform::{
    consume::{EventHandler, HandleError},
    upstream::{Upstream, UpstreamError},
};
use process::{clock::Clock, tokens::TokenVerifier};
use serde::{Deserialize, Serialize};
use wire::{Event, EventType, Order, OrderEvent, Region, ServiceType, UserId};

use crate::{
    delivery::NotificationDispatcher,
    domain::{self, LineId, SourceEvent},
    store::{FanOut, InboxStore, MatchedProvider},
};

const USER: &str = "user";
const PATH: &str = "/internal/matches";
/// The most text that the matching reads.
const TEXT_CHARS_MAX: usize = 4_200;

#[derive(Clone)]
pub struct OrderFanOutConsumer {
    pub store: InboxStore,
    pub dispatcher: NotificationDispatcher,
    pub users: Upstream,
    pub verifier: TokenVerifier,
    pub clock: Clock,
    pub rules: FanOutRules,
}

/// The audience and timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOutRules {
    /// Fan out at publication instead of approval.
    pub at_creation: bool,
    /// The previous user service returns at most twenty.
    pub providers_max: usize,
}

#[derive(Serialize)]
struct MatchRequest {
    region: Region,
    service_type: ServiceType,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
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
                let line = domain::line_of_match(cause, &body, user_id, reasons);
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
        let token = self.verifier.token_for(USER);
        let question = build_match_request(order);
        let path = format!("{PATH}?limit={}", self.rules.providers_max);
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
        text: text.chars().take(TEXT_CHARS_MAX).collect(),
        day,
    }
}
