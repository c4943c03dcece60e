//! `POST /internal/ops`: a run of an edge's log, from the hub.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::FromService,
};
use wire::{Code, OpsBatch, OpsDecisions};

use crate::service::Service;

/// The only service that holds edges' logs and knows their epochs.
const HUB: &str = "hub";
/// A larger run would hold its locks for too long; the hub hands in smaller ones.
const OPS_MAX: usize = 5_000;

pub async fn decide(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, Problem> {
    from_hub(&from)?;
    if batch.ops.len() > OPS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    Ok(Json(service.batch(batch).await?))
}

pub fn from_hub(from: &str) -> Result<(), Problem> {
    if from == HUB { Ok(()) } else { Err(Code::RoleForbidden.into()) }
}
