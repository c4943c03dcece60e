//! HTTP calls to other processes: one pool, bounded waits and answers, propagated traces.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, response::Parts,
};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use wire::CommandId;

use crate::{
    clock::Clock,
    problem::ProblemBody,
    trace::{self, IDEMPOTENCY_KEY},
    trust,
};

#[derive(Clone, Debug)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, Body>);

/// A failed or refused call.
#[derive(Debug, Default, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// `None` if there was no answer.
    pub status: Option<u16>,
    pub problem: Option<Box<ProblemBody>>,
    /// The wait that the other side requested.
    pub retry_after: Option<Duration>,
    what: String,
    #[source]
    source: Option<BoxedError>,
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than our servers' idle timeout, so that requests do not meet a closing connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_PER_HOST_MAX: usize = 32;
/// Larger answers are refused rather than held in memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    pub fn new() -> Self {
        Self::with_tls((*trust::tls_client_config()).clone())
    }

    /// Judges certificates by `clock`.
    pub fn with_clock(clock: &Clock) -> Self {
        Self::with_tls((*trust::tls_client_config_at(clock)).clone())
    }

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

    /// Sends the request, adding the current trace if it has none. The answer's body streams; the
    /// caller limits the wait and takes any upgrade out of the answer.
    pub async fn send_request(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ClientError> {
        if let Some(trace) = trace::current_trace()
            && !request.headers().contains_key(trace::HEADER)
            && let Ok(value) = HeaderValue::from_str(&trace.to_traceparent())
        {
            request.headers_mut().insert(trace::HEADER, value);
        }
        let to = format!("{} {}", request.method(), without_query(request.uri()));
        match self.0.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => Err(ClientError::without_answer(
                format!("{to} was not answered"),
                error,
            )),
        }
    }

    /// Reads the whole answer as JSON within `timeout`; an empty answer reads as `()`.
    pub async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        bearer: Option<&str>,
        body: Option<&impl Serialize>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        self.send_prepared(json_request(method, url, bearer, body)?, timeout)
            .await
    }

    /// Sends a command with `id` as its idempotency key: repeats have no further effect. The answer
    /// is JSON.
    pub async fn send_command<T: DeserializeOwned>(
        &self,
        id: CommandId,
        url: &str,
        bearer: &str,
        body: Option<&impl Serialize>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        let mut request = json_request(Method::POST, url, Some(bearer), body)?;
        let key = HeaderValue::from_str(&id.to_string()).map_err(ClientError::build_failed)?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        self.send_prepared(request, timeout).await
    }

    /// Sends a prepared request and reads the answer as JSON.
    pub async fn send_prepared<T: DeserializeOwned>(
        &self,
        request: Request<Body>,
        timeout: Duration,
    ) -> Result<T, ClientError> {
        let to = format!("{} {}", request.method(), without_query(request.uri()));
        let exchange = async {
            let (head, body) = self.send_request(request).await?.into_parts();
            let bytes = Limited::new(body, ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(|error| {
                    ClientError::without_answer(format!("could not read the answer to {to}"), error)
                })?;
            read_answer(&to, &head, &bytes.to_bytes())
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(late) => Err(ClientError::without_answer(
                format!("{to} took too long"),
                late,
            )),
        }
    }
}

impl ClientError {
    /// True without any answer: a retry may help.
    pub fn is_unreachable(&self) -> bool {
        self.status.is_none()
    }

    fn without_answer(what: String, source: impl Into<BoxedError>) -> Self {
        Self {
            what,
            source: Some(source.into()),
            ..Self::default()
        }
    }

    fn build_failed(source: impl Into<BoxedError>) -> Self {
        Self::without_answer("could not build the request".to_owned(), source)
    }
}

/// `bearer` is a person's or a service's token.
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
            serde_json::to_vec(body)
                .map_err(ClientError::build_failed)?
                .into()
        }
    };
    request.body(body).map_err(ClientError::build_failed)
}

fn read_answer<T: DeserializeOwned>(
    to: &str,
    head: &Parts,
    bytes: &[u8],
) -> Result<T, ClientError> {
    let status = Some(head.status.as_u16());
    if !head.status.is_success() {
        let problem: Option<Box<ProblemBody>> = serde_json::from_slice(bytes).ok();
        let why = problem
            .as_ref()
            .map(|problem| format!(": {}", problem.title))
            .unwrap_or_default();
        let what = format!("{to} answered {}{why}", head.status.as_u16());
        let retry_after = read_retry_after(&head.headers);
        return Err(ClientError {
            status,
            problem,
            retry_after,
            what,
            source: None,
        });
    }
    let bytes = if bytes.is_empty() { b"null" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        let what = format!("the answer to {to} has an unexpected form");
        ClientError {
            status,
            ..ClientError::without_answer(what, error)
        }
    })
}

/// True if `host` names this machine.
pub fn is_loopback(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// True if no one on the way can read or change traffic to `address`: it is TLS or local.
pub fn is_guarded(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let is_plain = !address.contains('#') && !authority.as_str().contains('@');
    is_plain && (scheme == "https" || (scheme == "http" && is_loopback(authority.host())))
}

/// Seconds, as our services send them; a date depends on a clock that may be wrong.
pub fn read_retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// True if the other side may take the same request later.
pub fn is_passing(status: StatusCode) -> bool {
    let asks_to_wait = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || asks_to_wait.contains(&status)
}

/// A query may hold secrets.
fn without_query(uri: &http::Uri) -> String {
    let host = uri
        .authority()
        .map(|authority| authority.as_str())
        .unwrap_or_default();
    format!("{host}{}", uri.path())
}

#[cfg(test)]
mod tests;
