//! The routes of auth. Every one but register, login, verify-token and the public keys takes a live
//! session: `Live` asks auth_db, so a revoked token is refused here even without the gateway.

mod account;
mod renew;
mod session;

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post},
};
use process::{
    problem::{Problem, fault},
    tokens::Caller,
};
use wire::Code;

use crate::{
    passwords::PasswordError,
    service::{Service, ServiceError},
};

/// A full queue of passwords is empty again after some seconds.
const BUSY_RETRY_S: u32 = 5;

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/auth/register", post(account::register))
        .route("/api/v1/auth/login", post(session::login))
        .route("/api/v1/auth/logout", post(session::logout))
        .route("/api/v1/auth/sessions", get(session::list))
        .route("/api/v1/auth/verify-token", post(session::verify))
        .route("/verify-token", post(session::verify))
        .route("/api/v1/admin/users/{id}/revoke", post(account::revoke))
        .route("/internal/sessions/renew", post(renew::renew))
        .route("/.well-known/jwks.json", get(session::jwks))
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

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(error) => error.into(),
            ServiceError::Password(PasswordError::Busy) => {
                Problem::new(Code::TooManyRequests).retry_after(BUSY_RETRY_S)
            }
            ServiceError::Password(error @ PasswordError::Hash(_)) => {
                fault("Could not check a password", error)
            }
        }
    }
}
