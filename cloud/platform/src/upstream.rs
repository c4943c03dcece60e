//! Calls to another service: in this process through its router, or over HTTP. Both arms take the
//! same request, so authentication, tracing and problems run the same code; both pass WebSocket
//! upgrades through.

mod guard;
mod remote;

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use process::{
    client::{ClientError, json_request},
    clock::Clock,
    parts::CloudPart,
    problem::ProblemBody,
    tasks::Tasks,
};
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

pub use guard::{GuardedPart, IdempotentChange, UploadFailure};
pub use remote::{RemoteService, strip_hop_by_hop};

/// Time limit until the response head. A service's own time limit is shorter.
const HEAD_LIMIT: Duration = Duration::from_secs(35);
/// Time limit for a whole JSON request and response, including the body.
const JSON_LIMIT: Duration = Duration::from_secs(15);
/// The readiness check's path. Its result proves nothing about the other routes.
const LIVE_PATH: &str = "/health/live";
/// A larger response is refused, to bound memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub enum Upstream {
    Local(Arc<Router>),
    Remote(RemoteService),
    /// Remote, with a circuit breaker per address.
    Guarded(GuardedPart),
    /// In this process, opened after its callers.
    Later(Arc<OnceLock<Weak<Router>>>),
}

/// Connects a service to callers that were opened before it.
pub struct UpstreamOpener(Arc<OnceLock<Weak<Router>>>);

impl UpstreamOpener {
    /// Makes the service callable while its router is held elsewhere. The reference is weak,
    /// because two services that call each other would otherwise keep each other alive.
    pub fn connect_to(self, service: &Upstream) {
        if let Upstream::Local(router) = service {
            let _first_and_only = self.0.set(Arc::downgrade(router));
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the service is not open")]
struct NotOpen;

#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The service refused the request; the response may be passed on.
    #[error("the service answered {status}")]
    Refused {
        status: StatusCode,
        problem: Option<Box<ProblemBody>>,
    },
    /// No response: the call may be retried, and may have taken effect.
    #[error("the service is unreachable")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the service did not answer in time")]
    TimedOut,
    /// Not sent: every address has failed and gets its next call after `wait`.
    #[error("the service failed repeatedly; the next call is allowed in {} ms", wait.as_millis())]
    Resting { wait: Duration },
    #[error("could not read the service's answer")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not build the request")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Upstream {
    pub fn from_router(router: Router) -> Self {
        Self::Local(Arc::new(router))
    }

    /// Unreachable until it is opened.
    pub fn open_later() -> (Self, UpstreamOpener) {
        let opening = Arc::new(OnceLock::new());
        (Self::Later(opening.clone()), UpstreamOpener(opening))
    }

    /// `base` is `http://host:port` or `https://host`. Upgraded connections run in `tasks`.
    pub fn from_address(base: &str, tasks: &Tasks) -> Result<Self, UpstreamError> {
        RemoteService::new(base, tasks).map(Self::Remote)
    }

    /// Combines all ways to a part into one. Remote ways get a circuit breaker; a local one does
    /// not need it. A call abandoned after `patience` counts as a fault of its address.
    pub fn combine_guarded(
        part: CloudPart,
        ways: Vec<Self>,
        clock: &Clock,
        patience: Duration,
    ) -> Self {
        match ways.iter().map(Self::as_remote).collect::<Option<Vec<_>>>() {
            Some(remotes) if !remotes.is_empty() => {
                Self::Guarded(GuardedPart::new(part, remotes, clock.clone(), patience))
            }
            _ => ways
                .into_iter()
                .next()
                .unwrap_or_else(|| Self::open_later().0),
        }
    }

    fn as_remote(&self) -> Option<RemoteService> {
        match self {
            Self::Remote(remote) => Some(remote.clone()),
            _ => None,
        }
    }

    /// Forwards a request and returns its response; bodies stream both ways. Pass the original
    /// request unchanged if it may be an upgrade. A request made here must not carry a client's
    /// extensions.
    pub async fn call(&self, request: Request<Body>) -> Result<Response<Body>, UpstreamError> {
        match self {
            Self::Local(router) => call_router(router, request).await,
            Self::Remote(remote) => remote.call(request).await,
            // Boxed because the future holds a copy of the request for retries.
            Self::Guarded(guard) => Box::pin(guard.call(request)).await,
            Self::Later(opening) => match opening.get().and_then(Weak::upgrade) {
                Some(router) => call_router(&router, request).await,
                None => Err(UpstreamError::Unreachable(Box::new(NotOpen))),
            },
        }
    }

    /// Sends JSON and reads the whole response as JSON; an empty response reads as `()`. `bearer`
    /// is a person's or a service's token.
    pub async fn call_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&impl Serialize>,
    ) -> Result<T, UpstreamError> {
        let request = json_request(method, path, bearer, body).map_err(request_error)?;
        let work = async {
            let (head, body) = self.call(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX);
            let bytes = body
                .collect()
                .await
                .map_err(UpstreamError::Unreadable)?
                .to_bytes();
            read(head.status, &bytes)
        };
        match tokio::time::timeout(JSON_LIMIT, work).await {
            Ok(result) => result,
            Err(_) => Err(UpstreamError::TimedOut),
        }
    }

    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        bearer: Option<&str>,
    ) -> Result<T, UpstreamError> {
        self.call_json(Method::GET, path, bearer, None::<&()>).await
    }

    /// Fails if the service does not respond.
    pub async fn ping(&self) -> Result<(), UpstreamError> {
        let request = json_request(Method::GET, LIVE_PATH, None, None::<&()>);
        let response = self.call(request.map_err(request_error)?).await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(UpstreamError::Refused {
            status: response.status(),
            problem: None,
        })
    }
}

impl UpstreamError {
    /// True if there was no response at all: a retry may help.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::TimedOut | Self::Resting { .. }
        )
    }
}

async fn call_router(
    router: &Router,
    request: Request<Body>,
) -> Result<Response<Body>, UpstreamError> {
    match tokio::time::timeout(HEAD_LIMIT, router.clone().oneshot(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(never)) => match never {},
        Err(_) => Err(UpstreamError::TimedOut),
    }
}

fn request_error(error: ClientError) -> UpstreamError {
    UpstreamError::Request(Box::new(error))
}

fn read<T: DeserializeOwned>(status: StatusCode, bytes: &Bytes) -> Result<T, UpstreamError> {
    if !status.is_success() {
        let problem = serde_json::from_slice(bytes).ok();
        return Err(UpstreamError::Refused { status, problem });
    }
    let bytes: &[u8] = if bytes.is_empty() { b"null" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| UpstreamError::Unreadable(Box::new(error)))
}
