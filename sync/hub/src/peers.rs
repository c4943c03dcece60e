//! The order service, as the hub asks it: it decides ops, and owns orders and the right to assign.

use std::time::Duration;

use http::{Method, StatusCode};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    clock::Clock,
    tokens::ServiceKey,
    trace::{self, TraceId},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::config::NAME;

pub(crate) const ORDER: &str = "order";

/// A caller of the order service. Each call is a trace of its own: ops go on under their commands' traces.
#[derive(Clone)]
pub(crate) struct OrderService {
    pub upstream: Upstream,
    pub service_key: ServiceKey,
    pub clock: Clock,
    pub decided_within: Duration,
}

pub(crate) enum OwnerAnswer<T> {
    Decisions(T),
    /// The owner is out of reach, or takes nothing at all now.
    Away(UpstreamError),
    /// It takes lists, but not this one.
    Failed(UpstreamError),
}

impl OrderService {
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, UpstreamError> {
        let token = self.token();
        trace::scope(TraceId::random(), self.upstream.get(path, Some(&token))).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, UpstreamError> {
        let token = self.token();
        let call = self.upstream.json(Method::POST, path, Some(&token), Some(body));
        trace::scope(TraceId::random(), call).await
    }

    /// As `post`, within the time limit for a decision.
    pub async fn decide<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, UpstreamError> {
        let answer = tokio::time::timeout(self.decided_within, self.post(path, body)).await;
        answer.unwrap_or(Err(UpstreamError::TimedOut))
    }

    /// Has a list decided. A list that fails is followed by an empty one, and a `doubted` one also preceded
    /// by it. An owner that takes no list at all is away. One that answers an empty list but not this one is
    /// there, however long it has kept silent.
    pub async fn decide_controlled<L: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        list: &L,
        empty: &L,
        doubted: bool,
    ) -> OwnerAnswer<T> {
        if doubted && let Err(error) = self.decide::<T>(path, empty).await {
            return OwnerAnswer::Away(error);
        }
        match self.decide(path, list).await {
            Ok(decisions) => OwnerAnswer::Decisions(decisions),
            Err(error) if is_away(&error) && !matches!(error, UpstreamError::TimedOut) => {
                OwnerAnswer::Away(error)
            }
            Err(error) => match self.decide::<T>(path, empty).await {
                Ok(_) => OwnerAnswer::Failed(error),
                Err(error) => OwnerAnswer::Away(error),
            },
        }
    }

    fn token(&self) -> String {
        self.service_key.token(NAME, ORDER, &self.clock)
    }
}

/// Returns whether the service is out of reach or takes nothing now. Other errors concern the request.
fn is_away(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unreachable(_) | UpstreamError::TimedOut => true,
        UpstreamError::Refused { status, .. } => matches!(
            *status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        ),
        UpstreamError::Unreadable(_) | UpstreamError::Request(_) => false,
    }
}
