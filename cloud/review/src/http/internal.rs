//! The internal route for the hub, which holds the logs of edges.

use axum::extract::State;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
};
use wire::{Code, OpAnswer, OpDecision, OpsBatch, OpsDecisions};

use crate::service::Service;

/// Above the hub's largest batch.
const OPS_MAX: usize = 5_000;

/// Decides a batch of an edge's log in order. An empty batch only checks that the service can reach
/// its store.
pub async fn decide_ops(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, Problem> {
    if from != CloudPart::Hub.name() {
        return Err(Code::RoleForbidden.into());
    }
    if batch.ops.len() > OPS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    if batch.ops.is_empty() {
        service.store.ping().await?;
    }
    let OpsBatch {
        edge, epoch, ops, ..
    } = batch;
    let mut answers = Vec::with_capacity(ops.len());
    for op in ops {
        let seq = op.seq;
        let decision = OpDecision::Decided(service.decide_op(&edge, epoch, op).await?);
        answers.push(OpAnswer { seq, decision });
    }
    Ok(Json(OpsDecisions { answers }))
}
