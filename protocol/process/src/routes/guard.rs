//! Enforces a public route's declaration in the service's own router, so a service that is called
//! without the gateway refuses the same callers.
//!
//! Invariant: a protected handler runs only after its caller was admitted, and its `Caller` is the
//! admitted one. A refusal is `invalid_token` first, then the role's code, then
//! `permission_missing`.

use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use http::HeaderMap;

use super::{Audience, PermissionRule, PublicRoute};
use crate::{
    problem::Problem,
    tokens::{Caller, GuardDecision, TokenVerifier},
};

/// The state of a service's routes, which admits the callers of its public ones.
pub trait RouteGuard {
    fn verifier(&self) -> &TokenVerifier;

    /// Verifies a person by their access token. Refuses them if the route does not serve them, by
    /// their role and by the permissions that the gateway sent with the token.
    fn admit_caller(
        &self,
        audience: Audience,
        permission: PermissionRule,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Caller, Problem>> + Send {
        let admitted = admit_by_token(self.verifier(), audience, permission, headers);
        std::future::ready(admitted)
    }
}

fn admit_by_token(
    verifier: &TokenVerifier,
    audience: Audience,
    permission: PermissionRule,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    let caller = verifier.verify_caller(headers)?;
    let role = caller.actor.role;
    audience.check_role(role)?;
    permission.check_permissions(role, caller.permissions.as_slice())?;
    Ok(caller)
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

    /// `None` if the route requires no person.
    async fn admit_person(
        &self,
        headers: &HeaderMap,
        guard: &impl RouteGuard,
    ) -> Result<Option<Caller>, Problem> {
        if !self.audience.requires_person() {
            return Ok(None);
        }
        let admitted = guard.admit_caller(self.audience, self.permission, headers);
        admitted.await.map(Some)
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

    fn call(self, mut request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let admitted = match self.admit_person(request.headers(), &state).await {
                Ok(admitted) => admitted,
                Err(problem) => return problem.into_response(),
            };
            // Replaces the decision of an outer route, whose caller this handler must not get.
            request.extensions_mut().insert(GuardDecision(admitted));
            self.handler.call(request, state).await
        })
    }
}
