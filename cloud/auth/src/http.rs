//! The routes of auth. Every one but register, login, verify-token and the public keys takes a live
//! session: `Live` asks auth_db, so a revoked token is refused here even without the gateway.

mod login;
mod problems;
mod register;
mod renew;
mod revoke;
mod session;
mod token;

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post},
};
use process::{problem::Problem, tokens::Caller};
use wire::Code;

use crate::service::Service;

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/auth/register", post(register::register))
        .route("/api/v1/auth/login", post(login::login))
        .route("/api/v1/auth/logout", post(session::logout))
        .route("/api/v1/auth/sessions", get(session::list))
        .route("/api/v1/auth/verify-token", post(token::verify))
        .route("/verify-token", post(token::verify))
        .route("/api/v1/admin/users/{id}/revoke", post(revoke::revoke))
        .route("/internal/sessions/renew", post(renew::renew))
        .route("/.well-known/jwks.json", get(token::jwks))
        .with_state(service)
}

/// A caller whose session is live.
pub struct Live(pub Caller);

impl FromRequestParts<Service> for Live {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let live = service.is_live(&caller.claims).await?;
        live.then_some(Self(caller)).ok_or_else(|| Problem::new(Code::InvalidToken))
    }
}
