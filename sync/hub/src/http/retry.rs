//! An operator has an op, or an accept that waits, tried again that its owner failed on. Admins only.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::Serialize;
use wire::{Code, CommandId, EdgeId, Role};

use crate::{hub::Hub, store::Retried};

#[derive(Serialize)]
pub(super) struct LetIn {
    edge: EdgeId,
    epoch: u64,
    seq: u64,
}

/// `POST /api/v1/admin/edges/{id}/queue/{epoch}/{seq}/retry`
pub(super) async fn retry(
    caller: Caller,
    State(hub): State<Hub>,
    Path((edge, epoch, seq)): Path<(EdgeId, u64, u64)>,
) -> Result<Json<LetIn>, Problem> {
    caller.require(Role::Admin)?;
    let (by, now) = (caller.actor.user_id, hub.clock.now());
    match hub.store.retry(&edge, epoch, seq, by, now).await? {
        Retried::Unknown => Err(Code::NotFound.into()),
        Retried::NotStopped => Err(Code::OpNotStopped.into()),
        Retried::LetIn => {
            tracing::warn!(
                edge.id = %edge, epoch, op.seq = seq, user.id = %by, "Op {seq} of `{edge}` is tried again"
            );
            hub.wake.wake();
            Ok(Json(LetIn { edge, epoch, seq }))
        }
    }
}

#[derive(Serialize)]
pub(super) struct AskLetIn {
    command_id: CommandId,
}

/// `POST /api/v1/admin/asks/{id}/retry`
pub(super) async fn retry_asks(
    caller: Caller,
    State(hub): State<Hub>,
    Path(id): Path<CommandId>,
) -> Result<Json<AskLetIn>, Problem> {
    caller.require(Role::Admin)?;
    let (by, now) = (caller.actor.user_id, hub.clock.now());
    match hub.store.retry_asks(id, by, now).await? {
        Retried::Unknown => Err(Code::NotFound.into()),
        Retried::NotStopped => Err(Code::OpNotStopped.into()),
        Retried::LetIn => {
            tracing::warn!(command.id = %id, user.id = %by, "Accept `{id}` is tried again");
            hub.wake.hand_in_again();
            Ok(Json(AskLetIn { command_id: id }))
        }
    }
}
