//! Serves the order service: puts a user's accept to the holder of a region, and returns an edge's
//! region and epoch.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem, chain},
    tokens::FromService,
};
use wire::{Code, EdgeId, EdgeSeat, PortalAccept};

use super::state::Routes;
use crate::{peers::ORDER, store::asks::AskAdmission};

/// `POST /internal/asks`: safe to repeat.
pub(super) async fn ask(
    State(hub): State<Routes>,
    FromService(from): FromService,
    Json(accept): Json<PortalAccept>,
) -> Result<Json<()>, Problem> {
    from_order(&from)?;
    // The hub stores only the command-bound token, which grants no access, never the user's own.
    let bound = hub.sessions.bound(&accept).await.map_err(|error| {
        tracing::warn!(cause = chain(&error), "Auth gives out no token for an accept");
        Problem::new(Code::Unavailable).retry_after(1)
    })?;
    let accept = bound.ok_or(Code::InvalidToken)?;
    match hub.sessions.store.ask(&accept, hub.sessions.clock.now()).await? {
        AskAdmission::Waits => {
            // The holder's session may be on another replica, which polls once a second.
            if let Some(holder) = hub.sessions.store.holder(accept.region).await? {
                hub.sessions.nudges.nudge(&holder);
            }
            Ok(Json(()))
        }
        AskAdmission::HolderAway => Err(Code::RegionAssigningOffline.into()),
        AskAdmission::IdReused => Err(Code::CommandIdReused.into()),
        AskAdmission::TooMany => Err(Problem::new(Code::TooManyRequests).retry_after(5)),
    }
}

/// `GET /internal/seats/{edge}`: the region and epoch of an enrolled edge.
pub(super) async fn seat(
    State(hub): State<Routes>,
    FromService(from): FromService,
    Path(edge): Path<EdgeId>,
) -> Result<Json<EdgeSeat>, Problem> {
    from_order(&from)?;
    match hub.sessions.store.seat(&edge).await? {
        Some((_, true)) => Err(Code::EdgeDisabled.into()),
        Some((seat, false)) => Ok(Json(seat)),
        None => Err(Code::EdgeUnknown.into()),
    }
}

/// Only the order service can decide that an accept has to wait.
fn from_order(from: &str) -> Result<(), Problem> {
    if from == ORDER { Ok(()) } else { Err(Code::RoleForbidden.into()) }
}
