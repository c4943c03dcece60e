//! The caller as an extractor: handlers that take one are reachable only with a valid token. Behind
//! a route's guard it is the caller that the guard verified; elsewhere it verifies the token.

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use wire::{Actor, Code, Permission, Role};

use super::{Claims, ServiceKey, TokenAudience, TokenError, TokenKeys};
use crate::{clock::Clock, problem::Problem};

/// An admin's permissions, from the gateway to a part. The gateway removes the header from client
/// requests.
pub const USER_PERMISSIONS: HeaderName = HeaderName::from_static("x-user-permissions");

/// A person, identified by the access token in `Authorization`; edge tokens open nothing here.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    pub claims: Claims,
    pub permissions: HeldPermissions,
}

/// The decision of the guard of a request's route: the admitted caller, or `None` if the route
/// requires no person. Each guard replaces an earlier decision, so the caller never comes from
/// outside.
#[derive(Clone)]
pub(crate) struct GuardDecision(pub Option<Caller>);

/// The caller's permissions. The gateway's header can only narrow the token's role, so forging it
/// gains nothing over omitting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPermissions(Vec<Permission>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCaller(pub String);

#[derive(Debug, Clone)]
pub struct AdminCaller(pub Caller);

/// Verifies a service's callers. The state of its routes carries one.
#[derive(Clone)]
pub struct TokenVerifier {
    /// This service's name, which its callers' tokens must contain.
    pub service: &'static str,
    pub keys: TokenKeys,
    pub service_key: ServiceKey,
    pub clock: Clock,
}

impl TokenVerifier {
    pub fn token_for(&self, service: &'static str) -> String {
        self.service_key
            .issue_token(self.service, service, &self.clock)
    }

    /// The person of a request's access token.
    pub fn verify_caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = bearer_token(headers).ok_or(Code::InvalidToken)?;
        if self.keys.is_empty() {
            // No caller can be judged without keys; the fault is ours.
            return Err(Problem::new(Code::Unavailable).retry_after(1));
        }
        let now = self.clock.now();
        let claims = self.keys.verify(token, TokenAudience::Cloud, now)?;
        let permissions = HeldPermissions::from_headers(claims.role, headers);
        Ok(Caller {
            actor: claims.actor(),
            claims,
            permissions,
        })
    }
}

impl HeldPermissions {
    /// Without the header the caller has every permission of the role. Permissions that only a
    /// newer gateway has are dropped.
    pub fn from_headers(role: Role, headers: &HeaderMap) -> Self {
        let of_role = Permission::allowed_for_role(role);
        let mut values = headers.get_all(USER_PERMISSIONS).iter();
        let Some(value) = values.next().filter(|_| role == Role::Admin) else {
            return Self(of_role.to_vec());
        };
        let words = value.to_str().unwrap_or_default();
        let named = words.split(' ').filter_map(|word| word.parse().ok());
        let is_single = values.next().is_none();
        Self(
            named
                .filter(|one| is_single && of_role.contains(one))
                .collect(),
        )
    }

    pub fn to_header(held: &[Permission]) -> HeaderValue {
        let words: Vec<&str> = held.iter().map(|one| one.as_str()).collect();
        HeaderValue::from_str(&words.join(" ")).unwrap_or(HeaderValue::from_static(""))
    }

    pub fn as_slice(&self) -> &[Permission] {
        &self.0
    }

    pub fn include_any(&self, wanted: &[Permission]) -> bool {
        wanted.iter().any(|one| self.0.contains(one))
    }
}

impl Caller {
    /// The person as a reader of other people's data. Without these permissions an admin reads like
    /// a customer who owns nothing of it.
    pub fn as_reader(&self, wanted: &[Permission]) -> Actor {
        match self.actor.role {
            Role::Admin if !self.permissions.include_any(wanted) => Actor {
                role: Role::Customer,
                ..self.actor
            },
            Role::Admin | Role::Customer | Role::Provider => self.actor,
        }
    }

    /// The caller admitted by the guard of the request's route.
    pub fn find_admitted(parts: &Parts) -> Option<Self> {
        let decision = parts.extensions.get::<GuardDecision>()?;
        decision.0.clone()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Self::find_admitted(parts) {
            Some(caller) => Ok(caller),
            None => TokenVerifier::from_ref(state).verify_caller(&parts.headers),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AdminCaller
where
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        match caller.actor.role {
            Role::Admin => Ok(Self(caller)),
            Role::Customer | Role::Provider => Err(Problem::new(Code::RoleForbidden)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceCaller
where
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer_token(&parts.headers).ok_or(Code::InvalidToken)?;
        let TokenVerifier {
            service,
            service_key,
            clock,
            ..
        } = TokenVerifier::from_ref(state);
        Ok(Self(service_key.verify_token(
            token,
            service,
            clock.now(),
        )?))
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::new(match error {
            TokenError::Invalid | TokenError::Elsewhere => Code::InvalidToken,
            TokenError::Expired => Code::TokenExpired,
        })
    }
}

/// The token of the only `Authorization: Bearer` header; two headers count as none.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    let another = values.next();
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let is_sound = another.is_none()
        && scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && !token.contains(' ');
    is_sound.then_some(token)
}

#[cfg(test)]
mod tests;
