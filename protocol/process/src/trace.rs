//! The W3C trace id that follows a cause from the tablet to the last consumer. A command's trace
//! equals its id, so that each leads to the other.

use std::{convert::Infallible, fmt, str::FromStr};

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use wire::CommandId;

use crate::random;

pub const HEADER: &str = "traceparent";
/// Holds the id of a command, and so its trace.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// 32 lower-case hex digits, not all zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TraceId(String);

impl TraceId {
    pub fn random() -> Self {
        Self(format!(
            "{:032x}",
            u128::from_ne_bytes(random::draw_bytes())
        ))
    }

    pub fn from_command(command: CommandId) -> Self {
        Self(command.0.simple().to_string())
    }

    /// Reads only `00-TRACE-SPAN-FLAGS`.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let version = parts.next()?;
        let trace = parts.next()?;
        let span = parts.next()?;
        let flags = parts.next()?;
        let sound = version.len() == 2
            && version != "ff"
            && [version, span, flags].iter().all(|part| is_hex(part))
            && span.len() == 16
            && flags.len() == 2;
        sound.then(|| trace.parse().ok()).flatten()
    }

    /// From `traceparent`, else from `Idempotency-Key`, the command's id.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let traceparent = find_header_text(headers, HEADER);
        traceparent.and_then(Self::from_traceparent).or_else(|| {
            let key = find_header_text(headers, IDEMPOTENCY_KEY)?;
            let id = key.parse().ok()?;
            Some(Self::from_command(CommandId(id)))
        })
    }

    /// The header for an outgoing call: this trace, a new span.
    pub fn to_traceparent(&self) -> String {
        format!(
            "00-{}-{:016x}-01",
            self.0,
            u64::from_ne_bytes(random::draw_bytes())
        )
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn find_header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TraceId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let sound = text.len() == 32 && is_hex(text) && text.bytes().any(|digit| digit != b'0');
        sound
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| "expected 32 hex digits".to_owned())
    }
}

impl From<TraceId> for String {
    fn from(trace: TraceId) -> Self {
        trace.0
    }
}

tokio::task_local! {
    static CURRENT: TraceId;
}

/// The trace of this task, if any.
pub fn current_trace() -> Option<TraceId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `work` in a trace, which its outgoing calls carry.
pub async fn run_in_trace<F: Future>(trace: TraceId, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}

/// The trace of the request, or a new one.
#[derive(Clone, Debug)]
pub struct RequestTrace(pub TraceId);

impl<S: Send + Sync> FromRequestParts<S> for RequestTrace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if let Some(trace) = parts.extensions.get::<RequestTrace>() {
            return Ok(trace.clone());
        }
        Ok(Self(trace_from_headers(&parts.headers)))
    }
}

/// A call inside this process has no header but runs in its caller's task.
pub(crate) fn trace_from_headers(headers: &HeaderMap) -> TraceId {
    TraceId::from_headers(headers)
        .or_else(current_trace)
        .unwrap_or_else(TraceId::random)
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn only_a_sound_traceparent_names_a_trace() {
        for (header, expected) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-more"), true),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (
                format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
                false,
            ),
            (format!("00-{TRACE}-00f067aa0ba902b7"), false),
            (format!("00-{TRACE}-xxf067aa0ba902b7-01"), false),
            (String::new(), false),
        ] {
            let found = TraceId::from_traceparent(&header);
            assert_eq!(
                found.map(String::from),
                expected.then(|| TRACE.to_owned()),
                "{header}"
            );
        }
    }

    #[test]
    fn a_command_and_its_trace_name_each_other() {
        let command: CommandId = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736".parse().unwrap();
        assert_eq!(TraceId::from_command(command).as_str(), TRACE);
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", command.to_string().parse().unwrap());
        assert_eq!(
            TraceId::from_headers(&headers),
            Some(TraceId::from_command(command))
        );
    }

    #[tokio::test]
    async fn work_inside_a_trace_knows_it() {
        assert_eq!(current_trace(), None);
        let trace = TraceId::random();
        assert_eq!(
            run_in_trace(trace.clone(), async { current_trace() }).await,
            Some(trace)
        );
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(header in ".{0,80}") {
            let _ = TraceId::from_traceparent(&header);
        }

        #[test]
        fn what_we_send_we_understand(id: u128) {
            prop_assume!(id != 0);
            let trace: TraceId = format!("{id:032x}").parse().unwrap();
            prop_assert_eq!(TraceId::from_traceparent(&trace.to_traceparent()), Some(trace));
        }
    }
}
