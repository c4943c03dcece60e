//! Owns the way to another service: in this process through its router, or over HTTP. Both arms
//! take the same request, so authentication, tracing and problems run the same code; a WebSocket
//! upgrade passes through both.

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

pub use guard::{GuardedPart, OwnKey, UploadVerdict};
pub use remote::{Remote, strip_hop_by_hop};

/// Until the head of the answer. A service answers for itself after less.
const HEAD_LIMIT: Duration = Duration::from_secs(35);
/// For a whole JSON request and its answer, body included.
const JSON_LIMIT: Duration = Duration::from_secs(15);
/// Asked for by the readiness check, a look that says nothing of the other routes.
const LIVE_PATH: &str = "/health/live";
/// An answer beyond that is refused rather than held in memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub enum Upstream {
    Local(Arc<Router>),
    Remote(Remote),
    /// At several addresses, or at one that may fail.
    Guarded(GuardedPart),
    /// In this process, opened later than its askers.
    Later(Arc<OnceLock<Weak<Router>>>),
}

/// Connects a service to those that were opened before it and ask it.
pub struct Opening(Arc<OnceLock<Weak<Router>>>);

impl Opening {
    /// From here on it can be asked, as long as its router is held elsewhere: two services that ask
    /// each other would otherwise keep each other for ever.
    pub fn opened(self, service: &Upstream) {
        if let Upstream::Local(router) = service {
            let _first_and_only = self.0.set(Arc::downgrade(router));
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is not open")]
struct NotOpen;

#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// It answered, and refused: the answer may be passed on.
    #[error("the service answered {status}")]
    Refused { status: StatusCode, problem: Option<Box<ProblemBody>> },
    /// There was no answer: it may be tried again, and may have been done.
    #[error("the service is out of reach")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the service did not answer in time")]
    TimedOut,
    /// Nothing was sent: each of its addresses has failed, and gets its next call after this time.
    #[error("the service failed often and is left alone for {} ms", wait.as_millis())]
    Resting { wait: Duration },
    #[error("the service's answer could not be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the request could not be made")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Upstream {
    pub fn local(router: Router) -> Self {
        Self::Local(Arc::new(router))
    }

    /// Until it is opened it is out of reach.
    pub fn later() -> (Self, Opening) {
        let opening = Arc::new(OnceLock::new());
        (Self::Later(opening.clone()), Opening(opening))
    }

    /// `base` is `http://host:port` or `https://host`. Passed-through connections run in `tasks`.
    pub fn remote(base: &str, tasks: &Tasks) -> Result<Self, UpstreamError> {
        Remote::new(base, tasks).map(Self::Remote)
    }

    /// One way in place of all that lead to a part. Those to other processes are guarded; the one
    /// within this process needs no guard. A call that outlasts `patience` and is given up is a
    /// fault of its address.
    pub fn guarded(part: CloudPart, ways: Vec<Self>, clock: &Clock, patience: Duration) -> Self {
        let remote = |way: &Self| match way {
            Self::Remote(remote) => Some(remote.clone()),
            _ => None,
        };
        match ways.iter().map(remote).collect::<Option<Vec<_>>>() {
            Some(remotes) if !remotes.is_empty() => {
                Self::Guarded(GuardedPart::new(part, remotes, clock.clone(), patience))
            }
            _ => ways.into_iter().next().unwrap_or_else(|| Self::later().0),
        }
    }

    /// Passes a request on and returns its answer; bodies stream both ways. Hand in the original
    /// request whole when it may be an upgrade. A request of one's own must not carry a client's
    /// extensions.
    pub async fn call(&self, request: Request<Body>) -> Result<Response<Body>, UpstreamError> {
        match self {
            Self::Local(router) => here(router, request).await,
            Self::Remote(remote) => remote.call(request).await,
            // It holds a request of its own for another attempt.
            Self::Guarded(guard) => Box::pin(guard.call(request)).await,
            Self::Later(opening) => match opening.get().and_then(Weak::upgrade) {
                Some(router) => here(&router, request).await,
                None => Err(UpstreamError::Unreachable(Box::new(NotOpen))),
            },
        }
    }

    /// Asks with JSON and reads the whole answer as JSON; an empty answer reads as `()`. `bearer`
    /// is a person's or a service's token.
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&impl Serialize>,
    ) -> Result<T, UpstreamError> {
        let request = json_request(method, path, bearer, body).map_err(unsendable)?;
        let work = async {
            let (head, body) = self.call(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX);
            let bytes = body.collect().await.map_err(UpstreamError::Unreadable)?.to_bytes();
            read(head.status, &bytes)
        };
        match tokio::time::timeout(JSON_LIMIT, work).await {
            Ok(result) => result,
            Err(_) => Err(UpstreamError::TimedOut),
        }
    }

    /// Asks without a body.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        bearer: Option<&str>,
    ) -> Result<T, UpstreamError> {
        self.json(Method::GET, path, bearer, None::<&()>).await
    }

    /// Fails where the service does not answer.
    pub async fn ping(&self) -> Result<(), UpstreamError> {
        let request = json_request(Method::GET, LIVE_PATH, None, None::<&()>);
        let response = self.call(request.map_err(unsendable)?).await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(UpstreamError::Refused { status: response.status(), problem: None })
    }
}

impl UpstreamError {
    /// Returns whether there was no answer at all: trying again may help.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut | Self::Resting { .. })
    }
}

async fn here(router: &Router, request: Request<Body>) -> Result<Response<Body>, UpstreamError> {
    match tokio::time::timeout(HEAD_LIMIT, router.clone().oneshot(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(never)) => match never {},
        Err(_) => Err(UpstreamError::TimedOut),
    }
}

fn unsendable(error: ClientError) -> UpstreamError {
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
