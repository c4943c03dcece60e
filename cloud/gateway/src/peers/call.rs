//! Calls to a part at its addresses: one after the other takes a call, those that fail rest, and a call that is
//! safe to repeat is repeated.
//!
//! Invariant: a request that is neither a read nor a change under its own key is sent once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use platform::upstream::{Upstream, UpstreamError};
use process::{clock::Clock, metrics, parts::CloudPart, problem::Problem};
use wire::Code;

use super::replicas::{CallEnd, ReplicaSet};
use crate::{
    forward::{BODY_BYTES_MAX, unreadable},
    identity::unavailable,
    upload::UploadVerdict,
};

/// A request goes out this often at most.
const SENT_MAX: usize = 3;
/// Asked for by the readiness check, a look that says nothing of the other routes.
const LIVE_PATH: &str = "/health/live";

#[derive(Clone)]
struct GuardedPart {
    part: CloudPart,
    upstreams: Arc<[Upstream]>,
    replicas: Arc<Mutex<ReplicaSet>>,
    clock: Clock,
    patience: Duration,
}

/// A call under way. One that is dropped was cut off: by its caller, or by the time limit.
struct CallUnderWay<'a> {
    guarded: &'a GuardedPart,
    replica: usize,
    begun: Duration,
    /// An upload that is slow is the caller's.
    is_upload: bool,
    is_look: bool,
    end: Option<CallEnd>,
}

/// A request that may be sent again.
struct Repeatable {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// Marks a change that carries a key, on a route that heeds keys.
#[derive(Clone, Copy)]
pub struct OwnKey;

/// One upstream for all addresses of a part.
pub fn guarded(
    part: CloudPart,
    upstreams: Vec<Upstream>,
    clock: Clock,
    patience: Duration,
) -> Upstream {
    let replicas = Arc::new(Mutex::new(ReplicaSet::new(upstreams.len())));
    let guarded = GuardedPart { part, upstreams: upstreams.into(), replicas, clock, patience };
    Upstream::local(Router::new().fallback(pass_on).with_state(guarded))
}

async fn pass_on(State(guarded): State<GuardedPart>, request: Request) -> Response {
    match guarded.call(request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

impl GuardedPart {
    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let verdict = request.extensions().get::<UploadVerdict>().cloned();
        let is_look = request.uri().path() == LIVE_PATH;
        let (mut request, again) = self.repeatable(request, verdict.is_some()).await?;
        let (mut failure, mut failed) = (None, None);
        for sent in 1..=SENT_MAX {
            let mut call = match self.choose(verdict.is_some(), is_look, failed) {
                Ok(call) => call,
                Err(problem) => return failure.unwrap_or(Err(problem)),
            };
            let answer = self.upstreams[call.replica].call(request).await;
            let broke_off = verdict.as_ref().is_some_and(UploadVerdict::is_given);
            call.end = Some(end(&answer, broke_off, is_look));
            let has_failed = call.end == Some(CallEnd::Failed);
            failed = Some(call.replica);
            drop(call);
            let was_unanswered = answer.is_err();
            let answer = match answer {
                Ok(answer) if has_failed && !is_problem(&answer) => Err(unavailable(self.part)),
                Ok(answer) => Ok(answer),
                Err(error) => Err(self.out_of_reach(&error)),
            };
            let Some(again) = again.as_ref().filter(|_| has_failed && sent < SENT_MAX) else {
                return answer;
            };
            // A single address that has answered would say the same again.
            if !(was_unanswered || self.upstreams.len() > 1) || !self.lock().may_retry() {
                return answer;
            }
            metrics::UPSTREAM_RETRIES.add([self.part.name()], 1);
            request = again.request();
            failure = Some(answer);
        }
        failure.unwrap_or_else(|| Err(unavailable(self.part)))
    }

    fn choose(
        &self,
        is_upload: bool,
        is_look: bool,
        failed: Option<usize>,
    ) -> Result<CallUnderWay<'_>, Problem> {
        let begun = self.clock.elapsed();
        let chosen = match is_look {
            true => self.lock().look(begun, failed),
            false => self.lock().choose(begun, failed),
        };
        let replica = chosen.map_err(|wait| {
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            unavailable(self.part).retry_after(seconds)
        })?;
        Ok(CallUnderWay { guarded: self, replica, begun, is_upload, is_look, end: None })
    }

    fn lock(&self) -> MutexGuard<'_, ReplicaSet> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out_of_reach(&self, error: &UpstreamError) -> Problem {
        tracing::warn!(part = self.part.name(), %error, "A part is out of reach");
        match error {
            UpstreamError::TimedOut => Problem::new(Code::TimedOut).with("part", self.part.name()),
            _ => unavailable(self.part),
        }
    }

    /// The request, and itself once more where it is a read, or a change under its own key.
    async fn repeatable(
        &self,
        request: Request,
        is_upload: bool,
    ) -> Result<(Request, Option<Repeatable>), Problem> {
        let is_keyed = request.extensions().get::<OwnKey>().is_some();
        let is_upgrade = request.headers().contains_key(header::UPGRADE);
        let size = request.body().size_hint().exact();
        let is_held = size.is_some_and(|bytes| bytes <= BODY_BYTES_MAX as u64);
        if is_upload || is_upgrade || !is_held || !(request.method().is_safe() || is_keyed) {
            return Ok((request, None));
        }
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(unreadable)?;
        let again =
            Repeatable { method: parts.method, uri: parts.uri, headers: parts.headers, body };
        Ok((again.request(), Some(again)))
    }
}

impl Repeatable {
    fn request(&self) -> Request {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Drop for CallUnderWay<'_> {
    fn drop(&mut self) {
        let GuardedPart { part, clock, patience, .. } = self.guarded;
        let now = clock.elapsed();
        // The time limit around this call is counted from a little earlier.
        let has_hung = now.saturating_sub(self.begun) >= *patience * 9 / 10 && !self.is_upload;
        let cut_off = if has_hung { CallEnd::Failed } else { CallEnd::Unknown };
        let mut replicas = self.guarded.lock();
        let before = replicas.resting();
        let end = self.end.unwrap_or(cut_off);
        match self.is_look {
            true => replicas.settle_look(self.replica, end, now),
            false => replicas.settle(self.replica, end, now),
        }
        let after = replicas.resting();
        if before != after {
            metrics::UPSTREAM_RESTING.set([part.name()], after as u64);
            let (part, of) = (part.name(), self.guarded.upstreams.len());
            tracing::warn!(part, resting = after, of, "The addresses that answer have changed");
        }
    }
}

/// Refusals of a part are passed on; the words of anything else in front of it are not.
fn is_problem(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/problem+json")
}

/// A part that says when to come back is alive, and speaks of that one request.
fn end(answer: &Result<Response, UpstreamError>, broke_off: bool, is_look: bool) -> CallEnd {
    match answer {
        _ if broke_off => CallEnd::Unknown,
        Err(UpstreamError::Request(_)) => CallEnd::Unknown,
        Err(_) => CallEnd::Failed,
        Ok(response) => match response.status() {
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => CallEnd::Failed,
            StatusCode::SERVICE_UNAVAILABLE
                if !response.headers().contains_key(header::RETRY_AFTER) =>
            {
                CallEnd::Failed
            }
            _ if is_look => CallEnd::Unknown,
            _ => CallEnd::Answered,
        },
    }
}
