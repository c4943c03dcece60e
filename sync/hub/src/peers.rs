//! Clients of other services: the order service decides ops and owns orders and region assignments;
//! the review service decides reviews; auth issues tokens.

use std::time::Duration;

use http::{Method, StatusCode};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    clock::Clock,
    tokens::ServiceKey,
    trace::{self, TraceId},
};
use serde::{Serialize, de::DeserializeOwned};
use wire::{CommandToken, CommandTokenForm};

use crate::config::NAME;

pub(crate) const ORDER: &str = "order";
pub(crate) const REVIEW: &str = "review";
const AUTH: &str = "auth";
/// An edge's session waits for this call.
const TOKEN_WITHIN: Duration = Duration::from_secs(2);

/// Client of a service that decides ops. Each call starts a new trace: the ops continue under their
/// commands' traces.
#[derive(Clone)]
pub(crate) struct OwnerClient {
    /// The audience of the hub's token.
    pub name: &'static str,
    pub upstream: Upstream,
    pub service_key: ServiceKey,
    pub clock: Clock,
    pub decided_within: Duration,
}

/// Client of auth for tokens that vouch for one command.
#[derive(Clone)]
pub(crate) struct CommandTokenClient {
    upstream: Upstream,
    service_key: ServiceKey,
    clock: Clock,
}

pub(crate) enum OwnerAnswer<T> {
    Decisions(T),
    /// The owner is unreachable or accepts no calls now.
    Away(UpstreamError),
    /// The owner accepts calls, but not this list.
    Failed(UpstreamError),
}

impl OwnerClient {
    /// Builds the clients of all owners, which differ only in name and upstream.
    pub(crate) fn client_factory(
        service_key: ServiceKey,
        clock: &Clock,
        decided_within: Duration,
    ) -> impl Fn(&'static str, Upstream) -> Self + use<> {
        let clock = clock.clone();
        move |name, upstream| {
            let service_key = service_key.clone();
            let clock = clock.clone();
            Self {
                name,
                upstream,
                service_key,
                clock,
                decided_within,
            }
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, UpstreamError> {
        let token = self.sign_token();
        trace::run_in_trace(TraceId::random(), self.upstream.get(path, Some(&token))).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, UpstreamError> {
        let token = self.sign_token();
        let call = self
            .upstream
            .call_json(Method::POST, path, Some(&token), Some(body));
        trace::run_in_trace(TraceId::random(), call).await
    }

    /// Like `post`, with the time limit for a decision.
    pub(crate) async fn post_for_decision<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, UpstreamError> {
        let answer = tokio::time::timeout(self.decided_within, self.post(path, body)).await;
        answer.unwrap_or(Err(UpstreamError::TimedOut))
    }

    /// Sends a list for decision, with control calls: an empty list follows a failed one, and
    /// precedes a `doubted` one. An owner that refuses the control is away. An owner that answers
    /// the control but fails this list is up, even after a long silence.
    pub(crate) async fn submit_with_controls<L: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        list: &L,
        empty: &L,
        doubted: bool,
    ) -> OwnerAnswer<T> {
        if doubted && let Err(error) = self.post_for_decision::<T>(path, empty).await {
            return OwnerAnswer::Away(error);
        }
        match self.post_for_decision(path, list).await {
            Ok(decisions) => OwnerAnswer::Decisions(decisions),
            Err(error) if is_away(&error) && !matches!(error, UpstreamError::TimedOut) => {
                OwnerAnswer::Away(error)
            }
            Err(error) => match self.post_for_decision::<T>(path, empty).await {
                Ok(_) => OwnerAnswer::Failed(error),
                Err(error) => OwnerAnswer::Away(error),
            },
        }
    }

    fn sign_token(&self) -> String {
        self.service_key.issue_token(NAME, self.name, &self.clock)
    }
}

impl CommandTokenClient {
    pub(crate) fn new(upstream: Upstream, service_key: &ServiceKey, clock: &Clock) -> Self {
        Self {
            upstream,
            service_key: service_key.clone(),
            clock: clock.clone(),
        }
    }

    /// Exchanges the user's own token for one bound to the command. `None` if theirs is invalid or
    /// its session has ended.
    pub(crate) async fn exchange_user_token(
        &self,
        form: &CommandTokenForm,
    ) -> Result<Option<String>, UpstreamError> {
        const PATH: &str = "/internal/command-tokens";
        let own = self.service_key.issue_token(NAME, AUTH, &self.clock);
        let asked = self
            .upstream
            .call_json(Method::POST, PATH, Some(&own), Some(form));
        let answer =
            tokio::time::timeout(TOKEN_WITHIN, trace::run_in_trace(TraceId::random(), asked)).await;
        match answer.unwrap_or(Err(UpstreamError::TimedOut)) {
            Ok(CommandToken { token }) => Ok(Some(token)),
            Err(UpstreamError::Refused {
                status: StatusCode::UNAUTHORIZED,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns true if the service is unreachable or accepts no calls now. Other errors concern the
/// request.
fn is_away(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unreachable(_) | UpstreamError::TimedOut | UpstreamError::Resting { .. } => {
            true
        }
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
