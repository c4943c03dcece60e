//! `POST /api/v1/auth/verify-token`, which checks a token against auth_db, and the public keys by which
//! the other parts verify tokens.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use process::problem::{Json, Problem};
use serde::{Deserialize, Serialize};
use wire::{Code, Role, UserId};

use crate::service::Service;

#[derive(Deserialize)]
pub struct TokenForm {
    pub token: String,
}

#[derive(Serialize)]
pub struct TokenOwner {
    user_id: UserId,
    role: Role,
    /// Always true: a token that is not active is answered with 401, for callers that look no
    /// further than the status.
    active: bool,
}

pub async fn verify(
    State(service): State<Service>,
    Json(form): Json<TokenForm>,
) -> Result<Json<TokenOwner>, Problem> {
    let claims = service.live_claims(&form.token).await?.ok_or(Code::InvalidToken)?;
    Ok(Json(TokenOwner { user_id: claims.sub, role: claims.role, active: true }))
}

pub async fn jwks(State(service): State<Service>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=60")];
    (headers, service.signer.jwks()).into_response()
}
