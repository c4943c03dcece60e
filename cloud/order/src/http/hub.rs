//! Requests to the hub.

use axum::http::Method;
use platform::upstream::UpstreamError;
use process::problem::{Problem, chain};
use serde::{Serialize, de::DeserializeOwned};
use wire::{Actor, Code, Command, EdgeId, EdgeSeat, PortalAccept};

use crate::service::Service;

pub const HUB: &str = "hub";

/// Has the hub forward an accept to the holder of the order's region. Refused if the holder is
/// unreachable; nothing is stored then.
pub async fn put_to_holder(
    service: &Service,
    command: Command,
    actor: Actor,
    token: String,
) -> Result<(), Problem> {
    let order = service.store.order(command.body.order_id()).await?.ok_or(Code::OrderNotFound)?;
    let accept = PortalAccept { region: order.location, command, actor, token };
    ask(service, Method::POST, "/internal/asks", Some(&accept)).await
}

/// The region and epoch of an edge; `None` if it is not enrolled.
pub async fn seat(service: &Service, edge: &EdgeId) -> Result<Option<EdgeSeat>, Problem> {
    let path = format!("/internal/seats/{edge}");
    match ask(service, Method::GET, &path, None::<&()>).await {
        Ok(seat) => Ok(Some(seat)),
        Err(problem) if problem.code() == Code::EdgeUnknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn ask<T: DeserializeOwned>(
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
