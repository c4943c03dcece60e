//! The routes of auth. Every one but register, login, refresh, verify-token, edge-logout and the public keys takes a
//! live session: `Live` asks auth_db, so a revoked token is refused here even without the gateway.

mod account;
mod edge_tokens;
mod keys;
mod password;
mod renew;
mod session;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{Method, request::Parts},
    routing::post,
};
use process::{
    openapi::{RouteInput, RouteTable},
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
    table(Router::new())
        .route("/verify-token", post(session::verify))
        .route("/internal/sessions/renew", post(renew::renew))
        .route("/internal/command-tokens", post(edge_tokens::for_command))
        .with_state(service)
}

/// The public routes.
#[rustfmt::skip]
pub fn table<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, InvalidCredentials, InvalidToken, KeyTooNew, NotFound, ProvidersOnly, RegistrationQuota, RoleForbidden,
        TooManyRequests, UserExists,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const DELETE: Method = Method::DELETE;
    to
        .at(POST, "/api/v1/auth/register", "Register as a customer or provider",
            &[RoleForbidden, UserExists, RegistrationQuota, TooManyRequests], account::register)
        .at(POST, "/api/v1/auth/login", "Get an access token of an hour for a name and a password",
            &[InvalidCredentials, AccountLocked, TooManyRequests], session::login)
        .at(POST, "/api/v1/auth/refresh", "Get an access token of an hour and a new refresh token for a refresh token, which is then spent",
            &[InvalidToken], renew::refresh)
        .at(POST, "/api/v1/auth/logout", "End the session of the token", &[], session::logout)
        .at(POST, "/api/v1/auth/edge-token", "Get a token of your session for the edges of one region",
            &[], edge_tokens::edge_token)
        .at(POST, "/api/v1/auth/edge-logout", "End the session of a token for edges", &[InvalidToken],
            edge_tokens::edge_logout)
        .at(POST, "/api/v1/auth/device-grants", "Get a token for one tablet at the edges of one region, to work offline for days",
            &[ProvidersOnly], edge_tokens::device_grant)
        .at(GET, "/api/v1/auth/sessions", "List your live sessions, newest first", &[], session::list)
        .at(DELETE, "/api/v1/auth/sessions/others", "End all your sessions but the present one", &[],
            session::end_others)
        .at(DELETE, "/api/v1/auth/sessions/{id}", "End one of your sessions", &[NotFound], session::end)
        .at(POST, "/api/v1/auth/verify-token", "Find the person of a token", &[InvalidToken],
            session::verify)
        .at(POST, "/api/v1/admin/users/{id}/revoke", "Revoke a person: close the account and end its sessions, on record",
            &[NotFound, RoleForbidden], account::revoke)
        .at(POST, "/api/v1/admin/users/{id}/readmit",
            "Let a revoked person in again, on record; tokens from before stay dead",
            &[NotFound, RoleForbidden], account::readmit)
        .at(GET, "/api/v1/admin/users/{id}/sessions", "List a person's live sessions and device grants, newest first",
            &[NotFound, RoleForbidden], session::list_of_person)
        .at(DELETE, "/api/v1/admin/users/{id}/sessions/{session}", "End a session or device grant of a person, on record",
            &[NotFound, RoleForbidden], session::end_of_person)
        .at(POST, "/api/v1/auth/password", "Change your password; your other sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], password::change_password)
        .at(POST, "/api/v1/auth/password-reset", "Set a password by a code of an admin; all sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], password::redeem_reset)
        .at(POST, "/api/v1/admin/users/{id}/password-reset",
            "Give out a code by which a person sets a new password once, on record",
            &[NotFound, RoleForbidden], password::issue_reset)
        .at(GET, "/api/v1/admin/keys", "List the keys that sign tokens, with their states and moments",
            &[RoleForbidden], keys::list_keys)
        .at(POST, "/api/v1/admin/keys/rotate", "Let the next signing key begin, on record",
            &[RoleForbidden, KeyTooNew], keys::rotate_key)
        .at(POST, "/api/v1/admin/keys/kill", "End a stolen signing key and all its tokens, on record",
            &[NotFound, RoleForbidden], keys::kill_key)
        .at(GET, "/.well-known/jwks.json", "The public keys that verify access tokens, as a JWK Set",
            &[], session::jwks)
}

/// A caller whose session is live.
pub struct Live(pub Caller);

impl RouteInput for Live {}

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
