//! Serves the order service: puts a user's accept to the holder of a region, and returns an edge's
//! region and epoch.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem, format_error_chain},
    tokens::ServiceCaller,
};
use wire::{AcceptForHolder, Code, CurrentEpoch, EdgeId};

use super::state::HubState;
use crate::{peers::ORDER, store::asks::AcceptAdmission};

/// `POST /internal/asks`: safe to repeat.
pub(super) async fn put_portal_accept(
    State(hub): State<HubState>,
    ServiceCaller(from): ServiceCaller,
    Json(accept): Json<AcceptForHolder>,
) -> Result<Json<()>, Problem> {
    from_order(&from)?;
    // The hub stores only the command-bound token, which grants no access, never the user's own.
    let bound = hub
        .sessions
        .with_bound_token(&accept)
        .await
        .map_err(|error| {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not get a token from auth for an acceptance"
            );
            Problem::new(Code::Unavailable).retry_after(1)
        })?;
    let accept = bound.ok_or(Code::InvalidToken)?;
    match hub
        .sessions
        .store
        .admit_portal_accept(&accept, hub.sessions.clock.now())
        .await?
    {
        AcceptAdmission::Waits => {
            // The holder's session may be on another replica, which polls once a second.
            if let Some(holder) = hub.sessions.store.find_region_holder(accept.region).await? {
                hub.sessions.signals.wake_sessions(&holder);
            }
            Ok(Json(()))
        }
        AcceptAdmission::HolderAway => Err(Code::RegionAssigningOffline.into()),
        AcceptAdmission::IdReused => Err(Code::CommandIdReused.into()),
        AcceptAdmission::TooMany => Err(Problem::new(Code::TooManyRequests).retry_after(5)),
    }
}

/// `GET /internal/seats/{edge}`: the region and epoch of an enrolled edge.
pub(super) async fn get_edge_seat(
    State(hub): State<HubState>,
    ServiceCaller(from): ServiceCaller,
    Path(edge): Path<EdgeId>,
) -> Result<Json<CurrentEpoch>, Problem> {
    from_order(&from)?;
    match hub.sessions.store.find_edge_seat(&edge).await? {
        Some((_, true)) => Err(Code::EdgeDisabled.into()),
        Some((seat, false)) => Ok(Json(seat)),
        None => Err(Code::EdgeUnknown.into()),
    }
}

/// Only the order service can decide that an accept has to wait.
fn from_order(from: &str) -> Result<(), Problem> {
    if from == ORDER {
        Ok(())
    } else {
        Err(Code::RoleForbidden.into())
    }
}
