//! The request pipeline: match the route, admit the caller, strip identity headers, forward to the
//! part under the canonical path, return the response.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::PathAndQuery,
};
use platform::{
    ClientAddress,
    upstream::{OwnKey, UpstreamError, strip_hop_by_hop},
};
use process::{
    idempotency::IDEMPOTENCY_KEY,
    parts::CloudPart,
    problem::Problem,
    sse::ProcessStop,
    tokens::{bearer, edge_claim},
    trace::{self, Trace},
    web::{BODY_BYTES_MAX, BodyArrival},
};
use wire::Code;

use crate::{
    Gateway, NAME,
    access::AccessLine,
    headers::{set_identity, strip_claims},
    identity::{Identity, KnownCaller, invalid, out_of_reach},
    letters,
    limits::{Asker, RateStanding},
    matcher::Lookup,
    order_page,
    routes::{Audience, DOCUMENT, Route, RouteBody, STREAM},
    session, upload,
};

pub async fn forward(
    State(gateway): State<Arc<Gateway>>,
    Trace(trace): Trace,
    mut request: Request,
) -> Response {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = from.map(|ConnectInfo(from)| gateway.proxies.client(from.ip(), request.headers()));
    let address = ClientAddress::of(from);
    strip_claims(request.headers_mut());
    let mut line = gateway.access.line(request.method(), &trace);
    let found = gateway.table.find(request.method(), request.uri().path());
    let response = match (gateway.page(&request), found) {
        (Some(page), _) => page,
        (None, Lookup::Found { route, path }) => {
            line.found(route);
            if route.audience == Audience::Edge {
                gateway.link(request, route, &path, address, &trace).await
            } else {
                request.extensions_mut().insert(address);
                gateway.serve(request, route, &path, &trace, &mut line).await
            }
        }
        (None, Lookup::WrongMethod(allowed)) => wrong_method(&allowed),
        (None, Lookup::Unknown) => Problem::new(Code::NotFound).into_response(),
    };
    line.answered(response.status());
    response
}

impl Gateway {
    /// Serves every route except the edge link.
    async fn serve(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        trace: &trace::TraceId,
        line: &mut AccessLine,
    ) -> Response {
        let address = address_of(&request);
        let admission = self.admit(route, request.method(), request.headers(), address, line);
        let (standing, admitted) = admission.await;
        let caller = match admitted {
            Ok(caller) => caller,
            Err(problem) => return told(standing, problem.into_response()),
        };
        let caller = caller.as_ref();
        let response = self.answer(request, route, path, caller, trace).await;
        let mut response = told(standing, response);
        if let Some(cookie) = caller.and_then(|caller| caller.cookie.clone()) {
            response.headers_mut().entry(header::SET_COOKIE).or_insert(cookie);
        }
        response
    }

    /// Serves a portal page, without authentication or rate limit: pages are public and cheap. Some
    /// route aliases are also page addresses; a request that accepts HTML gets the page.
    fn page(&self, request: &Request) -> Option<Response> {
        let is_route = request.uri().path().starts_with("/api/");
        if is_route { None } else { self.pages.answer(request) }
    }

    /// Admits the caller within their rate limit. Anonymous and refused callers count against their
    /// address.
    async fn admit(
        &self,
        route: &Route,
        method: &Method,
        headers: &HeaderMap,
        address: ClientAddress,
        line: &mut AccessLine,
    ) -> (RateStanding, Result<Option<KnownCaller>, Problem>) {
        if route.audience == Audience::Entrant {
            return (RateStanding::default(), Ok(None));
        }
        let admitted = self.identity.admit(route, method, headers).await;
        let asker = match &admitted {
            Ok(Some(caller)) => {
                line.known(caller.claims.sub);
                Asker::User(caller.claims.sub)
            }
            Ok(None) | Err(_) => Asker::Address(address),
        };
        let standing = self.limits.count(asker, route).await;
        (standing, standing.refusal().map_or(admitted, Err))
    }

    /// Opens an edge link. Only a token that the hub accepts counts against the edge. A refused one
    /// counts against the address, which honest edges may share.
    async fn link(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        address: ClientAddress,
        trace: &trace::TraceId,
    ) -> Response {
        let Some(token) = bearer(request.headers()) else {
            return self.counted(Asker::Address(address), route, invalid().into_response()).await;
        };
        let edge = edge_claim(token).ok();
        let edge = edge.as_ref().map(Asker::Edge);
        if let Some(edge) = edge
            && let standing = self.limits.look(edge, route).await
            && let Some(problem) = standing.refusal()
        {
            return told(standing, problem.into_response());
        }
        let response = self.answer(request, route, path, None, trace).await;
        match (response.status(), edge) {
            // The peek above found it within the limit.
            (StatusCode::SWITCHING_PROTOCOLS, Some(edge)) => {
                let _counted = self.limits.count(edge, route).await;
                response
            }
            (StatusCode::UNAUTHORIZED, _) => {
                self.counted(Asker::Address(address), route, response).await
            }
            _ => response,
        }
    }

    /// Counts a refusal, and replaces it with 429 over the limit.
    async fn counted(&self, asker: Asker<'_>, route: &Route, refusal: Response) -> Response {
        let standing = self.limits.count(asker, route).await;
        told(standing, standing.refusal().map_or(refusal, Problem::into_response))
    }

    async fn answer(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&KnownCaller>,
        trace: &trace::TraceId,
    ) -> Response {
        if route.part == CloudPart::Gateway {
            return self.own(request, route, path, caller, trace).await;
        }
        match self.passed_on(request, route, path, caller, trace).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn passed_on(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&KnownCaller>,
        trace: &trace::TraceId,
    ) -> Result<Response, Problem> {
        let RouteBody::Streamed { bytes_max } = route.body else {
            upload::refuse_declared(request.headers(), BODY_BYTES_MAX)?;
            let own_key = self.own_key(request.headers(), route);
            let mut request = self.prepared(request, route, path, caller, trace).await?;
            own_key.map(|key| request.extensions_mut().insert(key));
            return Ok(self.send(route.part, request).await);
        };
        let arrival = request.extensions().get::<BodyArrival>().cloned().unwrap_or_default();
        let (request, verdict) = upload::limited(request, bytes_max)?;
        let mut request = self.prepared(request, route, path, caller, trace).await?;
        request.extensions_mut().insert(verdict.clone());
        let response = self.send(route.part, request).await;
        // The caller sent the body too slowly for the part to answer in time.
        if response.status() == StatusCode::GATEWAY_TIMEOUT && arrival.is_awaited() {
            return Err(Problem::new(Code::BodyTooSlow));
        }
        Ok(upload::answer(&verdict, response))
    }

    fn own_key(&self, headers: &HeaderMap, route: &Route) -> Option<OwnKey> {
        let heeds_keys = || self.keyed.contains(&(route.method.clone(), route.path.to_owned()));
        (headers.contains_key(IDEMPOTENCY_KEY) && heeds_keys()).then_some(OwnKey)
    }

    /// Builds the request for a part. On sign-in routes, auth also gets the client address.
    pub async fn prepared(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&KnownCaller>,
        trace: &trace::TraceId,
    ) -> Result<Request, Problem> {
        let address = address_of(&request);
        let mut request = prepare(request, route, path, caller, trace).await?;
        if route.audience == Audience::Entrant {
            let Identity { service_key, clock, .. } = &self.identity;
            let own = service_key.token(NAME, route.part.name(), clock);
            address.tell(request.headers_mut(), &own);
        }
        Ok(request)
    }

    async fn own(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&KnownCaller>,
        trace: &trace::TraceId,
    ) -> Response {
        match (&route.method, caller) {
            _ if route.path == DOCUMENT => self.document.answer(request.headers()),
            (_, Some(caller)) if letters::is_own(route) => {
                self.letters(request, route, path, caller, trace).await
            }
            (&Method::POST, _) => self.sign_in(request, session::way_in(route), trace).await,
            (&Method::DELETE, Some(caller)) => self.sign_out(caller, trace).await,
            (_, Some(caller)) if route.path == STREAM => {
                let stop = request.extensions().get::<ProcessStop>();
                let stop = stop.map(|ProcessStop(stop)| stop.clone());
                self.stream(request.headers(), stop, caller, trace).await
            }
            (_, Some(caller)) if route.path == order_page::PATH => {
                self.order_page(request, path, caller, trace).await
            }
            (_, Some(caller)) => session::show(caller),
            (_, None) => invalid().into_response(),
        }
    }

    pub async fn send(&self, part: CloudPart, request: Request) -> Response {
        let upstream = self.peers.of(part);
        let call = upstream.call(request);
        match tokio::time::timeout(self.upstream_timeout, call).await {
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
                        tracing::debug!(part = part.name(), "A part rests");
                    }
                    _ => tracing::warn!(part = part.name(), %error, "A part is out of reach"),
                }
                out_of_reach(part, &error).into_response()
            }
            Err(_) => {
                tracing::warn!(part = part.name(), "A part took too long");
                out_of_reach(part, &UpstreamError::TimedOut).into_response()
            }
        }
    }
}

fn told(standing: RateStanding, mut response: Response) -> Response {
    standing.tell(response.headers_mut());
    response
}

async fn prepare(
    request: Request,
    route: &Route,
    path: &str,
    caller: Option<&KnownCaller>,
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
        // Keep an upgrade whole: its socket travels in the request extensions.
        return Ok(Request::from_parts(parts, body));
    }
    let mut outgoing = fresh(parts);
    strip_hop_by_hop(outgoing.headers_mut());
    // The outgoing body sets its own length.
    outgoing.headers_mut().remove(header::CONTENT_LENGTH);
    *outgoing.body_mut() = match route.body {
        RouteBody::Held => to_bytes(body, BODY_BYTES_MAX).await.map_err(unreadable)?.into(),
        RouteBody::Streamed { .. } => body,
    };
    if let Some(caller) = caller {
        set_identity(outgoing.headers_mut(), caller);
        // Parts expect a bearer header, but a page sends its token only in the cookie.
        set_bearer(outgoing.headers_mut(), &caller.token);
    }
    Ok(outgoing)
}

fn address_of(request: &Request) -> ClientAddress {
    request.extensions().get().copied().unwrap_or(ClientAddress::UNKNOWN)
}

/// A new request with the caller's token.
pub fn bearing(method: Method, uri: Uri, token: &str, trace: &trace::TraceId) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    set_bearer(headers, token);
    if let Ok(value) = HeaderValue::from_str(&trace.traceparent()) {
        headers.insert(trace::HEADER, value);
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
fn fresh(parts: Parts) -> Request {
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

pub fn canonical(path: &str, query: Option<&str>) -> Result<Uri, Problem> {
    let text = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = PathAndQuery::try_from(text).map_err(|_| Problem::new(Code::NotFound))?;
    Ok(Uri::from(target))
}

pub fn unreadable(error: axum::Error) -> Problem {
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
