//! `POST /internal/sessions/renew`: the gateway renews the tokens that it holds for pages. `POST
//! /api/v1/auth/refresh`: a program exchanges its refresh token.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::ServiceCaller,
    trace::RequestTrace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::Code;

use super::session::TokenForm;
use crate::{renewal::RenewedAccess, service::Service};

pub async fn renew_session(
    State(service): State<Service>,
    _: ServiceCaller,
    Json(form): Json<TokenForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service.renew_access(&form.token).await?;
    renewed
        .map(Json)
        .ok_or_else(|| Problem::new(Code::InvalidToken))
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
    RequestTrace(trace): RequestTrace,
    Json(form): Json<RefreshForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service
        .refresh_access(&form.refresh_token, form.attempt, &trace)
        .await?;
    renewed
        .map(Json)
        .ok_or_else(|| Problem::new(Code::InvalidToken))
}
