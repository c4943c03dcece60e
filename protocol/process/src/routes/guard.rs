//! Enforces a public route's declaration in the service's own router, so a service that is called
//! without the gateway refuses the same callers.
//!
//! Invariant: a protected handler runs only after its caller was admitted. A refusal is
//! `invalid_token` first, then the role's code, then `permission_missing`.

use axum::{
    extract::{FromRequestParts, Request},
    handler::Handler,
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use http::request::Parts;

use super::{Audience, PermissionRule, PublicRoute};
use crate::{
    problem::Problem,
    tokens::{Caller, TokenVerifier},
};

/// The state of a service's routes, which admits the callers of its public ones.
pub trait RouteGuard {
    fn verifier(&self) -> &TokenVerifier;

    /// Refuses a person whom the route does not serve: by their access token, and by the
    /// permissions that the gateway sent with it.
    fn admit_caller(
        &self,
        audience: Audience,
        permission: PermissionRule,
        parts: &mut Parts,
    ) -> impl Future<Output = Result<(), Problem>> + Send {
        admit_by_token(self.verifier(), audience, permission, parts)
    }
}

async fn admit_by_token(
    verifier: &TokenVerifier,
    audience: Audience,
    permission: PermissionRule,
    parts: &mut Parts,
) -> Result<(), Problem> {
    let caller = Caller::from_request_parts(parts, verifier).await?;
    let role = caller.actor.role;
    audience.check_role(role)?;
    permission.check_permissions(role, caller.permissions.as_slice())
}

/// Runs the handler of a public route for the callers that it serves.
#[derive(Clone)]
pub struct GuardedHandler<H> {
    audience: Audience,
    permission: PermissionRule,
    handler: H,
}

impl<H> GuardedHandler<H> {
    pub const fn new(route: &PublicRoute, handler: H) -> Self {
        Self {
            audience: route.audience,
            permission: route.permission,
            handler,
        }
    }
}

/// Distinguishes the guarded form of a handler for the compiler.
pub struct Guarded;

impl<H, T, S> Handler<(Guarded, T), S> for GuardedHandler<H>
where
    H: Handler<T, S>,
    S: RouteGuard + Send + Sync + 'static,
{
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            if !self.audience.requires_person() {
                return self.handler.call(request, state).await;
            }
            let (mut parts, body) = request.into_parts();
            let admitted = state.admit_caller(self.audience, self.permission, &mut parts);
            if let Err(problem) = admitted.await {
                return problem.into_response();
            }
            self.handler
                .call(Request::from_parts(parts, body), state)
                .await
        })
    }
}
