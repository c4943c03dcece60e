//! Calls to another service: in this process through its router, or over HTTP. Both arms take the
//! same request, so authentication, tracing and problems run the same code; both pass WebSocket
//! upgrades through.
//!
//! Hop-by-hop headers are not forwarded to a service in another process. An upgraded connection is
//! copied both ways until either end closes or this process stops.

mod guard;

pub use guard::{GuardedPart, IdempotentChange, UploadFailure};

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, Version, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::{BodyExt, Limited};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use process::{
    client::{Client, ClientError, json_request},
    clock::Clock,
    metrics,
    parts::CloudPart,
    problem::ProblemBody,
    tasks::Tasks,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::copy_bidirectional;
use tower::ServiceExt;
use tracing::Instrument;

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

#[derive(Clone)]
pub struct RemoteService {
    client: Client,
    scheme: Scheme,
    authority: Authority,
    tasks: Tasks,
}

/// Hop-by-hop headers (RFC 9110) that an upgrade does not need.
const HOP_BY_HOP: [HeaderName; 7] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
];
const OF_AN_UPGRADE: [HeaderName; 2] = [header::CONNECTION, header::UPGRADE];

impl RemoteService {
    fn new(base: &str, tasks: &Tasks) -> Result<Self, UpstreamError> {
        let uri: Uri = base
            .parse()
            .map_err(|_| UpstreamError::Request(format!("`{base}` is not an address").into()))?;
        let parts = uri.into_parts();
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority)) => Ok(Self {
                client: Client::new(),
                scheme,
                authority,
                tasks: tasks.clone(),
            }),
            _ => {
                let why = format!("`{base}` is not of the form http://host:port");
                Err(UpstreamError::Request(why.into()))
            }
        }
    }

    async fn call(&self, request: Request<Body>) -> Result<Response<Body>, UpstreamError> {
        let result = match tokio::time::timeout(HEAD_LIMIT, self.send_request(request)).await {
            Ok(result) => result,
            Err(_) => Err(UpstreamError::TimedOut),
        };
        if result.is_err() {
            metrics::UPSTREAM_FAULTS.add([self.authority.as_str()], 1);
        }
        result
    }

    async fn send_request(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let from_client = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = from_client.filter(|_| is_upgrade(request.headers()));
        self.rewrite_uri(&mut request)?;
        match upgrade {
            // An upgrade needs the `OF_AN_UPGRADE` headers.
            Some(_) => HOP_BY_HOP
                .iter()
                .for_each(|name| drop(request.headers_mut().remove(name))),
            None => strip_hop_by_hop(request.headers_mut()),
        }
        let answer = self.client.send_request(request).await;
        let mut response = answer.map_err(|error| UpstreamError::Unreachable(Box::new(error)))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(from_client) = upgrade {
                let from_service = hyper::upgrade::on(&mut response);
                self.pass_through(from_client, from_service);
            }
        } else {
            strip_hop_by_hop(response.headers_mut());
        }
        Ok(response)
    }

    fn rewrite_uri(&self, request: &mut Request<Body>) -> Result<(), UpstreamError> {
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")))
            .build();
        *request.uri_mut() = uri.map_err(|error| UpstreamError::Request(Box::new(error)))?;
        *request.version_mut() = Version::HTTP_11;
        // This process is the client of the new connection; the service is addressed by its own
        // name.
        request.headers_mut().remove(header::HOST);
        request.extensions_mut().clear();
        Ok(())
    }

    fn pass_through(&self, client: OnUpgrade, service: OnUpgrade) {
        let stop = self.tasks.stop_token();
        let work = async move {
            let (client, service) = match tokio::try_join!(client, service) {
                Ok(ends) => ends,
                Err(error) => {
                    tracing::debug!(%error, "Could not upgrade a connection");
                    return;
                }
            };
            let mut client = TokioIo::new(client);
            let mut service = TokioIo::new(service);
            tokio::select! {
                copied = copy_bidirectional(&mut client, &mut service) => {
                    if let Err(error) = copied {
                        tracing::debug!(%error, "A passed-through connection broke");
                    }
                }
                () = stop.cancelled() => {}
            }
        };
        self.tasks
            .spawn_once("upstream-connection", work.in_current_span());
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

/// Removes hop-by-hop headers, including those that `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(header::CONNECTION).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = texts
        .flat_map(|text| text.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP).chain(&OF_AN_UPGRADE) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_of_the_connection_end_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Extra"),
            ("x-extra", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), [header::ACCEPT]);
    }
}
