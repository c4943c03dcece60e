//! `POST /api/v1/auth/verify-token`, which answers for a token with what auth_db knows, and the public
//! keys with which everyone else verifies tokens.

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
pub struct Asked {
    token: String,
}

#[derive(Serialize)]
pub struct Verified {
    user_id: UserId,
    role: Role,
    /// Always true: a token that is not active is answered with 401, for callers that look no
    /// further than the status.
    active: bool,
}

pub async fn verify(
    State(service): State<Service>,
    Json(asked): Json<Asked>,
) -> Result<axum::Json<Verified>, Problem> {
    match service.live_claims(&asked.token).await? {
        Some(claims) => {
            Ok(axum::Json(Verified { user_id: claims.sub, role: claims.role, active: true }))
        }
        None => Err(Problem::new(Code::InvalidToken)),
    }
}

pub async fn jwks(State(service): State<Service>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=60")];
    (headers, service.signer.jwks()).into_response()
}
