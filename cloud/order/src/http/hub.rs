//! Requests to the hub.

use axum::http::Method;
use platform::upstream::UpstreamError;
use process::problem::{Problem, format_error_chain};
use serde::{Serialize, de::DeserializeOwned};
use wire::{AcceptForHolder, Actor, Code, Command, CurrentEpoch, EdgeId};

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
    let order = service
        .store
        .find_order(command.body.order_id())
        .await?
        .ok_or(Code::OrderNotFound)?;
    let accept = AcceptForHolder {
        region: order.location,
        command,
        actor,
        token,
    };
    request_hub(service, Method::POST, "/internal/asks", Some(&accept)).await
}

/// The region and epoch of an edge; `None` if it is not enrolled.
pub async fn find_edge_seat(
    service: &Service,
    edge: &EdgeId,
) -> Result<Option<CurrentEpoch>, Problem> {
    let path = format!("/internal/seats/{edge}");
    match request_hub(service, Method::GET, &path, None::<&()>).await {
        Ok(seat) => Ok(Some(seat)),
        Err(problem) if problem.code() == Code::EdgeUnknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn request_hub<T: DeserializeOwned>(
    service: &Service,
    method: Method,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, Problem> {
    let token = service.verifier.token_for(HUB);
    match service
        .hub
        .call_json(method, path, Some(&token), body)
        .await
    {
        Ok(answer) => Ok(answer),
        Err(UpstreamError::Refused {
            problem: Some(problem),
            ..
        }) => Err((*problem).into()),
        Err(error) => {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not reach the hub"
            );
            Err(Problem::new(Code::Unavailable).retry_after(1))
        }
    }
}
