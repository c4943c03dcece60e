//! Sends requests with an `Idempotency-Key` through the idempotency store if their route supports
//! keys. All other requests pass through unchanged, at no cost.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
    routing::{Route, future::RouteFuture},
};
use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::Method;
use process::idempotency::IDEMPOTENCY_KEY;
use tower::{Layer, Service};

use super::IdempotencyStore;

/// Clones share the state.
#[derive(Clone)]
pub struct IdempotencyLayer(Arc<Inner>);

struct Inner {
    answers: IdempotencyStore,
    routes: HashSet<(Method, &'static str)>,
}

#[derive(Clone)]
pub struct IdempotencyService {
    keyed: IdempotencyLayer,
    route: Route,
}

impl IdempotencyLayer {
    pub fn new(answers: IdempotencyStore, routes: HashSet<(Method, &'static str)>) -> Self {
        Self(Arc::new(Inner { answers, routes }))
    }

    fn applies_to(&self, request: &Request) -> bool {
        let Some(path) = request.extensions().get::<MatchedPath>() else {
            return false;
        };
        if !request.headers().contains_key(IDEMPOTENCY_KEY) {
            return false;
        }
        let mut routes = self.0.routes.iter();
        routes.any(|(method, known)| request.method() == method && path.as_str() == *known)
    }
}

impl Layer<Route> for IdempotencyLayer {
    type Service = IdempotencyService;

    fn layer(&self, route: Route) -> IdempotencyService {
        IdempotencyService {
            keyed: self.clone(),
            route,
        }
    }
}

impl Service<Request> for IdempotencyService {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Route as Service<Request>>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !self.keyed.applies_to(&request) {
            return Either::Left(self.route.call(request));
        }
        let answer = self
            .keyed
            .0
            .answers
            .clone()
            .serve_request(request, self.route.clone());
        let answer = answer.map(|answer| Ok(answer.unwrap_or_else(IntoResponse::into_response)));
        Either::Right(answer.boxed())
    }
}
