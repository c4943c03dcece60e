//! `POST /api/v1/auth/edge-token` issues a token for the edges of one region to a signed-in person.
//! `POST /api/v1/auth/device-grants` issues a token for days to a provider's tablet, and `POST
//! /api/v1/auth/edge-logout` ends the session of such a token. `POST /internal/command-tokens`
//! issues a token for a single command to the hub.

use axum::{extract::State, http::StatusCode};
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
    trace::RequestTrace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Code, CommandToken, CommandTokenForm, DeviceId, EdgeGrant, Region, Role};

use super::{LiveCaller, session::TokenForm};
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
    LiveCaller(caller): LiveCaller,
    Json(form): Json<EdgeTokenForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    let grant = service
        .issue_edge_grant(&caller.claims, form.region)
        .await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

pub async fn device_grant(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Json(DeviceGrantForm { region, device }): Json<DeviceGrantForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    caller.require_role(Role::Provider)?;
    let tablet = Tablet { region, device };
    let grant = service
        .issue_device_grant(&caller.claims, tablet, &trace)
        .await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

/// The token itself authenticates the caller: an edge has no other proof.
pub async fn edge_logout(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<TokenForm>,
) -> Result<StatusCode, Problem> {
    let claims = service
        .verify_edge_token(&form.token)
        .await?
        .ok_or(Code::InvalidToken)?;
    service.sign_out(&claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn issue_command_token(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(form): Json<CommandTokenForm>,
) -> Result<Json<CommandToken>, Problem> {
    if from != CloudPart::Hub.name() {
        return Err(Code::RoleForbidden.into());
    }
    let token = service.issue_command_token(&form).await?;
    token.map(Json).ok_or_else(|| Code::InvalidToken.into())
}
