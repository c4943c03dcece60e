//! Who asks, as an extractor: a handler that takes one cannot be reached without a valid token.

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};
use wire::{Actor, Code, Role};

use super::{Claims, Keys, ServiceKey, TokenError, TokenKind};
use crate::{clock::Clock, problem::Problem};

/// A signed-in person, by the access token of the `Authorization` header. A device grant is for edges
/// and opens nothing here.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    pub claims: Claims,
}

/// Another service of this platform, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromService(pub String);

/// The name this service is asked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceName(pub &'static str);

impl Caller {
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        if self.actor.role == role {
            return Ok(());
        }
        Err(Problem::new(match role {
            Role::Provider => Code::ProvidersOnly,
            Role::Customer | Role::Admin => Code::RoleForbidden,
        }))
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Keys: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(Code::InvalidToken)?;
        let keys = Keys::from_ref(state);
        if keys.is_empty() {
            // Nobody can be judged yet; that is our trouble, not the caller's.
            return Err(Problem::new(Code::Unavailable).retry_after(1));
        }
        let claims = keys.verify(token, Clock::from_ref(state).now())?;
        if claims.kind != TokenKind::Access {
            return Err(Code::InvalidToken.into());
        }
        Ok(Self { actor: claims.actor(), claims })
    }
}

impl<S> FromRequestParts<S> for FromService
where
    S: Send + Sync,
    ServiceKey: FromRef<S>,
    ServiceName: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(Code::InvalidToken)?;
        let (key, name) = (ServiceKey::from_ref(state), ServiceName::from_ref(state));
        let from = key.verify(token, name.0, Clock::from_ref(state).now())?;
        Ok(Self(from))
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::new(match error {
            TokenError::Invalid => Code::InvalidToken,
            TokenError::Expired => Code::TokenExpired,
        })
    }
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests;
