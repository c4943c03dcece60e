//! The order service: it decides ops, and owns orders and the right to assign.

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

    fn token(&self) -> String {
        self.service_key.token(NAME, ORDER, &self.clock)
    }
}

/// Returns whether the service is out of reach or takes nothing now. Other errors concern the request.
pub(crate) fn is_away(error: &UpstreamError) -> bool {
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
