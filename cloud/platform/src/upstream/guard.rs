//! Calls a remote part at its addresses: round robin, a circuit breaker per address, and retries of
//! repeatable calls.
//!
//! Invariant: a request that is neither a read nor a change under an idempotency key is sent once.

mod replicas;

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use process::{clock::Clock, metrics, parts::CloudPart, random, web::BODY_BYTES_MAX};
use wire::Code;

use super::{LIVE_PATH, RemoteService, UpstreamError};
use replicas::{CallOutcome, ReplicaSet};

/// The most attempts per request.
const SENT_MAX: usize = 3;
/// Longest pause before retrying at the same address.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// The response of a proxy in front of the part, which is not passed on.
#[derive(Debug, thiserror::Error)]
#[error("a proxy in front of the service answered {0}")]
struct ProxyResponse(StatusCode);

/// All addresses of a part. Clones share their state.
#[derive(Clone)]
pub struct GuardedPart {
    part: CloudPart,
    addresses: Arc<[RemoteService]>,
    replicas: Arc<Mutex<ReplicaSet>>,
    clock: Clock,
    patience: Duration,
}

/// Request extension of a change that carries an idempotency key, on a route that supports keys.
#[derive(Clone, Copy)]
pub struct IdempotentChange;

/// Request extension of an upload: why its body did not arrive whole, once known. The part sees
/// only a broken stream.
#[derive(Clone, Default)]
pub struct UploadFailure(Arc<OnceLock<Code>>);

/// A call in progress. Dropped without a result, it was cut off by its caller or the time limit.
struct ActiveCall<'a> {
    guard: &'a GuardedPart,
    replica: usize,
    begun: Duration,
    /// The caller causes a slow upload.
    is_upload: bool,
    is_look: bool,
    end: Option<CallOutcome>,
}

/// A request that may be sent again.
struct RepeatableRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl GuardedPart {
    /// A call abandoned after more than `patience` counts as a fault.
    pub(super) fn new(
        part: CloudPart,
        addresses: Vec<RemoteService>,
        clock: Clock,
        patience: Duration,
    ) -> Self {
        let replicas = Arc::new(Mutex::new(ReplicaSet::new(addresses.len())));
        Self {
            part,
            addresses: addresses.into(),
            replicas,
            clock,
            patience,
        }
    }

    pub(super) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let verdict = request.extensions().get::<UploadFailure>().cloned();
        let is_look = request.uri().path() == LIVE_PATH;
        let (mut request, again) = make_repeatable(request, verdict.is_some()).await?;
        let mut failure = None;
        let mut failed = None;
        for sent in 1..=SENT_MAX {
            let mut call = match self.start_call(verdict.is_some(), is_look, failed) {
                Ok(call) => call,
                Err(wait) => return failure.unwrap_or(Err(UpstreamError::Resting { wait })),
            };
            let answer = self.addresses[call.replica].call(request).await;
            let broke_off = verdict.as_ref().and_then(UploadFailure::reason).is_some();
            call.end = Some(classify_outcome(&answer, broke_off, is_look));
            let has_failed = call.end == Some(CallOutcome::Failed);
            failed = Some(call.replica);
            drop(call);
            let was_unanswered = answer.is_err();
            let answer = match answer {
                Ok(answer) if has_failed && !is_problem(&answer) => Err(
                    UpstreamError::Unreachable(Box::new(ProxyResponse(answer.status()))),
                ),
                answer => answer,
            };
            let Some(again) = again.as_ref().filter(|_| has_failed && sent < SENT_MAX) else {
                return answer;
            };
            let is_alone = self.addresses.len() == 1;
            // A single address that has responded would respond the same again.
            if (is_alone && !was_unanswered) || !self.lock_replicas().may_retry() {
                return answer;
            }
            metrics::UPSTREAM_RETRIES.add([self.part.name()], 1);
            if is_alone {
                tokio::time::sleep(random_pause()).await;
            }
            request = again.to_request();
            failure = Some(answer);
        }
        failure.unwrap_or(Err(UpstreamError::TimedOut))
    }

    /// Starts a call, or returns the time until one may be tried.
    fn start_call(
        &self,
        is_upload: bool,
        is_look: bool,
        failed: Option<usize>,
    ) -> Result<ActiveCall<'_>, Duration> {
        let begun = self.clock.elapsed();
        let replica = match is_look {
            true => self.lock_replicas().choose_for_probe(begun, failed),
            false => self.lock_replicas().choose_replica(begun, failed),
        }?;
        Ok(ActiveCall {
            guard: self,
            replica,
            begun,
            is_upload,
            is_look,
            end: None,
        })
    }

    fn lock_replicas(&self) -> MutexGuard<'_, ReplicaSet> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UploadFailure {
    /// Keeps the first reason.
    pub fn set_reason(&self, code: Code) {
        let _ = self.0.set(code);
    }

    pub fn reason(&self) -> Option<Code> {
        self.0.get().copied()
    }
}

/// Returns the request, plus a copy for retries if it is a read or has an idempotency key.
async fn make_repeatable(
    request: Request<Body>,
    is_upload: bool,
) -> Result<(Request<Body>, Option<RepeatableRequest>), UpstreamError> {
    let is_keyed = request.extensions().get::<IdempotentChange>().is_some();
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let size = request.body().size_hint().exact();
    // Longer requests are not buffered for retries.
    let is_held = size.is_some_and(|bytes| bytes <= BODY_BYTES_MAX as u64);
    if is_upload || is_upgrade || !is_held || !(request.method().is_safe() || is_keyed) {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    let body = body.map_err(|error| UpstreamError::Request(Box::new(error)))?;
    let again = RepeatableRequest {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    };
    Ok((again.to_request(), Some(again)))
}

/// Random jitter, so that callers who failed together do not retry together.
fn random_pause() -> Duration {
    let share = u32::from(u16::from_le_bytes(random::draw_bytes()));
    PAUSE_MAX * share / u32::from(u16::MAX)
}

impl RepeatableRequest {
    fn to_request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Drop for ActiveCall<'_> {
    fn drop(&mut self) {
        let GuardedPart {
            part,
            clock,
            patience,
            ..
        } = self.guard;
        let now = clock.elapsed();
        // The time limit around this call started a little earlier.
        let has_hung = now.saturating_sub(self.begun) >= *patience * 9 / 10 && !self.is_upload;
        let cut_off = if has_hung {
            CallOutcome::Failed
        } else {
            CallOutcome::Unknown
        };
        let mut replicas = self.guard.lock_replicas();
        let before = replicas.count_resting();
        let end = self.end.unwrap_or(cut_off);
        match self.is_look {
            true => replicas.settle_look(self.replica, end, now),
            false => replicas.record_outcome(self.replica, end, now),
        }
        let after = replicas.count_resting();
        if before != after {
            metrics::UPSTREAM_RESTING.set([part.name()], after as u64);
            let part = part.name();
            let of = self.guard.addresses.len();
            tracing::warn!(
                part,
                resting = after,
                of,
                "The number of failing addresses has changed"
            );
        }
    }
}

/// A part's refusals are passed on; a proxy's responses are not.
fn is_problem(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/problem+json")
}

/// A part that sends `Retry-After` is alive and refuses only this request.
fn classify_outcome(
    answer: &Result<Response<Body>, UpstreamError>,
    broke_off: bool,
    is_look: bool,
) -> CallOutcome {
    match answer {
        _ if broke_off => CallOutcome::Unknown,
        Err(UpstreamError::Request(_)) => CallOutcome::Unknown,
        Err(_) => CallOutcome::Failed,
        Ok(response) => match response.status() {
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => CallOutcome::Failed,
            StatusCode::SERVICE_UNAVAILABLE
                if !response.headers().contains_key(header::RETRY_AFTER) =>
            {
                CallOutcome::Failed
            }
            _ if is_look => CallOutcome::Unknown,
            _ => CallOutcome::Answered,
        },
    }
}
