//! HTTP calls to other processes: one pool, bounded waits and answers, and the trace passed on.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header, response::Parts};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use wire::CommandId;

use crate::{clock::Clock, idempotency::IDEMPOTENCY_KEY, problem::ProblemBody, trace, trust};

#[derive(Clone, Debug)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, Body>);

/// A call that brought nothing of use.
#[derive(Debug, Default, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// The answer's status; absent where there was no answer.
    pub status: Option<u16>,
    /// The problem that the other side sent, where it sent one.
    pub problem: Option<Box<ProblemBody>>,
    /// How long the other side asks to be left alone for.
    pub retry_after: Option<Duration>,
    what: String,
    #[source]
    source: Option<Cause>,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than our servers keep an idle connection, so that a request does not meet a closing one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_PER_HOST_MAX: usize = 32;
/// An answer beyond that is refused rather than held in memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    pub fn new() -> Self {
        Self::with_tls((*trust::client()).clone())
    }

    /// One that judges certificates by that clock.
    pub fn with_clock(clock: &Clock) -> Self {
        Self::with_tls((*trust::client_at(clock)).clone())
    }

    /// One that trusts others than the process does.
    pub fn with_tls(tls: rustls::ClientConfig) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .pool_timer(TokioTimer::new())
            .build(https);
        Self(client)
    }

    /// Sends it as it is, with the current trace where it names none. The answer's body streams; an
    /// upgrade is to be taken out of the answer. The caller limits the wait.
    pub async fn request(&self, mut request: Request<Body>) -> Result<Response<Body>, ClientError> {
        if let Some(trace) = trace::current()
            && !request.headers().contains_key(trace::HEADER)
            && let Ok(value) = HeaderValue::from_str(&trace.traceparent())
        {
            request.headers_mut().insert(trace::HEADER, value);
        }
        let to = format!("{} {}", request.method(), without_query(request.uri()));
        match self.0.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => Err(ClientError::unanswered(format!("{to} got no answer"), error)),
        }
    }

    /// Asks and reads the whole answer as JSON, all within `timeout`; an empty answer reads as
    /// `()`.
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        bearer: Option<&str>,
        body: Option<&impl Serialize>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        self.answer(json_request(method, url, bearer, body)?, timeout).await
    }

    /// The same for an action of a person: under this id it is done once, however often it is sent.
    pub async fn command<T: DeserializeOwned>(
        &self,
        id: CommandId,
        url: &str,
        bearer: &str,
        body: Option<&impl Serialize>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        let mut request = json_request(Method::POST, url, Some(bearer), body)?;
        let key = HeaderValue::from_str(&id.to_string()).map_err(ClientError::unsendable)?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        self.answer(request, timeout).await
    }

    /// The same of a request that was made elsewhere.
    pub async fn answer<T: DeserializeOwned>(
        &self,
        request: Request<Body>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        let to = format!("{} {}", request.method(), without_query(request.uri()));
        let exchange = async {
            let (head, body) = self.request(request).await?.into_parts();
            let bytes = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
                ClientError::unanswered(format!("the answer to {to} could not be read"), error)
            })?;
            read(&to, &head, &bytes.to_bytes())
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(late) => Err(ClientError::unanswered(format!("{to} took too long"), late)),
        }
    }
}

impl ClientError {
    /// True if there was no answer at all: trying again may help.
    pub fn is_unreachable(&self) -> bool {
        self.status.is_none()
    }

    fn unanswered(what: String, source: impl Into<Cause>) -> Self {
        Self { what, source: Some(source.into()), ..Self::default() }
    }

    fn unsendable(source: impl Into<Cause>) -> Self {
        Self::unanswered("the request could not be made".to_owned(), source)
    }
}

/// A request with a JSON body, where there is one. `bearer` is a person's or a service's token.
pub fn json_request(
    method: Method,
    url: &str,
    bearer: Option<&str>,
    body: Option<&impl Serialize>,
) -> Result<Request<Body>, ClientError> {
    let mut request = Request::builder().method(method).uri(url);
    if let Some(token) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = match body {
        None => Body::empty(),
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            serde_json::to_vec(body).map_err(ClientError::unsendable)?.into()
        }
    };
    request.body(body).map_err(ClientError::unsendable)
}

fn read<T: DeserializeOwned>(to: &str, head: &Parts, bytes: &[u8]) -> Result<T, ClientError> {
    let status = Some(head.status.as_u16());
    if !head.status.is_success() {
        let problem: Option<Box<ProblemBody>> = serde_json::from_slice(bytes).ok();
        let why =
            problem.as_ref().map(|problem| format!(": {}", problem.title)).unwrap_or_default();
        let what = format!("{to} answered {}{why}", head.status.as_u16());
        let retry_after = retry_after(&head.headers);
        return Err(ClientError { status, problem, retry_after, what, source: None });
    }
    let bytes = if bytes.is_empty() { b"null" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        let what = format!("the answer to {to} is not what was expected");
        ClientError { status, ..ClientError::unanswered(what, error) }
    })
}

/// Returns whether that host, of an address, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Returns whether nobody on the way to that address can read or change what goes there: it is
/// asked by TLS, or on this machine.
pub fn is_guarded(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let is_plain = !address.contains('#') && !authority.as_str().contains('@');
    is_plain && (scheme == "https" || (scheme == "http" && is_loopback(authority.host())))
}

/// In seconds, as our services say it; a date says nothing to a clock that may be wrong.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A query may hold secrets.
fn without_query(uri: &http::Uri) -> String {
    let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    format!("{host}{}", uri.path())
}

#[cfg(test)]
mod tests;
