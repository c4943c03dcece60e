//! Accepts that another decides: put to the holder of their region by the hub, and handed in again by it
//! when the right has ended.

use axum::extract::State;
use axum::http::Method;
use platform::upstream::UpstreamError;
use process::{
    problem::{Json, Problem, chain},
    tokens::FromService,
};
use rules::{Attempt, Origin};
use serde::{Serialize, de::DeserializeOwned};
use wire::{
    Actor, Code, Command, EdgeId, EdgeSeat, HeldReason, OpDecision, PortalAccept, WaitingAccept,
    WaitingAccepts, WaitingAnswers,
};

use super::ops::from_hub;
use crate::{service::Service, store::StoreError};

const HUB: &str = "hub";
/// A longer list would keep its caller waiting; the hub hands in shorter ones.
const ITEMS_MAX: usize = 1_000;

/// Has the hub put an accept to whoever holds the order's region. Refused where the holder is out of
/// reach; then nothing is stored anywhere.
pub async fn put_to_holder(
    service: &Service,
    command: Command,
    actor: Actor,
    token: String,
) -> Result<(), Problem> {
    let order = service.store.order(command.body.order_id()).await?.ok_or(Code::OrderNotFound)?;
    let accept = PortalAccept { region: order.location, command, actor, token };
    ask_hub(service, Method::POST, "/internal/asks", Some(&accept)).await
}

/// Where an edge belongs; `None` where none of that name is enrolled.
pub async fn seat(service: &Service, edge: &EdgeId) -> Result<Option<EdgeSeat>, Problem> {
    let path = format!("/internal/seats/{edge}");
    match ask_hub(service, Method::GET, &path, None::<&()>).await {
        Ok(seat) => Ok(Some(seat)),
        Err(problem) if problem.code() == Code::EdgeUnknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// `POST /internal/waiting-accepts`: each is decided, or still has to wait. An empty list is the hub's way
/// to ask whether this service decides anything at all.
pub async fn decide(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(WaitingAccepts { items }): Json<WaitingAccepts>,
) -> Result<Json<WaitingAnswers>, Problem> {
    from_hub(&from)?;
    if items.len() > ITEMS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    if items.is_empty() {
        service.try_out().await?;
    }
    let mut answers = Vec::with_capacity(items.len());
    for WaitingAccept { command, actor, revoked } in items {
        let origin = Origin::Waited { revoked };
        let attempt = Attempt { command, actor: Some(actor), origin };
        answers.push(decided(service.command(attempt).await)?);
    }
    Ok(Json(WaitingAnswers { answers }))
}

/// A fault of one of them says nothing of the others, unless nothing can be decided now.
fn decided(result: Result<OpDecision, StoreError>) -> Result<OpDecision, Problem> {
    match result.map_err(Problem::from) {
        Err(problem) if problem.code() != Code::Unavailable => {
            Ok(OpDecision::Held(HeldReason::NeedsOperator))
        }
        decided => decided,
    }
}

async fn ask_hub<T: DeserializeOwned>(
    service: &Service,
    method: Method,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, Problem> {
    let token = service.verifier.token_for(HUB);
    match service.hub.json(method, path, Some(&token), body).await {
        Ok(answer) => Ok(answer),
        Err(UpstreamError::Refused { problem: Some(problem), .. }) => Err((*problem).into()),
        Err(error) => {
            tracing::warn!(cause = chain(&error), "The hub cannot be asked");
            Err(Problem::new(Code::Unavailable).retry_after(1))
        }
    }
}
