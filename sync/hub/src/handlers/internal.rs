//! Calls of other services: the order service forwards a user's accept to the holder of a region,
//! and reads an edge's region and epoch; the gateway opens a user's stream of changes.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    response::Response,
};
use process::{
    problem::{Json, Path, Problem, format_error_chain},
    sse::{self, LAST_EVENT_ID, ProcessStop},
    tokens::{Caller, ServiceCaller},
};
use tokio::time::sleep;
use wire::{Code, CurrentEpoch, EdgeId, ForwardedAccept, UnixMillis};

use super::HubState;
use crate::{
    live_updates::{self, FeedPosition},
    peers::ORDER,
    store::waiting_accepts::AcceptAdmission,
};

/// `POST /internal/asks`: safe to repeat.
pub(crate) async fn put_portal_accept(
    State(hub): State<HubState>,
    ServiceCaller(from): ServiceCaller,
    Json(accept): Json<ForwardedAccept>,
) -> Result<Json<()>, Problem> {
    require_order_service(&from)?;
    // The hub stores only the command-bound token, which grants no access, never the user's own.
    let bound = hub
        .sessions
        .bind_token_to_command(&accept)
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
pub(crate) async fn get_current_epoch(
    State(hub): State<HubState>,
    ServiceCaller(from): ServiceCaller,
    Path(edge): Path<EdgeId>,
) -> Result<Json<CurrentEpoch>, Problem> {
    require_order_service(&from)?;
    match hub.sessions.store.find_current_epoch(&edge).await? {
        Some((_, true)) => Err(Code::EdgeDisabled.into()),
        Some((seat, false)) => Ok(Json(seat)),
        None => Err(Code::EdgeUnknown.into()),
    }
}

/// Only the order service can decide that an accept has to wait.
fn require_order_service(from: &str) -> Result<(), Problem> {
    if from == ORDER {
        Ok(())
    } else {
        Err(Code::RoleForbidden.into())
    }
}

/// `GET /internal/stream`: changes that a user may see. The gateway calls it on their behalf and
/// watches their session.
pub(crate) async fn open_update_stream(
    State(hub): State<HubState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let open_stream = hub.live_updates.reserve_stream()?;
    let last = request
        .headers()
        .get(LAST_EVENT_ID)
        .and_then(|last| last.to_str().ok());
    let from = last.and_then(|last| last.parse::<FeedPosition>().ok());
    let listener = hub.live_updates.open_listener(&caller, from).await?;
    let (sender, response) = sse::open_stream();
    let tasks = &hub.sessions.tasks;
    let stop = request
        .extensions()
        .get::<ProcessStop>()
        .map(|ProcessStop(stop)| stop.clone());
    let stop = stop.unwrap_or_else(|| tasks.stop_token());
    let left_ms =
        UnixMillis(caller.claims.exp.saturating_mul(1_000)).ms_since(hub.sessions.clock.now());
    let left = Duration::from_millis(left_ms.unsigned_abs());
    tasks.spawn_once("stream", async move {
        tokio::select! {
            () = live_updates::stream_updates(listener, &sender) => {}
            () = stop.cancelled() => {}
            () = sleep(left) => {}
        }
        drop(open_stream);
    });
    Ok(response)
}
