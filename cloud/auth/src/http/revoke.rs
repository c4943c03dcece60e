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
pub struct Asked {
    #[serde(default)]
    reason: String,
}

#[derive(Serialize)]
pub struct Revoked {
    user_id: UserId,
    role: Role,
}

pub async fn revoke(
    State(service): State<Service>,
    Trace(trace): Trace,
    Live(caller): Live,
    Path(user_id): Path<UserId>,
    Json(Asked { reason }): Json<Asked>,
) -> Result<axum::Json<Revoked>, Problem> {
    caller.require(Role::Admin)?;
    let why = check_reason(&reason)
        .map_err(|error| Problem::new(Code::InvalidInput).field("reason", error.why))?;
    if caller.actor.user_id == user_id {
        // Nobody could let the last admin in again.
        return Err(Problem::new(Code::RoleForbidden));
    }
    match service.revoke(user_id, caller.actor.user_id, why, &trace).await? {
        Some(role) => Ok(axum::Json(Revoked { user_id, role })),
        None => Err(Problem::new(Code::NotFound)),
    }
}
