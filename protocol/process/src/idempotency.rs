//! The id under which a command is done once, however often its request is sent.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use wire::CommandId;

use crate::{
    problem::Problem,
    say,
    tokens::Verifier,
    trace::{Trace, TraceId},
};

pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The `Idempotency-Key` of a request, or an id made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub command_id: CommandId,
    /// The trace, where it is another than the id.
    pub trace: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotency
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let command_id = match parts.headers.get(IDEMPOTENCY_KEY) {
            None => CommandId(Verifier::from_ref(state).clock.new_id()),
            Some(key) => {
                key.to_str().ok().and_then(|key| key.parse().ok()).ok_or_else(wrong_key)?
            }
        };
        let Ok(Trace(trace)) = Trace::from_request_parts(parts, state).await;
        let trace = Some(trace).filter(|trace| *trace != TraceId::of(command_id));
        Ok(Self { command_id, trace: trace.map(String::from) })
    }
}

fn wrong_key() -> Problem {
    Problem::wrong("Idempotency-Key", say::idempotency_key_no_uuid)
}
