//! How regions assign: what an operator sees and sets, and what the hub asks for.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::{Caller, FromService},
    trace::Trace,
};
use rules::Seat;
use serde::{Deserialize, Serialize};
use wire::{
    AssignmentEvent, Assignments, EdgeId, OfflineRules, Policy, Region, Role, TakeBack, TakenBack,
};

use super::{asks, ops::from_hub};
use crate::{
    say,
    service::Service,
    store::{Assign, RegionRecord},
};

/// What an operator sets; what is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    policy: Option<Policy>,
    /// With `exclusive`: the edge that is to hold the region.
    holder: Option<EdgeId>,
    /// The holder's epoch as its status shows it.
    epoch: Option<u64>,
    rules: Option<OfflineRules>,
    take_back: Option<TakeBackAsked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeBackAsked {
    why: String,
}

#[derive(Serialize)]
pub struct Items {
    items: Vec<AssignmentEvent>,
}

pub async fn all(State(service): State<Service>, caller: Caller) -> Result<Json<Items>, Problem> {
    caller.require(Role::Admin)?;
    Ok(Json(Items { items: service.store.assignments().await? }))
}

pub async fn one(
    State(service): State<Service>,
    caller: Caller,
    Path(region): Path<Region>,
) -> Result<Json<RegionRecord>, Problem> {
    caller.require(Role::Admin)?;
    Ok(Json(service.store.region_record(region).await?))
}

pub async fn set(
    State(service): State<Service>,
    caller: Caller,
    Path(region): Path<Region>,
    Trace(trace): Trace,
    Json(asked): Json<Asked>,
) -> Result<Json<RegionRecord>, Problem> {
    caller.require(Role::Admin)?;
    let assign = Assign {
        by: caller.actor.user_id,
        trace: trace.into(),
        take_back: asked.take_back.as_ref().map(why).transpose()?,
        right: right(asked.policy, asked.holder, asked.epoch)?,
        rules: asked.rules.map(without_repeats),
    };
    if let Some((_, Some(seat))) = &assign.right {
        check_seat(&service, region, seat).await?;
    }
    service.store.assign(region, &assign).await??;
    Ok(Json(service.store.region_record(region).await?))
}

/// `POST /internal/takebacks`: the hub has found an edge restored or cloned. Safe to repeat.
pub async fn take_back(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(over): Json<TakeBack>,
) -> Result<Json<TakenBack>, Problem> {
    from_hub(&from)?;
    Ok(Json(TakenBack { fences: service.store.end_epoch(&over).await? }))
}

/// `GET /internal/assignments`: what the regions' feeds should have brought by now.
pub async fn for_the_hub(
    State(service): State<Service>,
    FromService(from): FromService,
) -> Result<Json<Assignments>, Problem> {
    from_hub(&from)?;
    Ok(Json(Assignments { items: service.store.assignments().await? }))
}

/// A kind of work that is named twice is allowed once: what is kept has room for each.
fn without_repeats(mut rules: OfflineRules) -> OfflineRules {
    if let Some(approval) = &mut rules.approval {
        let mut known = Vec::new();
        approval.service_types.retain(|kind| {
            let new = !known.contains(kind);
            known.push(*kind);
            new
        });
    }
    rules
}

fn why(asked: &TakeBackAsked) -> Result<String, Problem> {
    wire::check_reason(&asked.why).map_err(|error| Problem::wrong("take_back.why", error.why))
}

/// A right that is granted to an edge of another region, or to an epoch that is over, would be held by
/// nobody, and would have to be taken back.
async fn check_seat(service: &Service, region: Region, wanted: &Seat) -> Result<(), Problem> {
    match asks::seat(service, &wanted.edge).await? {
        Some(seat) if seat.region == region && seat.epoch == wanted.epoch => Ok(()),
        Some(seat) if seat.region == region => Err(Problem::wrong("epoch", say::epoch_passed)),
        _ => Err(Problem::wrong("holder", say::holder_unknown)),
    }
}

/// The policy and who is to hold the region; a holder belongs to `exclusive`, and is one epoch of an
/// edge.
fn right(
    policy: Option<Policy>,
    holder: Option<EdgeId>,
    epoch: Option<u64>,
) -> Result<Option<(Policy, Option<Seat>)>, Problem> {
    match (policy, holder, epoch) {
        (None, None, None) => Ok(None),
        (Some(policy), None, None) => Ok(Some((policy, None))),
        (Some(Policy::Exclusive), Some(edge), Some(epoch)) => {
            Ok(Some((Policy::Exclusive, Some(Seat { edge, epoch }))))
        }
        (_, Some(_), None) => Err(Problem::wrong("epoch", say::epoch_missing)),
        (_, None, Some(_)) => Err(Problem::wrong("holder", say::holder_missing)),
        (_, Some(_), Some(_)) => Err(Problem::wrong("policy", say::policy_without_holder)),
    }
}
