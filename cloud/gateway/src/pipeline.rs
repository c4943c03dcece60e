//! The way of a request from top to bottom: match the route, identify the caller and check their
//! permission, count the request against their limits, put an admin's change on record, prepare the
//! headers, forward it to the part under its canonical path, and return the response. The gateway's
//! own routes end in `handlers`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use platform::{ClientAddress, upstream::IdempotentChange};
use process::{
    idempotency::IDEMPOTENCY_KEY,
    parts::CloudPart,
    problem::Problem,
    routes::{Audience, RouteBody},
    tokens::{bearer_token, edge_claim},
    trace::{RequestTrace, TraceId},
    web::{BODY_BYTES_MAX, BodyArrival},
};
use wire::Code;

use crate::{
    access_log::AccessLine,
    acts::NewAct,
    call::{
        RoutedRequest, answer_with_verdict, client_address, limit_body, refuse_declared_size,
        strip_claims,
    },
    caller::{VerifiedCaller, invalid_token},
    handlers,
    limits::{RateLimitStatus, RateLimitSubject},
    matcher::RouteLookup,
    routes::Route,
    state::Gateway,
};

pub(crate) async fn answer_request(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    mut request: Request,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let client =
        peer.map(|ConnectInfo(peer)| gateway.proxies.client_address(peer.ip(), request.headers()));
    let address = ClientAddress::from_ip(client);
    strip_claims(request.headers_mut());
    let mut line = gateway.access_log.start_line(request.method(), &trace);
    let response = gateway
        .route_request(request, address, trace, &mut line)
        .await;
    line.set_status(response.status());
    response
}

impl Gateway {
    async fn route_request(
        self: &Arc<Self>,
        mut request: Request,
        address: ClientAddress,
        trace: TraceId,
        line: &mut AccessLine,
    ) -> Response {
        if let Some(page) = self.answer_with_page(&request) {
            return page;
        }
        let found = self
            .matcher
            .find_route(request.method(), request.uri().path());
        let (route, path) = match found {
            RouteLookup::Found { route, path } => (route, path),
            RouteLookup::WrongMethod(allowed) => return wrong_method(&allowed),
            RouteLookup::Unknown => return Problem::new(Code::NotFound).into_response(),
        };
        line.set_route(&route);
        let is_link = route.audience == Audience::Edge;
        if !is_link {
            request.extensions_mut().insert(address);
        }
        let call = RoutedRequest {
            request,
            route,
            path,
            trace,
        };
        if is_link {
            self.open_edge_link(call, address).await
        } else {
            self.serve_route(call, line).await
        }
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

    /// Serves every route except the edge link.
    async fn serve_route(self: &Arc<Self>, call: RoutedRequest, line: &mut AccessLine) -> Response {
        let address = client_address(&call.request);
        let admission = self.admit_caller(
            &call.route,
            call.request.method(),
            call.request.headers(),
            address,
            line,
        );
        let (limits, admitted) = admission.await;
        let caller = match admitted {
            Ok(caller) => caller.map(Arc::new),
            Err(problem) => return with_rate_headers(limits, problem.into_response()),
        };
        let act = NewAct::from_call(&call, caller.as_deref());
        let act = match self.acts.record_change(act).await {
            Ok(act) => act,
            Err(problem) => return with_rate_headers(limits, problem.into_response()),
        };
        let response = self.dispatch_request(call, caller.clone()).await;
        self.acts.record_answer(act, response.status());
        let mut response = with_rate_headers(limits, response);
        if let Some(cookie) = caller.and_then(|caller| caller.cookie.clone()) {
            response
                .headers_mut()
                .entry(header::SET_COOKIE)
                .or_insert(cookie);
        }
        response
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
        let subject = match &admitted {
            Ok(Some(caller)) => {
                line.set_person(caller.claims.sub);
                RateLimitSubject::User(caller.claims.sub)
            }
            Ok(None) | Err(_) => RateLimitSubject::Address(address),
        };
        let limits = self.limits.count_request(subject, route).await;
        (limits, limits.refuse_if_exceeded().map_or(admitted, Err))
    }

    /// Opens an edge link. Only a token that the hub accepts counts against the edge. A refused one
    /// counts against the address, which honest edges may share.
    async fn open_edge_link(
        self: &Arc<Self>,
        call: RoutedRequest,
        address: ClientAddress,
    ) -> Response {
        let route = &call.route.clone();
        let Some(token) = bearer_token(call.request.headers()) else {
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
            && let limits = self.limits.peek_status(edge, route).await
            && let Some(problem) = limits.refuse_if_exceeded()
        {
            return with_rate_headers(limits, problem.into_response());
        }
        let response = self.dispatch_request(call, None).await;
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
        let limits = self.limits.count_request(subject, route).await;
        with_rate_headers(
            limits,
            limits
                .refuse_if_exceeded()
                .map_or(refusal, Problem::into_response),
        )
    }

    async fn dispatch_request(
        self: &Arc<Self>,
        call: RoutedRequest,
        caller: Option<Arc<VerifiedCaller>>,
    ) -> Response {
        if call.route.part == CloudPart::Gateway {
            return handlers::answer_own_route(self.clone(), call, caller).await;
        }
        self.forward_to_part(call, caller.as_deref())
            .await
            .unwrap_or_else(IntoResponse::into_response)
    }

    async fn forward_to_part(
        &self,
        mut call: RoutedRequest,
        caller: Option<&VerifiedCaller>,
    ) -> Result<Response, Problem> {
        let route = &call.route.clone();
        let RouteBody::Streamed { bytes_max } = route.body else {
            refuse_declared_size(call.request.headers(), BODY_BYTES_MAX)?;
            let change = self.idempotent_change(call.request.headers(), route);
            let mut request = self.parts.prepare_request(call, caller).await?;
            change.map(|change| request.extensions_mut().insert(change));
            return Ok(self.parts.send(route.part, request).await);
        };
        let arrival = call
            .request
            .extensions()
            .get::<BodyArrival>()
            .cloned()
            .unwrap_or_default();
        let (request, verdict) = limit_body(call.request, bytes_max)?;
        call.request = request;
        let mut request = self.parts.prepare_request(call, caller).await?;
        request.extensions_mut().insert(verdict.clone());
        let response = self.parts.send(route.part, request).await;
        // The caller sent the body too slowly for the part to answer in time.
        if response.status() == StatusCode::GATEWAY_TIMEOUT && arrival.is_awaited() {
            return Err(Problem::new(Code::BodyTooSlow));
        }
        Ok(answer_with_verdict(&verdict, response))
    }

    fn idempotent_change(&self, headers: &HeaderMap, route: &Route) -> Option<IdempotentChange> {
        if !headers.contains_key(IDEMPOTENCY_KEY) {
            return None;
        }
        let route = (route.method.clone(), route.path.to_owned());
        self.keyed.contains(&route).then_some(IdempotentChange)
    }
}

fn with_rate_headers(limits: RateLimitStatus, mut response: Response) -> Response {
    limits.write_headers(response.headers_mut());
    response
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
