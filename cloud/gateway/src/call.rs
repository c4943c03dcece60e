//! A call to a part: where the parts are, which headers a request to them carries, and how much of
//! its body they get.
//!
//! Invariants: only the gateway sets identity headers, and it removes the client's before any
//! other code sees them; a part receives no byte beyond the route's limit, and the gateway buffers
//! at most one read of a streamed body.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts,
    uri::PathAndQuery,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platform::{
    ClientAddress,
    upstream::{UploadFailure, Upstream, UpstreamError, strip_hop_by_hop},
};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::Problem,
    routes::{Audience, RouteBody},
    tokens::{HeldPermissions, ServiceKey, USER_PERMISSIONS},
    trace::{HEADER as TRACE_HEADER, TraceId},
    web::BODY_BYTES_MAX,
};
use wire::Code;

use crate::{
    NAME,
    caller::{VerifiedCaller, upstream_problem},
    routes::Route,
};

/// The parts behind the gateway: in this process, or at one or more remote addresses. Calls to a
/// part without an entry fail as unreachable.
#[derive(Clone, Default)]
pub struct Peers(BTreeMap<CloudPart, Vec<Upstream>>);

impl Peers {
    #[must_use]
    pub fn with_part(mut self, part: CloudPart, upstream: Upstream) -> Self {
        self.0.insert(part, vec![upstream]);
        self
    }

    #[must_use]
    pub fn with_replicas(mut self, part: CloudPart, replicas: Vec<Upstream>) -> Self {
        self.0.insert(part, replicas);
        self
    }

    pub fn upstream_for(&self, part: CloudPart) -> Upstream {
        let first = self.0.get(&part).and_then(|replicas| replicas.first());
        first.cloned().unwrap_or_else(|| Upstream::open_later().0)
    }

    /// Puts a circuit breaker around the remote parts. A call longer than `patience` counts as a
    /// failure.
    pub fn with_circuit_breakers(self, clock: &Clock, patience: Duration) -> Self {
        let mut guarded = Self::default();
        for (part, replicas) in self.0 {
            let upstream = Upstream::combine_guarded(part, replicas, clock, patience);
            guarded.0.insert(part, vec![upstream]);
        }
        guarded
    }
}

impl FromIterator<(CloudPart, Upstream)> for Peers {
    /// Repeated entries of a part become its replicas.
    fn from_iter<I: IntoIterator<Item = (CloudPart, Upstream)>>(parts: I) -> Self {
        let mut peers = Self::default();
        for (part, upstream) in parts {
            peers.0.entry(part).or_default().push(upstream);
        }
        peers
    }
}

/// A request with its route, and its path at the part.
pub(crate) struct RoutedRequest {
    pub request: Request,
    pub route: Arc<Route>,
    pub path: String,
    pub trace: TraceId,
}

/// The path of a routed request, for the gateway's own handlers.
#[derive(Clone)]
pub(crate) struct CanonicalPath(pub String);

/// Calls the parts, each call within the time limit.
pub(crate) struct PartClient {
    pub peers: Peers,
    pub timeout: Duration,
    pub service_key: ServiceKey,
    pub clock: Clock,
}

impl PartClient {
    pub(crate) fn upstream_for(&self, part: CloudPart) -> Upstream {
        self.peers.upstream_for(part)
    }

    /// Builds the request for a part. On sign-in routes, auth also gets the client address.
    pub(crate) async fn prepare_request(
        &self,
        call: RoutedRequest,
        caller: Option<&VerifiedCaller>,
    ) -> Result<Request, Problem> {
        let address = client_address(&call.request);
        let route = call.route.clone();
        let mut request = rewrite_request(call, caller).await?;
        if route.audience == Audience::Entrant {
            let own = self
                .service_key
                .issue_token(NAME, route.part.name(), &self.clock);
            address.insert_headers(request.headers_mut(), &own);
        }
        Ok(request)
    }

    pub(crate) async fn send(&self, part: CloudPart, request: Request) -> Response {
        let upstream = self.upstream_for(part);
        let call = upstream.call(request);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(Ok(mut response)) => {
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    strip_hop_by_hop(response.headers_mut());
                }
                response
            }
            Ok(Err(error)) => {
                // The circuit breaker already logged the failure when it opened.
                match error {
                    UpstreamError::Resting { .. } => {
                        tracing::debug!(
                            part = part.name(),
                            "Did not call a part: its circuit breaker is open"
                        );
                    }
                    _ => tracing::warn!(part = part.name(), %error, "Could not reach a part"),
                }
                upstream_problem(part, &error).into_response()
            }
            Err(_) => {
                tracing::warn!(part = part.name(), "A part did not answer in time");
                upstream_problem(part, &UpstreamError::TimedOut).into_response()
            }
        }
    }
}

async fn rewrite_request(
    call: RoutedRequest,
    caller: Option<&VerifiedCaller>,
) -> Result<Request, Problem> {
    let route = call.route;
    let (mut parts, body) = call.request.into_parts();
    parts.uri = build_uri(&call.path, parts.uri.query())?;
    if parts.method != Method::HEAD {
        parts.method = route.method.clone();
    }
    if let Ok(value) = HeaderValue::from_str(&call.trace.to_traceparent()) {
        parts.headers.insert(TRACE_HEADER, value);
    }
    if route.audience == Audience::Edge {
        // Keep an upgrade whole: its socket travels in the request extensions.
        return Ok(Request::from_parts(parts, body));
    }
    let mut outgoing = rebuild_request(parts);
    strip_hop_by_hop(outgoing.headers_mut());
    // The outgoing body sets its own length.
    outgoing.headers_mut().remove(header::CONTENT_LENGTH);
    *outgoing.body_mut() = match route.body {
        RouteBody::Held => to_bytes(body, BODY_BYTES_MAX)
            .await
            .map_err(body_problem)?
            .into(),
        RouteBody::Streamed { .. } => body,
    };
    if let Some(caller) = caller {
        set_identity(outgoing.headers_mut(), caller);
        // Parts expect a bearer header, but a page sends its token only in the cookie.
        set_bearer(outgoing.headers_mut(), &caller.token);
    }
    Ok(outgoing)
}

pub(crate) fn client_address(request: &Request) -> ClientAddress {
    request
        .extensions()
        .get()
        .copied()
        .unwrap_or(ClientAddress::UNKNOWN)
}

/// A new request with the caller's token.
pub(crate) fn request_as_caller(method: Method, uri: Uri, token: &str, trace: &TraceId) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    set_bearer(headers, token);
    if let Ok(value) = HeaderValue::from_str(&trace.to_traceparent()) {
        headers.insert(TRACE_HEADER, value);
    }
    request
}

fn set_bearer(headers: &mut HeaderMap, token: &str) {
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) {
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
}

/// Rebuilds the client's request without its extensions.
fn rebuild_request(parts: Parts) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.headers_mut() = parts.headers;
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::EXPECT);
    // Parts do not use cookies.
    request.headers_mut().remove(header::COOKIE);
    request
}

pub(crate) fn build_uri(path: &str, query: Option<&str>) -> Result<Uri, Problem> {
    let text = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = PathAndQuery::try_from(text).map_err(|_| Problem::new(Code::NotFound))?;
    Ok(Uri::from(target))
}

pub(crate) fn body_problem(error: axum::Error) -> Problem {
    let cause = std::error::Error::source(&error);
    let too_large = cause.is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
    Problem::new(if too_large {
        Code::BodyTooLarge
    } else {
        Code::MalformedBody
    })
}

const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const USER_ROLE: HeaderName = HeaderName::from_static("x-user-role");

/// Prefixes reserved for the platform.
const OURS: [&str; 2] = ["x-user-", "x-holdfast-"];
/// Client and proxy claims about a request's origin, which the parts ignore.
const CLAIMS: [&str; 2] = ["x-forwarded-", "x-real-ip"];

pub(crate) fn strip_claims(headers: &mut HeaderMap) {
    let names = headers.keys().filter(|name| is_reserved(name));
    let names: Vec<HeaderName> = names.cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn is_reserved(name: &HeaderName) -> bool {
    // Some servers treat `x_user_id` as `x-user-id`.
    let name = name.as_str().replace('_', "-");
    let mut prefixes = OURS.iter().chain(&CLAIMS);
    prefixes.any(|prefix| name.starts_with(prefix)) || name == "forwarded"
}

/// Sets the verified caller's identity, and their permissions if the route uses them.
pub(crate) fn set_identity(headers: &mut HeaderMap, caller: &VerifiedCaller) {
    if let Some(held) = &caller.permissions {
        headers.insert(USER_PERMISSIONS, HeldPermissions::to_header(held));
    }
    let caller = caller.claims.actor();
    if let Ok(value) = HeaderValue::from_str(&caller.user_id.to_string()) {
        headers.insert(USER_ID, value);
    }
    headers.insert(USER_ROLE, HeaderValue::from_static(caller.role.as_str()));
}

/// Refuses a body without reading it if its declared length exceeds the limit.
pub(crate) fn refuse_declared_size(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match declared.is_some_and(|bytes| bytes > bytes_max) {
        true => Err(Problem::new(Code::BodyTooLarge)),
        false => Ok(()),
    }
}

/// Cuts the body off at the limit; the verdict records why it broke off.
pub(crate) fn limit_body(
    request: Request,
    bytes_max: usize,
) -> Result<(Request, UploadFailure), Problem> {
    refuse_declared_size(request.headers(), bytes_max)?;
    let verdict = UploadFailure::default();
    let noted = verdict.clone();
    let request = request.map(|body| {
        let body = Limited::new(body, bytes_max).map_err(move |error| {
            noted.set_reason(body_error_code(&*error));
            error
        });
        Body::new(body)
    });
    Ok((request, verdict))
}

/// The part's response, or an error if the body broke off.
pub(crate) fn answer_with_verdict(verdict: &UploadFailure, of_part: Response) -> Response {
    verdict
        .reason()
        .map_or(of_part, |code| Problem::new(code).into_response())
}

/// axum wraps the error of the process-wide limit.
fn body_error_code(error: &(dyn std::error::Error + 'static)) -> Code {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let too_large = causes.any(|cause| cause.is::<LengthLimitError>());
    if too_large {
        Code::BodyTooLarge
    } else {
        Code::MalformedBody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn identity_a_client_claims_is_removed_in_every_spelling() {
        let mut map = headers(&[
            ("x-user-id", "1"),
            ("x-user-id", "2"),
            ("x_user_id", "3"),
            ("x-user-role", "admin"),
            ("x-user-permissions", "manage_keys"),
            ("x-user-anything", "x"),
            ("x-holdfast-service", "order"),
            ("x-forwarded-for", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("accept", "*/*"),
        ]);
        strip_claims(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }
}
