//! What the order service asks of the hub: to put a person's accept to the holder of a region, and where
//! an edge belongs.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::FromService,
};
use wire::{Code, EdgeId, EdgeSeat, PortalAccept};

use crate::{hub::Hub, store::Asked};

/// The only service that knows whether an accept has to wait.
const ORDER: &str = "order";

/// `POST /internal/asks`: safe to repeat.
pub(super) async fn ask(
    State(hub): State<Hub>,
    FromService(from): FromService,
    Json(accept): Json<PortalAccept>,
) -> Result<Json<()>, Problem> {
    from_order(&from)?;
    match hub.store.ask(&accept, hub.clock.now()).await? {
        Asked::Waits => {
            // The holder's session may be on another replica, which looks once a second.
            if let Some(holder) = hub.store.holder(accept.region).await? {
                hub.nudges.nudge(&holder);
            }
            Ok(Json(()))
        }
        Asked::HolderAway => Err(Code::RegionAssigningOffline.into()),
        Asked::IdReused => Err(Code::CommandIdReused.into()),
        Asked::TooMany => Err(Problem::new(Code::TooManyRequests).retry_after(5)),
    }
}

/// `GET /internal/seats/{edge}`: whether there is such an edge, of which region, in which epoch.
pub(super) async fn seat(
    State(hub): State<Hub>,
    FromService(from): FromService,
    Path(edge): Path<EdgeId>,
) -> Result<Json<EdgeSeat>, Problem> {
    from_order(&from)?;
    let seat = hub.store.seat(&edge).await?;
    seat.map(Json).ok_or_else(|| Code::EdgeUnknown.into())
}

fn from_order(from: &str) -> Result<(), Problem> {
    if from == ORDER { Ok(()) } else { Err(Code::RoleForbidden.into()) }
}
