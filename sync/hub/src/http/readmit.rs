//! An operator lets an edge in that was restored too often in a day. Admins only.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::Serialize;
use wire::{Code, EdgeId, Role};

use crate::hub::Hub;

#[derive(Serialize)]
pub(super) struct Readmitted {
    edge: EdgeId,
}

pub(super) async fn readmit(
    caller: Caller,
    State(hub): State<Hub>,
    Path(edge): Path<String>,
) -> Result<Json<Readmitted>, Problem> {
    caller.require(Role::Admin)?;
    let edge = EdgeId::new(edge).map_err(|_| Problem::new(Code::NotFound))?;
    let by = caller.actor.user_id;
    if !hub.store.readmit(&edge, hub.clock.now()).await? {
        return Err(Code::NotFound.into());
    }
    tracing::warn!(edge.id = %edge, user.id = %by, "Edge `{edge}` may begin new epochs again");
    Ok(Json(Readmitted { edge }))
}
