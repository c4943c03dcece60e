//! The use cases between routes and tables. A refusal is a value; an error is a fault.

use axum::extract::FromRef;
use platform::upstream::Upstream;
use process::{metrics::ORDER_COMMANDS, problem::Problem, tokens::TokenVerifier};
use rules::{Attempt, Submission, submissions_from_batch};
use wire::{OpAnswer, OpDecision, OpsBatch, OpsDecisions, Region};

use crate::{
    funds,
    store::{FundedBatchResult, Publication, Store, StoreError},
};

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub verifier: TokenVerifier,
    pub hub: Upstream,
    #[from_ref(skip)]
    pub payment: Upstream,
}

impl Service {
    pub async fn publish_order(&self, publication: Publication) -> Result<OpDecision, StoreError> {
        let decision = self.store.publish_order(publication).await?;
        count_decision("publish_order", &decision);
        Ok(decision)
    }

    pub async fn decide_command(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
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
    pub async fn try_out(&self) -> Result<(), StoreError> {
        for region in Region::ALL {
            self.store.try_out(region).await?;
        }
        Ok(())
    }

    /// Decides an edge log batch, in order and in one transaction. An empty batch only checks that
    /// this service can decide.
    pub async fn decide_batch(&self, batch: OpsBatch) -> Result<OpsDecisions, Problem> {
        if batch.ops.is_empty() {
            self.store.try_out(batch.region).await?;
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
                funds::pull_payment_events(self, &orders).await?;
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
