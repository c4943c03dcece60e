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
    upstream::{IdempotentChange, UpstreamError, strip_hop_by_hop},
};
use process::{
    idempotency::IDEMPOTENCY_KEY,
    parts::CloudPart,
    problem::Problem,
    sse::ProcessStop,
    tokens::{bearer_token, edge_claim},
    trace::{self, RequestTrace},
    web::{BODY_BYTES_MAX, BodyArrival},
};
use wire::Code;

use crate::{
    Gateway, NAME,
    access::AccessLine,
    headers::{set_identity, strip_claims},
    identity::{CallerVerifier, VerifiedCaller, invalid_token, upstream_problem},
    letters,
    limits::{RateLimitStatus, RateLimitSubject},
    matcher::RouteLookup,
    order_page,
    routes::{Audience, DOCUMENT, Route, RouteBody, STREAM},
    session, upload,
};

pub async fn forward_request(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    mut request: Request,
) -> Response {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from =
        from.map(|ConnectInfo(from)| gateway.proxies.client_address(from.ip(), request.headers()));
    let address = ClientAddress::from_ip(from);
    strip_claims(request.headers_mut());
    let mut line = gateway.access.start_line(request.method(), &trace);
    let found = gateway
        .table
        .find_route(request.method(), request.uri().path());
    let response = match (gateway.answer_with_page(&request), found) {
        (Some(page), _) => page,
        (None, RouteLookup::Found { route, path }) => {
            line.set_route(route);
            if route.audience == Audience::Edge {
                gateway
                    .open_edge_link(request, route, &path, address, &trace)
                    .await
            } else {
                request.extensions_mut().insert(address);
                gateway
                    .serve_route(request, route, &path, &trace, &mut line)
                    .await
            }
        }
        (None, RouteLookup::WrongMethod(allowed)) => wrong_method(&allowed),
        (None, RouteLookup::Unknown) => Problem::new(Code::NotFound).into_response(),
    };
    line.set_status(response.status());
    response
}

impl Gateway {
    /// Serves every route except the edge link.
    async fn serve_route(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        trace: &trace::TraceId,
        line: &mut AccessLine,
    ) -> Response {
        let address = address_of(&request);
        let admission =
            self.admit_caller(route, request.method(), request.headers(), address, line);
        let (standing, admitted) = admission.await;
        let caller = match admitted {
            Ok(caller) => caller,
            Err(problem) => return with_rate_headers(standing, problem.into_response()),
        };
        let caller = caller.as_ref();
        let response = self
            .dispatch_request(request, route, path, caller, trace)
            .await;
        let mut response = with_rate_headers(standing, response);
        if let Some(cookie) = caller.and_then(|caller| caller.cookie.clone()) {
            response
                .headers_mut()
                .entry(header::SET_COOKIE)
                .or_insert(cookie);
        }
        response
    }

    /// Serves a portal page, without authentication or rate limit: pages are public and cheap. Some
    /// route aliases are also page addresses; a request that accepts HTML gets the page.
    fn answer_with_page(&self, request: &Request) -> Option<Response> {
        let is_route = request.uri().path().starts_with("/api/");
        if is_route {
            None
        } else {
            self.pages.answer_request(request)
        }
    }

    /// Admits the caller within their rate limit. Anonymous and refused callers count against their
    /// address.
    async fn admit_caller(
        &self,
        route: &Route,
        method: &Method,
        headers: &HeaderMap,
        address: ClientAddress,
        line: &mut AccessLine,
    ) -> (RateLimitStatus, Result<Option<VerifiedCaller>, Problem>) {
        if route.audience == Audience::Entrant {
            return (RateLimitStatus::default(), Ok(None));
        }
        let admitted = self.identity.admit_caller(route, method, headers).await;
        let asker = match &admitted {
            Ok(Some(caller)) => {
                line.set_person(caller.claims.sub);
                RateLimitSubject::User(caller.claims.sub)
            }
            Ok(None) | Err(_) => RateLimitSubject::Address(address),
        };
        let standing = self.limits.count_request(asker, route).await;
        (
            standing,
            standing.refuse_if_exceeded().map_or(admitted, Err),
        )
    }

    /// Opens an edge link. Only a token that the hub accepts counts against the edge. A refused one
    /// counts against the address, which honest edges may share.
    async fn open_edge_link(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        address: ClientAddress,
        trace: &trace::TraceId,
    ) -> Response {
        let Some(token) = bearer_token(request.headers()) else {
            return self
                .count_refusal(
                    RateLimitSubject::Address(address),
                    route,
                    invalid_token().into_response(),
                )
                .await;
        };
        let edge = edge_claim(token).ok();
        let edge = edge.as_ref().map(RateLimitSubject::Edge);
        if let Some(edge) = edge
            && let standing = self.limits.peek_status(edge, route).await
            && let Some(problem) = standing.refuse_if_exceeded()
        {
            return with_rate_headers(standing, problem.into_response());
        }
        let response = self
            .dispatch_request(request, route, path, None, trace)
            .await;
        match (response.status(), edge) {
            // The peek above found it within the limit.
            (StatusCode::SWITCHING_PROTOCOLS, Some(edge)) => {
                let _counted = self.limits.count_request(edge, route).await;
                response
            }
            (StatusCode::UNAUTHORIZED, _) => {
                self.count_refusal(RateLimitSubject::Address(address), route, response)
                    .await
            }
            _ => response,
        }
    }

    /// Counts a refusal, and replaces it with 429 over the limit.
    async fn count_refusal(
        &self,
        subject: RateLimitSubject<'_>,
        route: &Route,
        refusal: Response,
    ) -> Response {
        let standing = self.limits.count_request(subject, route).await;
        with_rate_headers(
            standing,
            standing
                .refuse_if_exceeded()
                .map_or(refusal, Problem::into_response),
        )
    }

    async fn dispatch_request(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&VerifiedCaller>,
        trace: &trace::TraceId,
    ) -> Response {
        if route.part == CloudPart::Gateway {
            return self
                .answer_own_route(request, route, path, caller, trace)
                .await;
        }
        match self.pass_to_part(request, route, path, caller, trace).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn pass_to_part(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&VerifiedCaller>,
        trace: &trace::TraceId,
    ) -> Result<Response, Problem> {
        let RouteBody::Streamed { bytes_max } = route.body else {
            upload::refuse_declared(request.headers(), BODY_BYTES_MAX)?;
            let own_key = self.own_key(request.headers(), route);
            let mut request = self
                .prepare_for_part(request, route, path, caller, trace)
                .await?;
            own_key.map(|key| request.extensions_mut().insert(key));
            return Ok(self.send(route.part, request).await);
        };
        let arrival = request
            .extensions()
            .get::<BodyArrival>()
            .cloned()
            .unwrap_or_default();
        let (request, verdict) = upload::limit_body(request, bytes_max)?;
        let mut request = self
            .prepare_for_part(request, route, path, caller, trace)
            .await?;
        request.extensions_mut().insert(verdict.clone());
        let response = self.send(route.part, request).await;
        // The caller sent the body too slowly for the part to answer in time.
        if response.status() == StatusCode::GATEWAY_TIMEOUT && arrival.is_awaited() {
            return Err(Problem::new(Code::BodyTooSlow));
        }
        Ok(upload::answer_with_verdict(&verdict, response))
    }

    fn own_key(&self, headers: &HeaderMap, route: &Route) -> Option<IdempotentChange> {
        if !headers.contains_key(IDEMPOTENCY_KEY) {
            return None;
        }
        let route = (route.method.clone(), route.path.to_owned());
        self.keyed.contains(&route).then_some(IdempotentChange)
    }

    /// Builds the request for a part. On sign-in routes, auth also gets the client address.
    pub async fn prepare_for_part(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&VerifiedCaller>,
        trace: &trace::TraceId,
    ) -> Result<Request, Problem> {
        let address = address_of(&request);
        let mut request = prepare_request(request, route, path, caller, trace).await?;
        if route.audience == Audience::Entrant {
            let CallerVerifier {
                service_key, clock, ..
            } = &self.identity;
            let own = service_key.issue_token(NAME, route.part.name(), clock);
            address.insert_headers(request.headers_mut(), &own);
        }
        Ok(request)
    }

    async fn answer_own_route(
        &self,
        request: Request,
        route: &Route,
        path: &str,
        caller: Option<&VerifiedCaller>,
        trace: &trace::TraceId,
    ) -> Response {
        match (&route.method, caller) {
            _ if route.path == DOCUMENT => self.document.build_response(request.headers()),
            (_, Some(caller)) if letters::is_letters_route(route) => {
                self.serve_dead_letters(request, route, path, caller, trace)
                    .await
            }
            (&Method::POST, _) => {
                self.sign_in(request, session::auth_login_route(route), trace)
                    .await
            }
            (&Method::DELETE, Some(caller)) => self.sign_out(caller, trace).await,
            (_, Some(caller)) if route.path == STREAM => {
                let stop = request.extensions().get::<ProcessStop>();
                let stop = stop.map(|ProcessStop(stop)| stop.clone());
                self.open_stream(request.headers(), stop, caller, trace)
                    .await
            }
            (_, Some(caller)) if route.path == order_page::PATH => {
                self.order_page(request, path, caller, trace).await
            }
            (_, Some(caller)) => session::show_session(caller),
            (_, None) => invalid_token().into_response(),
        }
    }

    pub async fn send(&self, part: CloudPart, request: Request) -> Response {
        let upstream = self.peers.upstream_for(part);
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

fn with_rate_headers(standing: RateLimitStatus, mut response: Response) -> Response {
    standing.write_headers(response.headers_mut());
    response
}

async fn prepare_request(
    request: Request,
    route: &Route,
    path: &str,
    caller: Option<&VerifiedCaller>,
    trace: &trace::TraceId,
) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    parts.uri = build_uri(path, parts.uri.query())?;
    if parts.method != Method::HEAD {
        parts.method = route.method.clone();
    }
    if let Ok(value) = HeaderValue::from_str(&trace.to_traceparent()) {
        parts.headers.insert(trace::HEADER, value);
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

fn address_of(request: &Request) -> ClientAddress {
    request
        .extensions()
        .get()
        .copied()
        .unwrap_or(ClientAddress::UNKNOWN)
}

/// A new request with the caller's token.
pub fn request_as_caller(method: Method, uri: Uri, token: &str, trace: &trace::TraceId) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    set_bearer(headers, token);
    if let Ok(value) = HeaderValue::from_str(&trace.to_traceparent()) {
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

pub fn build_uri(path: &str, query: Option<&str>) -> Result<Uri, Problem> {
    let text = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = PathAndQuery::try_from(text).map_err(|_| Problem::new(Code::NotFound))?;
    Ok(Uri::from(target))
}

pub fn body_problem(error: axum::Error) -> Problem {
    let cause = std::error::Error::source(&error);
    let too_large = cause.is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
    Problem::new(if too_large {
        Code::BodyTooLarge
    } else {
        Code::MalformedBody
    })
}

fn wrong_method(allowed: &[Method]) -> Response {
    let mut response = Problem::new(Code::MethodNotAllowed).into_response();
    let allowed = allowed
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}
