//! Wraps every request: a trace, a time limit, metrics, and problems in the caller's language.

use std::{
    any::Any,
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field};
use wire::{Code, Language};

use super::{arrival::BodyArrival, heads::WrongHost};
use crate::{
    clock::Clock,
    metrics,
    problem::Problem,
    say,
    trace::{self, RequestTrace, TraceId},
};

/// The layer around every request of `service`. Handwritten, because `middleware::from_fn` copies
/// and boxes everything inside it per request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestLayer {
    pub service: &'static str,
    pub timeout: Duration,
}

#[derive(Debug, Clone)]
pub(super) struct RequestLayerService<S> {
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
        let answer = in_time(self.frame.timeout, answer, arrival);
        entry.answer_and_record(answer).map(Ok).boxed()
    }
}

impl RequestContext {
    fn from_request(service: &'static str, request: &Request) -> Self {
        let trace = trace::trace_of_headers(request.headers());
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let route = route_of(matched.as_ref());
        let span = tracing::info_span!(
            "request", service, trace = %trace, method = %request.method(), route
        );
        let started = Clock::system().elapsed();
        let language = language_of(request);
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
            route_of(matched.as_ref()),
            response.status(),
            took,
            &span,
        );
        response
    }
}

fn route_of(matched: Option<&MatchedPath>) -> &str {
    matched.map_or(UNMATCHED, MatchedPath::as_str)
}

/// A panic in a handler fails one request, not the process.
pub(super) fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no message)");
    tracing::error!(panic = text, "A handler panicked");
    Problem::new(Code::Internal).into_response()
}

async fn in_time<R: IntoResponse>(
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

fn language_of(request: &Request) -> Language {
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
