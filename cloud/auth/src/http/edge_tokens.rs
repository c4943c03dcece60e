//! `POST /api/v1/auth/edge-token` issues a token for the edges of one region to a signed-in person.
//! `POST /api/v1/auth/device-grants` issues a token for days to a provider's tablet, and `POST
//! /api/v1/auth/edge-logout` ends the session of such a token. `POST /internal/command-tokens`
//! issues a token for a single command to the hub.

use axum::{extract::State, http::StatusCode};
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::FromService,
    trace::Trace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Code, CommandToken, CommandTokenForm, DeviceId, EdgeGrant, Region, Role};

use super::{Live, session::TokenForm};
use crate::{grants::Tablet, service::Service};

#[derive(Deserialize, ToSchema)]
pub struct EdgeTokenForm {
    region: Region,
}

#[derive(Deserialize, ToSchema)]
pub struct DeviceGrantForm {
    region: Region,
    /// The name of the tablet.
    device: DeviceId,
}

pub async fn edge_token(
    State(service): State<Service>,
    Live(caller): Live,
    Json(form): Json<EdgeTokenForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    let grant = service.edge_grant(&caller.claims, form.region).await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

pub async fn device_grant(
    State(service): State<Service>,
    Trace(trace): Trace,
    Live(caller): Live,
    Json(DeviceGrantForm { region, device }): Json<DeviceGrantForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    caller.require(Role::Provider)?;
    let tablet = Tablet { region, device };
    let grant = service.device_grant(&caller.claims, tablet, &trace).await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

/// The token itself authenticates the caller: an edge has no other proof.
pub async fn edge_logout(
    State(service): State<Service>,
    Trace(trace): Trace,
    Json(form): Json<TokenForm>,
) -> Result<StatusCode, Problem> {
    let claims = service.live_edge_claims(&form.token).await?.ok_or(Code::InvalidToken)?;
    service.sign_out(&claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn for_command(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(form): Json<CommandTokenForm>,
) -> Result<Json<CommandToken>, Problem> {
    if from != CloudPart::Hub.name() {
        return Err(Code::RoleForbidden.into());
    }
    let token = service.command_token(&form).await?;
    token.map(Json).ok_or_else(|| Code::InvalidToken.into())
}
