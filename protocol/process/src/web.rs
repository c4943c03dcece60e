//! Every HTTP server: around each request a trace, a time limit, metrics, problems in the caller's
//! language and limits; on each answer security headers for browsers; and a clean stop.

mod certificate;
mod heads;
mod listen;
mod origins;
mod proxies;
mod slots;
mod stream;

use std::{
    any::Any,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{DefaultBodyLimit, MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderName, HeaderValue, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use tower::{Layer, Service, ServiceBuilder, util::MapResponseLayer};
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};
use tracing::{Instrument, Span, field};
use wire::{Code, Language};

use crate::{
    clock::Clock,
    metrics,
    pages::{self, AnswerMark},
    problem::Problem,
    say,
    trace::{self, RequestTrace, TraceId},
};

pub use certificate::{Certificate, CertificateError, TlsProtocol};
pub use listen::{BindError, Listener, bind_listener, serve_connections, serve_http, serve_https};
pub use origins::{OriginError, OverTls, Scheme, is_own_origin, parse_origin, with_cors};
pub use proxies::{ProxyError, TrustedProxies};
pub use slots::{ConnectionSlots, SlotProof};
pub use stream::ClientStream;

use heads::WrongHost;

/// For bodies held whole, by an extractor or on the way to a part; routes may set their own with
/// `DefaultBodyLimit`.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// For any body, on every route.
pub const ANY_BODY_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Until the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Wraps the finished router of `service`; routes added afterwards stay outside.
pub fn with_standard_layers(router: Router, service: &'static str) -> Router {
    // One layer, because the router boxes each layer and copies every box per request.
    let layers = ServiceBuilder::new()
        .layer(RequestLayer {
            service,
            timeout: TIMEOUT,
        })
        .layer(RequestBodyLimitLayer::new(ANY_BODY_BYTES_MAX))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(answer_panic));
    router.layer(layers)
}

/// The layer around every request of `service`. Handwritten, because `middleware::from_fn` copies
/// and boxes everything inside it per request.
#[derive(Debug, Clone, Copy)]
struct RequestLayer {
    service: &'static str,
    timeout: Duration,
}

#[derive(Debug, Clone)]
struct RequestLayerService<S> {
    frame: RequestLayer,
    inner: S,
}

/// A request under way.
struct RequestContext {
    service: &'static str,
    started: Duration,
    trace: TraceId,
    language: Language,
    matched: Option<MatchedPath>,
    span: Span,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For unmatched requests: paths come from the caller and would make endless labels.
const UNMATCHED: &str = "unmatched";

impl<S> Layer<S> for RequestLayer {
    type Service = RequestLayerService<S>;

    fn layer(&self, inner: S) -> RequestLayerService<S> {
        RequestLayerService {
            frame: *self,
            inner,
        }
    }
}

impl<S> Service<Request> for RequestLayerService<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let entry = RequestContext::from_request(self.frame.service, &request);
        if request.extensions_mut().remove::<WrongHost>().is_some() {
            let refusal = Problem::new(Code::MalformedBody)
                .with_detail(say::one_host)
                .into_response();
            return entry
                .answer_and_record(std::future::ready(refusal))
                .map(Ok)
                .boxed();
        }
        request
            .extensions_mut()
            .insert(RequestTrace(entry.trace.clone()));
        let (request, arrival) = BodyArrival::watch_body(request);
        let answer = entry.span.in_scope(|| self.inner.call(request));
        let answer = answer_within(self.frame.timeout, answer, arrival);
        entry.answer_and_record(answer).map(Ok).boxed()
    }
}

impl RequestContext {
    fn from_request(service: &'static str, request: &Request) -> Self {
        let trace = trace::trace_from_headers(request.headers());
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let route = route_label(matched.as_ref());
        let span = tracing::info_span!(
            "request", service, trace = %trace, method = %request.method(), route
        );
        let started = Clock::system().elapsed();
        let language = requested_language(request);
        Self {
            service,
            started,
            trace,
            language,
            matched,
            span,
        }
    }

    async fn answer_and_record(self, answer: impl Future<Output = Response>) -> Response {
        let Self {
            service,
            started,
            trace,
            language,
            matched,
            span,
        } = self;
        let response = trace::run_in_trace(trace.clone(), answer)
            .instrument(span.clone())
            .await;
        let mut response = render_problem(response, language, &trace);
        if let Ok(id) = HeaderValue::from_str(trace.as_str()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let took = Clock::system().elapsed().saturating_sub(started);
        record_request(
            service,
            route_label(matched.as_ref()),
            response.status(),
            took,
            &span,
        );
        response
    }
}

fn route_label(matched: Option<&MatchedPath>) -> &str {
    matched.map_or(UNMATCHED, MatchedPath::as_str)
}

/// A panic in a handler fails one request, not the process.
fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no message)");
    tracing::error!(panic = text, "A handler panicked");
    Problem::new(Code::Internal).into_response()
}

async fn answer_within<R: IntoResponse>(
    timeout: Duration,
    answer: impl Future<Output = Result<R, Infallible>>,
    arrival: BodyArrival,
) -> Response {
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(response)) => response.into_response(),
        Err(_) => {
            let code = if arrival.is_awaited() {
                Code::BodyTooSlow
            } else {
                Code::TimedOut
            };
            Problem::new(code).into_response()
        }
    }
}

fn requested_language(request: &Request) -> Language {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE);
    wanted
        .and_then(|value| value.to_str().ok())
        .map(Language::from_accept)
        .unwrap_or_default()
}

/// Renders our problems in the caller's language, and turns the framework's plain-text and empty
/// refusals into problems. Other bodies stay unchanged.
fn render_problem(mut response: Response, language: Language, trace: &TraceId) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match framework_refusal_code(&response) {
            Some(code) => Problem::new(code),
            None => return response,
        },
    };
    let mut told = problem.render_response(language, Some(trace));
    // For example `Allow` with a 405.
    for (name, value) in response.headers() {
        if !told.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            told.headers_mut().append(name, value.clone());
        }
    }
    told
}

fn framework_refusal_code(response: &Response) -> Option<Code> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
        return None;
    }
    Some(match response.status() {
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::MalformedBody,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::BodyTooSlow,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidInput,
        StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        StatusCode::GATEWAY_TIMEOUT => Code::TimedOut,
        _ => return None,
    })
}

fn record_request(
    service: &'static str,
    route: &str,
    status: StatusCode,
    took: Duration,
    span: &Span,
) {
    metrics::HTTP_REQUESTS.add([service, route, status.as_str()], 1);
    metrics::HTTP_SECONDS.observe([service, route], took.as_secs_f64());
    let _in_span = span.enter();
    let status = status.as_u16();
    let ms = field::display(took.as_millis());
    if status >= 500 {
        tracing::warn!(status, ms, "Answered");
    } else if route.starts_with("/health") || route == "/metrics" {
        tracing::trace!(status, ms, "Answered");
    } else {
        tracing::debug!(status, ms, "Answered");
    }
}

/// The arrival of a request's body, from the request's extensions.
#[derive(Debug, Clone, Default)]
pub struct BodyArrival {
    is_awaited: Arc<AtomicBool>,
}

impl BodyArrival {
    /// True if the body's last reader waits for more.
    pub fn is_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::Relaxed)
    }

    fn watch_body(request: Request) -> (Request, Self) {
        let arrival = Self::default();
        let is_awaited = arrival.is_awaited.clone();
        let mut request = request.map(|body| Body::new(WatchedBody { body, is_awaited }));
        request.extensions_mut().insert(arrival.clone());
        (request, arrival)
    }
}

struct WatchedBody {
    body: Body,
    is_awaited: Arc<AtomicBool>,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.is_awaited.store(frame.is_pending(), Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const DATA_HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (RESOURCE_POLICY, "same-origin"),
];

/// Routes cannot remove these security headers.
pub fn with_security_headers(router: Router) -> Router {
    router.layer(MapResponseLayer::new(set_security_headers))
}

pub(crate) fn set_security_headers(mut response: Response) -> Response {
    let mark = pages::take_answer_mark(&mut response);
    let policy: &[_] = match mark {
        Some(AnswerMark::Page | AnswerMark::PageWithPosition | AnswerMark::PageInTheClear(_)) => {
            &pages::POLICY
        }
        Some(AnswerMark::Shared) | None => &DATA_HEADERS,
    };
    let headers = response.headers_mut();
    for (name, value) in policy.iter().cloned() {
        headers.insert(name, HeaderValue::from_static(value));
    }
    match mark {
        Some(AnswerMark::PageInTheClear(policy)) => {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            // Browsers ignore it without TLS, and complain of it.
            headers.remove(OPENER_POLICY);
        }
        Some(AnswerMark::Shared) => {
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        }
        Some(AnswerMark::PageWithPosition) => {
            let allowed = HeaderValue::from_static(pages::PERMISSIONS_WITH_POSITION);
            headers.insert(pages::PERMISSIONS_POLICY, allowed);
        }
        Some(AnswerMark::Page) | None => {}
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
