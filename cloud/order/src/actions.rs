//! The use cases between routes and tables, and the calls to other services that they need. A
//! refusal is a value; an error is a fault.
//!
//! The payment service is queried before an edge's start is refused for funds
//! [ASK_BEFORE_REFUSING]: the customer may have paid while the edge was disconnected, and the event
//! may still be in transit or the payment adapter not yet polled. While the payment service is
//! unreachable, the batch stays undecided: the edge's log waits, as it does when this service is
//! down.

mod order_days;
mod photos;

use axum::{extract::FromRef, http::Method};
use custody::{FundsQuery, FundsReply};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    metrics::ORDER_COMMANDS,
    parts::CloudPart,
    problem::{Problem, format_error_chain, log_fault},
    routes::RouteGuard,
    tokens::TokenVerifier,
};
use rules::{Attempt, Submission, submissions_from_batch};
use serde::{Serialize, de::DeserializeOwned};
use wire::{
    Actor, Code, Command, CurrentEpoch, EdgeId, ForwardedAccept, OpAnswer, OpDecision, OpsBatch,
    OpsDecisions, OrderId, PaymentEvent, Region,
};

pub(crate) use order_days::{OrderDayCounts, OrderDays};
pub(crate) use photos::PhotoStorage;

use crate::store::{FundedBatchResult, Publication, SeriesPublication, Store, StoreError};

pub(crate) const HUB: &str = "hub";

const FUNDS_PATH: &str = "/internal/funds";

/// Orders per request.
const FUNDS_BATCH: usize = 50;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub verifier: TokenVerifier,
    pub hub: Upstream,
    #[from_ref(skip)]
    pub payment: Upstream,
    #[from_ref(skip)]
    pub(crate) photos: PhotoStorage,
    #[from_ref(skip)]
    pub(crate) order_days: OrderDayCounts,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

impl Service {
    pub async fn publish_order(&self, publication: Publication) -> Result<OpDecision, StoreError> {
        let decision = self.store.publish_order(publication).await?;
        count_decision("publish_order", &decision);
        Ok(decision)
    }

    pub async fn publish_series(&self, new: SeriesPublication) -> Result<OpDecision, StoreError> {
        let occurrences = new.times.len();
        let decision = self.store.publish_series(new).await?;
        count_decision("publish_order", &decision);
        tracing::info!(occurrences, result = result_of(&decision), "Series decided");
        Ok(decision)
    }

    pub async fn submit_command(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let action = attempt.command.body.name();
        let order = attempt.command.body.order_id();
        let command = attempt.command.id;
        let decision = self.store.decide_one(attempt).await?;
        count_decision(action, &decision);
        tracing::info!(
            order.id = %order, command.id = %command, action, result = result_of(&decision),
            "Command decided"
        );
        Ok(decision)
    }

    /// Runs a trial decision in every region.
    pub async fn run_trial_decision(&self) -> Result<(), StoreError> {
        for region in Region::ALL {
            self.store.run_trial_decision(region).await?;
        }
        Ok(())
    }

    /// Decides an edge log batch, in order and in one transaction. An empty batch only checks that
    /// this service can decide.
    pub async fn decide_batch(&self, batch: OpsBatch) -> Result<OpsDecisions, Problem> {
        if batch.ops.is_empty() {
            self.store.run_trial_decision(batch.region).await?;
            return Ok(OpsDecisions {
                answers: Vec::new(),
            });
        }
        let edge = batch.edge.clone();
        let ops = batch.ops.len();
        let seqs: Vec<u64> = batch.ops.iter().map(|op| op.seq).collect();
        let requests = submissions_from_batch(batch);
        let decisions = match self.store.decide_funded(&requests).await? {
            FundedBatchResult::Decided(decisions) => decisions,
            FundedBatchResult::Unfunded(orders) => {
                pull_payment_events(self, &orders).await?;
                self.store.decide_all(&requests).await?
            }
        };
        for (request, decision) in requests.iter().zip(&decisions) {
            if let Submission::Command(attempt) = request {
                count_decision(attempt.command.body.name(), decision);
            }
        }
        tracing::info!(edge = %edge, ops, "Decided a batch of an edge's log");
        let answers = seqs
            .into_iter()
            .zip(decisions)
            .map(|(seq, decision)| OpAnswer { seq, decision })
            .collect();
        Ok(OpsDecisions { answers })
    }
}

fn count_decision(action: &str, decision: &OpDecision) {
    ORDER_COMMANDS.add([action, result_of(decision)], 1);
}

fn result_of(decision: &OpDecision) -> &'static str {
    match decision {
        OpDecision::Held(_) => "held",
        OpDecision::Decided(outcome) => match outcome.code {
            Some(code) => code.as_str(),
            None => outcome.kind.as_str(),
        },
    }
}

/// Applies the latest payment state of each order as if it had arrived by event.
async fn pull_payment_events(service: &Service, orders: &[OrderId]) -> Result<(), Problem> {
    let token = service.verifier.token_for(CloudPart::Payment.name());
    for orders in orders.chunks(FUNDS_BATCH) {
        let asked = FundsQuery {
            orders: orders.to_vec(),
        };
        let answer = service
            .payment
            .call_json(Method::POST, FUNDS_PATH, Some(&token), Some(&asked))
            .await;
        let FundsReply { words } = answer.map_err(|error| {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not reach the payment service; the start is refused and can be retried"
            );
            Problem::new(Code::Unavailable).retry_after(1)
        })?;
        for word in words {
            let event: PaymentEvent =
                serde_json::from_value(word.body.clone()).map_err(|error| {
                    log_fault("Could not read an event of the payment service", error)
                })?;
            service.store.apply_payment_event(&word, &event).await?;
        }
    }
    Ok(())
}

/// Has the hub forward an accept to the holder of the order's region. Refused if the holder is
/// unreachable; nothing is stored then.
pub(crate) async fn forward_accept_to_holder(
    service: &Service,
    command: Command,
    actor: Actor,
    token: String,
) -> Result<(), Problem> {
    let order = service
        .store
        .find_order(command.body.order_id())
        .await?
        .ok_or(Code::OrderNotFound)?;
    let accept = ForwardedAccept {
        region: order.location,
        command,
        actor,
        token,
    };
    request_hub(service, Method::POST, "/internal/asks", Some(&accept)).await
}

/// The region and epoch of an edge; `None` if it is not enrolled.
pub(crate) async fn find_edge_epoch(
    service: &Service,
    edge: &EdgeId,
) -> Result<Option<CurrentEpoch>, Problem> {
    let path = format!("/internal/seats/{edge}");
    match request_hub(service, Method::GET, &path, None::<&()>).await {
        Ok(current) => Ok(Some(current)),
        Err(problem) if problem.code() == Code::EdgeUnknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn request_hub<T: DeserializeOwned>(
    service: &Service,
    method: Method,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, Problem> {
    let token = service.verifier.token_for(HUB);
    match service
        .hub
        .call_json(method, path, Some(&token), body)
        .await
    {
        Ok(answer) => Ok(answer),
        Err(UpstreamError::Refused {
            problem: Some(problem),
            ..
        }) => Err((*problem).into()),
        Err(error) => {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not reach the hub"
            );
            Err(Problem::new(Code::Unavailable).retry_after(1))
        }
    }
}
