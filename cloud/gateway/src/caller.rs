//! The verified caller of a request, and the refusals that every stage of a request shares.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{HeaderValue, request::Parts};
use platform::upstream::UpstreamError;
use process::{parts::CloudPart, problem::Problem, tokens::Claims};
use serde::{Deserialize, Serialize};
use wire::{Code, Permission, UnixMillis};

const UNAVAILABLE_RETRY_S: u32 = 2;

/// A caller with a valid token.
pub(crate) struct VerifiedCaller {
    pub claims: Claims,
    pub token: String,
    /// Set if the caller used a cookie.
    pub browser: Option<BrowserSession>,
    /// The renewed session cookie.
    pub cookie: Option<HeaderValue>,
    /// Set for an admin on a route that uses permissions.
    pub permissions: Option<Vec<Permission>>,
}

/// The contents of a session cookie.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct BrowserSession {
    pub token: String,
    pub csrf: String,
    pub username: String,
    /// The time after which the token cannot be renewed; absent before the first renewal.
    pub ends_at: Option<UnixMillis>,
}

/// Gives a handler the caller that the pipeline verified. Refuses the request if there is none.
#[derive(Clone)]
pub(crate) struct RequestCaller(pub Arc<VerifiedCaller>);

impl<S: Send + Sync> FromRequestParts<S> for RequestCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>();
        caller.cloned().ok_or_else(invalid_token)
    }
}

/// The same answer for missing, malformed, expired and revoked tokens, so a thief learns nothing.
pub(crate) fn invalid_token() -> Problem {
    Problem::new(Code::InvalidToken)
}

pub(crate) fn part_unavailable(part: CloudPart) -> Problem {
    Problem::new(Code::Unavailable)
        .with_member("part", part.name())
        .retry_after(UNAVAILABLE_RETRY_S)
}

/// The answer to a caller if the part does not respond.
pub(crate) fn upstream_problem(part: CloudPart, error: &UpstreamError) -> Problem {
    match error {
        UpstreamError::TimedOut => Problem::new(Code::TimedOut).with_member("part", part.name()),
        UpstreamError::Resting { wait } => {
            let seconds = wait.as_millis().div_ceil(1_000);
            part_unavailable(part).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        _ => part_unavailable(part),
    }
}
