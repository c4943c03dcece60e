//! `POST /api/v1/admin/users/{id}/revoke`: closes a person's account for good, on record. A repeat
//! changes nothing and is answered alike.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    trace::Trace,
};
use serde::{Deserialize, Serialize};
use wire::{Code, Role, UserId, check_reason};

use super::Live;
use crate::service::Service;

#[derive(Deserialize)]
pub struct RevokeForm {
    #[serde(default)]
    reason: String,
}

#[derive(Serialize)]
pub struct ClosedAccount {
    user_id: UserId,
    role: Role,
}

pub async fn revoke(
    State(service): State<Service>,
    Trace(trace): Trace,
    Live(caller): Live,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<Json<ClosedAccount>, Problem> {
    caller.require(Role::Admin)?;
    let why = check_reason(&reason)?;
    if caller.actor.user_id == user_id {
        // Nobody could let the last admin in again.
        return Err(Problem::new(Code::RoleForbidden));
    }
    let role = service.revoke(user_id, caller.actor.user_id, why, &trace).await?;
    role.map(|role| Json(ClosedAccount { user_id, role })).ok_or_else(|| Code::NotFound.into())
}
