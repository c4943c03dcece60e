//! Enforces a public route's declaration in the service's own router, so a service that is called
//! without the gateway refuses the same callers.
//!
//! Invariant: a protected handler runs only after its caller was admitted, and its `Caller` is the
//! admitted one. A refusal is `invalid_token` first, then the role's code, then
//! `permission_missing`.

use std::sync::Arc;

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

/// A handler without its type. The compiler builds axum's routing once for all of a service; with
/// the type it would do so for each handler, which takes longer than the service itself.
pub struct ErasedHandler<S>(Arc<dyn Fn(Request, S) -> BoxFuture<'static, Response> + Send + Sync>);

impl<S> Clone for ErasedHandler<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: 'static> ErasedHandler<S> {
    pub fn new<T>(handler: impl Handler<T, S>) -> Self {
        Self(Arc::new(move |request, state| {
            Box::pin(handler.clone().call(request, state))
        }))
    }
}

/// Distinguishes the erased form of a handler for the compiler.
pub struct Erased;

impl<S: 'static> Handler<Erased, S> for ErasedHandler<S> {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: S) -> Self::Future {
        (self.0)(request, state)
    }
}

/// Runs the handler of a public route for the callers that it serves.
pub struct GuardedHandler<S> {
    audience: Audience,
    permission: PermissionRule,
    handler: ErasedHandler<S>,
}

impl<S> Clone for GuardedHandler<S> {
    fn clone(&self) -> Self {
        Self {
            audience: self.audience,
            permission: self.permission,
            handler: self.handler.clone(),
        }
    }
}

impl<S: RouteGuard + 'static> GuardedHandler<S> {
    pub fn new<T>(route: &PublicRoute, handler: impl Handler<T, S>) -> Self {
        Self {
            audience: route.audience,
            permission: route.permission,
            handler: ErasedHandler::new(handler),
        }
    }

    /// `None` if the route requires no person.
    async fn admit_person(
        &self,
        headers: &HeaderMap,
        guard: &S,
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

impl<S> Handler<Guarded, S> for GuardedHandler<S>
where
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
