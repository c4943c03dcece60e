//! `POST /internal/sessions/renew`: the gateway renews the tokens that it holds for pages. `POST
//! /api/v1/auth/refresh`: a program exchanges its refresh token.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::FromService,
    trace::Trace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::Code;

use super::session::TokenForm;
use crate::{renewal::RenewedAccess, service::Service};

pub async fn renew(
    State(service): State<Service>,
    _: FromService,
    Json(form): Json<TokenForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service.renew(&form.token).await?;
    renewed.map(Json).ok_or_else(|| Problem::new(Code::InvalidToken))
}

#[derive(Deserialize, ToSchema)]
pub struct RefreshForm {
    refresh_token: String,
    /// An idempotency key: generate one per use, and keep it until the answer arrives. The same
    /// token and attempt return the same result at any time; without an attempt, only within a
    /// minute.
    #[serde(default)]
    attempt: Option<Uuid>,
}

pub async fn refresh(
    State(service): State<Service>,
    Trace(trace): Trace,
    Json(form): Json<RefreshForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service.refreshed(&form.refresh_token, form.attempt, &trace).await?;
    renewed.map(Json).ok_or_else(|| Problem::new(Code::InvalidToken))
}
