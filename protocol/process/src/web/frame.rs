//! Around every request: a trace, a time limit, metrics, and problems in the caller's language.

use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tracing::{Instrument, Span, field};
use wire::{Code, Language};

use super::arrival::BodyArrival;
use crate::{
    clock::Clock,
    metrics,
    problem::Problem,
    trace::{self, Trace, TraceId},
};

#[derive(Debug, Clone, Copy)]
pub(super) struct RequestFrame {
    pub service: &'static str,
    pub timeout: Duration,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The route of a request that matched none: paths are the caller's words and would make endless labels.
const UNMATCHED: &str = "unmatched";

pub(super) async fn around(
    State(frame): State<RequestFrame>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Clock::system().elapsed();
    let trace = trace::of_request(request.headers());
    let language = language_of(&request);
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let span = tracing::info_span!(
        "request", service = frame.service, trace = %trace, method = %request.method(), route
    );
    request.extensions_mut().insert(Trace(trace.clone()));

    let work = trace::scope(trace.clone(), answer(frame.timeout, request, next));
    let response = work.instrument(span.clone()).await;
    let mut response = rendered(response, language, &trace);
    if let Ok(id) = HeaderValue::from_str(trace.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let took = Clock::system().elapsed().saturating_sub(started);
    count(frame.service, route, response.status(), took, &span);
    response
}

/// A panic in a handler is one request's trouble, not the process's.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
    tracing::error!(panic = text, "A handler panicked");
    axum::response::IntoResponse::into_response(Problem::new(Code::Internal))
}

async fn answer(timeout: Duration, request: Request, next: Next) -> Response {
    let (request, arrival) = BodyArrival::watch(request);
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let code = if arrival.is_awaited() { Code::BodyTooSlow } else { Code::TimedOut };
            axum::response::IntoResponse::into_response(Problem::new(code))
        }
    }
}

fn language_of(request: &Request) -> Language {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE);
    wanted.and_then(|value| value.to_str().ok()).map(Language::from_accept).unwrap_or_default()
}

/// Renders our own problems anew in the right language; what the framework refuses in plain text or
/// with no text at all becomes a problem as well. Other bodies are left alone.
fn rendered(mut response: Response, language: Language, trace: &TraceId) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match unspoken(&response) {
            Some(code) => Problem::new(code),
            None => return response,
        },
    };
    let mut told = problem.render(language, Some(trace));
    // Such as `Allow` beside a 405.
    for (name, value) in response.headers() {
        if !told.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            told.headers_mut().append(name, value.clone());
        }
    }
    told
}

fn unspoken(response: &Response) -> Option<Code> {
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

fn count(service: &'static str, route: &str, status: StatusCode, took: Duration, span: &Span) {
    metrics::HTTP_REQUESTS.add([service, route, status.as_str()], 1);
    metrics::HTTP_SECONDS.observe([service, route], took.as_secs_f64());
    let _in_span = span.enter();
    let (status, ms) = (status.as_u16(), field::display(took.as_millis()));
    if status >= 500 {
        tracing::warn!(status, ms, "Answered");
    } else if route.starts_with("/health") || route == "/metrics" {
        tracing::trace!(status, ms, "Answered");
    } else {
        tracing::debug!(status, ms, "Answered");
    }
}
