//! Retries work after an operator has reviewed it: an op or accept that its owner failed on, and an
//! edge that was restored too often. Admins only.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::AdminCaller,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Code, CommandId, EdgeId, OpPlace};

use super::state::HubState;
use crate::store::retry::RetryResult;

/// `POST /api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry`
pub(super) async fn retry(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(OpPlace { edge, epoch, seq }): Path<OpPlace>,
) -> Result<Json<OpPlace>, Problem> {
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    let_in(
        hub.sessions
            .store
            .retry_op(&edge, epoch, seq, by, now)
            .await?,
    )?;
    tracing::warn!(
        edge.id = %edge, epoch, op.seq = seq, user.id = %by, "Retrying op {seq} of `{edge}`"
    );
    hub.sessions.work.wake_workers();
    Ok(Json(OpPlace { edge, epoch, seq }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct RetriedAccept {
    command_id: CommandId,
}

/// `POST /api/v1/admin/asks/{id}/retry`
pub(super) async fn retry_asks(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(id): Path<CommandId>,
) -> Result<Json<RetriedAccept>, Problem> {
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    let_in(hub.sessions.store.retry_asks(id, by, now).await?)?;
    tracing::warn!(command.id = %id, user.id = %by, "Retrying acceptance `{id}`");
    hub.sessions.work.hand_in_again();
    Ok(Json(RetriedAccept { command_id: id }))
}

fn let_in(result: RetryResult) -> Result<(), Code> {
    match result {
        RetryResult::LetIn => Ok(()),
        RetryResult::NotStopped => Err(Code::OpNotStopped),
        RetryResult::Unknown => Err(Code::NotFound),
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReadmittedEdge {
    edge: EdgeId,
}

/// `POST /api/v1/admin/edges/{id}/readmit`: readmits an edge that was restored too often in a day.
pub(super) async fn readmit(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<Json<ReadmittedEdge>, Problem> {
    let by = caller.actor.user_id;
    if !hub
        .sessions
        .store
        .readmit_edge(&edge, hub.sessions.clock.now())
        .await?
    {
        return Err(Code::NotFound.into());
    }
    tracing::warn!(edge.id = %edge, user.id = %by, "Readmitted edge `{edge}`: it may start new epochs");
    Ok(Json(ReadmittedEdge { edge }))
}
