//! The way of a request: found in the table, its caller admitted, its claims about itself removed,
//! handed to the part under the canonical path, the answer handed back.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts, uri::PathAndQuery};
use platform::upstream::strip_hop_by_hop;
use process::{
    parts::CloudPart,
    problem::Problem,
    trace::{self, Trace},
};
use wire::{Actor, Code};

use crate::{
    Gateway,
    headers::{set_identity, strip_claims},
    identity::unavailable,
    limits::Asker,
    matcher::{Lookup, find},
    routes::{Audience, Route},
};

/// Bodies are small forms; one is held whole, so that a part never sees half of one.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

pub async fn forward(
    State(gateway): State<Gateway>,
    Trace(trace): Trace,
    mut request: Request,
) -> Response {
    strip_claims(request.headers_mut());
    let (route, path) = match find(request.method(), request.uri().path()) {
        Lookup::Found { route, path } => (route, path),
        Lookup::WrongMethod(allowed) => return wrong_method(&allowed),
        Lookup::Unknown => return gateway.page(&request),
    };
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = from.map(|ConnectInfo(from)| from.ip());
    let caller = match gateway.admit(route, request.headers(), address).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let prepared = prepare(request, route, &path, caller, &trace).await;
    match prepared {
        Ok(request) => gateway.send(route.part, request).await,
        Err(problem) => problem.into_response(),
    }
}

impl Gateway {
    /// Pages are the same for everybody and cheap to answer, so nobody is asked for a token or counted.
    fn page(&self, request: &Request) -> Response {
        let page = self.pages.answer(request);
        page.unwrap_or_else(|| Problem::new(Code::NotFound).into_response())
    }

    /// Lets the caller of a route pass, if they have not asked too often. Whom the gateway does not
    /// know, or does not let in, is counted by address.
    async fn admit(
        &self,
        route: &Route,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Option<Actor>, Problem> {
        let admitted = self.identity.admit(route.audience, headers).await;
        let asker = match &admitted {
            Ok(Some(caller)) => Asker::User(caller.user_id),
            Ok(None) | Err(_) => Asker::Address(address),
        };
        self.limits.count(asker, route).await?;
        admitted
    }

    async fn send(&self, part: CloudPart, request: Request) -> Response {
        let upstream = self.peers.of(part);
        let call = upstream.call(request);
        match tokio::time::timeout(self.upstream_timeout, call).await {
            Ok(Ok(mut response)) => {
                if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                    strip_hop_by_hop(response.headers_mut());
                }
                response
            }
            Ok(Err(error)) => {
                tracing::warn!(part = part.name(), %error, "A part is out of reach");
                unavailable(part).into_response()
            }
            Err(_) => {
                tracing::warn!(part = part.name(), "A part took too long");
                Problem::new(Code::TimedOut).with("part", part.name()).into_response()
            }
        }
    }
}

/// The request as the part gets it.
async fn prepare(
    request: Request,
    route: &Route,
    path: &str,
    caller: Option<Actor>,
    trace: &trace::TraceId,
) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    parts.uri = canonical(path, parts.uri.query())?;
    if parts.method != Method::HEAD {
        parts.method = route.method.clone();
    }
    if let Ok(value) = HeaderValue::from_str(&trace.traceparent()) {
        parts.headers.insert(trace::HEADER, value);
    }
    if route.audience == Audience::Edge {
        // An upgrade goes in whole: the socket itself travels in the request's extensions.
        return Ok(Request::from_parts(parts, body));
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(unreadable)?;
    let mut outgoing = fresh(parts);
    strip_hop_by_hop(outgoing.headers_mut());
    outgoing.headers_mut().remove(header::CONTENT_LENGTH);
    if let Some(caller) = caller {
        set_identity(outgoing.headers_mut(), caller);
    }
    *outgoing.body_mut() = Body::from(body);
    Ok(outgoing)
}

/// A request of our own, with the client's headers but nothing else that came with the client's.
fn fresh(parts: Parts) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.headers_mut() = parts.headers;
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::EXPECT);
    request
}

fn canonical(path: &str, query: Option<&str>) -> Result<Uri, Problem> {
    let text = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = PathAndQuery::try_from(text).map_err(|_| Problem::new(Code::NotFound))?;
    Ok(Uri::from(target))
}

fn unreadable(error: axum::Error) -> Problem {
    let cause = std::error::Error::source(&error);
    let too_large = cause.is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
    Problem::new(if too_large { Code::BodyTooLarge } else { Code::MalformedBody })
}

fn wrong_method(allowed: &[Method]) -> Response {
    let mut response = Problem::new(Code::MethodNotAllowed).into_response();
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}
