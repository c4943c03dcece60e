//! `GET /standing`: the status between this edge and the cloud, for tablets to show even before
//! sign-in.

use axum::extract::State;
use process::problem::{Json, Problem, log_fault};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EdgeId, Region, UnixMillis};

use super::EdgeApiState;
use crate::{clock_check::ClockStanding, link_status::LinkStatus, store::RegionStanding};

#[derive(Serialize, ToSchema)]
pub struct EdgeStanding {
    edge: EdgeId,
    region: Region,
    /// The time used by the edge.
    now: UnixMillis,
    link: LinkStatus,
    /// When the view last matched the cloud's.
    #[schema(required)]
    feed_as_of: Option<UnixMillis>,
    #[serde(flatten)]
    region_standing: RegionStanding,
    /// An accept of an open order is final here at once.
    firm: bool,
    /// The log may be an older copy of the one behind earlier answers, so nothing is firm here.
    suspect: bool,
    /// This is a copy of an edge, and the cloud takes nothing from it.
    twin: bool,
    /// The fault of the machine's clock.
    #[schema(required)]
    clock: Option<ClockStanding>,
}

pub async fn standing(State(rooms): State<EdgeApiState>) -> Result<Json<EdgeStanding>, Problem> {
    let ground = &rooms.context;
    let region_standing = ground.store.load_standing().await;
    let region_standing =
        region_standing.map_err(|e| log_fault("Could not read the region lease", e))?;
    let now = ground.clock.now();
    let age_ms = ground
        .authenticator
        .feed_age()
        .and_then(|age| i64::try_from(age.as_millis()).ok());
    Ok(Json(EdgeStanding {
        edge: ground.identity.edge_id.clone(),
        region: ground.identity.region,
        now,
        link: *rooms.link.borrow(),
        feed_as_of: age_ms.map(|ms| now.plus_ms(-ms)),
        firm: region_standing.holds && ground.authenticator.revocations_are_fresh(),
        suspect: region_standing.suspect,
        twin: ground.store.is_twin(),
        region_standing,
        clock: ground.clock_check.current_standing(),
    }))
}
