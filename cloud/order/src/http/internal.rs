//! The routes of the hub. It alone holds edges' logs and knows their epochs.

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use custody::{KnownOrders, KnownQuestion};
use process::{
    parts::CloudPart,
    problem::{Json, Path, Problem},
    tokens::FromService,
};
use rules::{Attempt, Origin};
use wire::{
    Assignments, Code, DistrustedCommands, HeldReason, ListedCases, OpDecision, OpsBatch,
    OpsDecisions, OrderAndTerms, OrderId, OrdersAnswer, OrdersQuestion, RangeAnswer, RangeQuestion,
    RegionAssignment, RenewRequest, TakeBack, TakenBack, WaitingAccept, WaitingAccepts,
    WaitingAnswers,
};

use super::hub::HUB;
use crate::{
    service::Service,
    store::{KNOWN_MAX, StoreError},
};

/// A larger run would hold its locks for too long; the hub hands in smaller ones.
const OPS_MAX: usize = 5_000;
/// A longer list would keep the hub waiting; it hands in shorter ones.
const ACCEPTS_MAX: usize = 1_000;
const ORDERS_MAX: usize = 200;
const DISTRUSTED_MAX: usize = 1_000;

/// The caller is the hub.
pub struct FromHub;

impl FromRequestParts<Service> for FromHub {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let FromService(from) = FromService::from_request_parts(parts, service).await?;
        if from == HUB { Ok(Self) } else { Err(Code::RoleForbidden.into()) }
    }
}

/// A run of an edge's log.
pub async fn ops(
    State(service): State<Service>,
    _: FromHub,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, Problem> {
    check_length(batch.ops.len(), OPS_MAX)?;
    Ok(Json(service.batch(batch).await?))
}

/// Accepts that waited for the holder of their region: each is decided, or still has to wait. An
/// empty list asks only that this service can decide.
pub async fn waiting_accepts(
    State(service): State<Service>,
    _: FromHub,
    Json(WaitingAccepts { items }): Json<WaitingAccepts>,
) -> Result<Json<WaitingAnswers>, Problem> {
    check_length(items.len(), ACCEPTS_MAX)?;
    if items.is_empty() {
        service.try_out().await?;
    }
    let mut answers = Vec::with_capacity(items.len());
    for WaitingAccept { command, actor, revoked } in items {
        let origin = Origin::Waited { revoked };
        // Its token stays with the hub; the copy that is kept here tells whether its person is
        // verified.
        let attempt = Attempt { command, actor: Some(actor), mark: None, origin };
        answers.push(decided(service.command(attempt).await)?);
    }
    Ok(Json(WaitingAnswers { answers }))
}

/// A fault of one accept says nothing of the others, unless nothing can be decided now.
fn decided(result: Result<OpDecision, StoreError>) -> Result<OpDecision, Problem> {
    match result.map_err(Problem::from) {
        Err(problem) if problem.code() != Code::Unavailable => {
            Ok(OpDecision::Held(HeldReason::NeedsOperator))
        }
        decided => decided,
    }
}

/// An operator no longer trusts an edge since a moment, and these commands of it were decided
/// before he said so. Safe to repeat.
pub async fn list_distrusted(
    State(service): State<Service>,
    _: FromHub,
    Json(DistrustedCommands { edge, commands }): Json<DistrustedCommands>,
) -> Result<Json<ListedCases>, Problem> {
    if commands.len() > DISTRUSTED_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let listed = service.store.list_distrusted(&commands).await?;
    if listed > 0 {
        tracing::warn!(edge.id = %edge, listed, "Decided commands of a disabled edge are listed");
    }
    Ok(Json(ListedCases { listed }))
}

/// The hub has found an edge restored or cloned, or an operator has disabled it. Safe to repeat.
pub async fn take_back(
    State(service): State<Service>,
    _: FromHub,
    Json(over): Json<TakeBack>,
) -> Result<Json<TakenBack>, Problem> {
    Ok(Json(TakenBack { fences: service.store.end_epoch(&over).await? }))
}

/// A new fence for a holder with a view that did not agree with its grant. Safe to repeat: a right
/// that does not stand changes nothing.
pub async fn renew(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<RenewRequest>,
) -> Result<Json<RegionAssignment>, Problem> {
    service.store.renew(&asked).await?;
    Ok(Json(service.store.region_record(asked.region).await?.now.assignment))
}

/// The assignments that the regions' feeds should have brought by now.
pub async fn assignments(
    State(service): State<Service>,
    _: FromHub,
) -> Result<Json<Assignments>, Problem> {
    Ok(Json(Assignments { items: service.store.assignments().await? }))
}

/// A digest of some of a region's orders.
pub async fn range(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<RangeQuestion>,
) -> Result<Json<RangeAnswer>, Problem> {
    Ok(Json(service.store.range(&asked).await?))
}

/// The orders of these ids.
pub async fn orders(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<OrdersQuestion>,
) -> Result<Json<OrdersAnswer>, Problem> {
    check_length(asked.ids.len(), ORDERS_MAX)?;
    Ok(Json(service.store.named(&asked.ids).await?))
}

/// The caller decides something about orders: their money, or the reviews of them.
pub struct FromDecider;

impl FromRequestParts<Service> for FromDecider {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let FromService(from) = FromService::from_request_parts(parts, service).await?;
        let deciders = [CloudPart::Payment, CloudPart::Review].map(CloudPart::name);
        if deciders.contains(&from.as_str()) { Ok(Self) } else { Err(Code::RoleForbidden.into()) }
    }
}

/// An order as it stands, with the price of its cancel.
pub async fn order(
    State(service): State<Service>,
    _: FromDecider,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderAndTerms>, Problem> {
    Ok(Json(service.store.order_and_terms(id).await?.ok_or(Code::OrderNotFound)?))
}

/// Orders with their versions, to compare.
pub async fn known(
    State(service): State<Service>,
    _: FromDecider,
    Json(asked): Json<KnownQuestion>,
) -> Result<Json<KnownOrders>, Problem> {
    if let KnownQuestion::Named(ids) = &asked {
        check_length(ids.len(), KNOWN_MAX)?;
    }
    Ok(Json(service.store.known(&asked).await?))
}

fn check_length(length: usize, most: usize) -> Result<(), Problem> {
    if length > most { Err(Code::BodyTooLarge.into()) } else { Ok(()) }
}
