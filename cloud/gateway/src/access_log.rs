//! The access log: one line per request, even if the caller hangs up before the response.
//!
//! Invariants: a line holds the route's pattern, never the path (paths may contain ids), and no
//! header or query; lines per second are bounded, and the next line counts those left out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Method, StatusCode};
use process::{clock::Clock, trace::TraceId};
use wire::UserId;

use crate::{NAME, routes::Route};

/// Logged instead of the path for pages and unmatched requests: the caller controls the path.
const UNMATCHED: &str = "unmatched";

/// Clones share the line count.
#[derive(Clone)]
pub(crate) struct AccessLog {
    clock: Clock,
    lines_per_second: u32,
    second: Arc<Mutex<LoggedSecond>>,
}

#[derive(Default)]
struct LoggedSecond {
    number: u64,
    written: u32,
    left_out: u64,
}

/// Logs on drop, so every exit from a request writes it.
pub(crate) struct AccessLine {
    log: AccessLog,
    begun: Duration,
    trace: TraceId,
    method: &'static str,
    route: &'static str,
    part: &'static str,
    person: Option<UserId>,
    status: Option<StatusCode>,
}

impl AccessLog {
    pub(crate) fn new(clock: Clock, lines_per_second: u32) -> Self {
        Self {
            clock,
            lines_per_second,
            second: Arc::default(),
        }
    }

    pub(crate) fn start_line(&self, method: &Method, trace: &TraceId) -> AccessLine {
        AccessLine {
            log: self.clone(),
            begun: self.clock.elapsed(),
            trace: trace.clone(),
            method: method_label(method),
            route: UNMATCHED,
            part: NAME,
            person: None,
            status: None,
        }
    }
}

impl LoggedSecond {
    /// Reserves a line and returns the number of lines left out before it; `None` at the limit.
    fn admit_line(&mut self, now: Duration, most: u32) -> Option<u64> {
        if self.number != now.as_secs() {
            (self.number, self.written) = (now.as_secs(), 0);
        }
        if self.written >= most {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl AccessLine {
    pub(crate) fn set_route(&mut self, route: &Route) {
        (self.route, self.part) = (route.path, route.part.name());
    }

    pub(crate) fn set_person(&mut self, person: UserId) {
        self.person = Some(person);
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let now = self.log.clock.elapsed();
        let admitted = {
            let mut second = self
                .log
                .second
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            second.admit_line(now, self.log.lines_per_second)
        };
        let Some(left_out) = admitted else { return };
        let said = if self.status.is_some() {
            "Answered"
        } else {
            "The caller hung up"
        };
        // No parent: the request span repeats the same fields.
        tracing::info!(
            target: "access",
            parent: None,
            method = self.method,
            route = self.route,
            status = self.status.map(|status| status.as_u16()),
            ms = now.saturating_sub(self.begun).as_secs_f64() * 1_000.0,
            person = self.person.map(tracing::field::display),
            part = self.part,
            trace = self.trace.as_str(),
            left_out = (left_out > 0).then_some(left_out),
            "{said}"
        );
    }
}

/// A fixed set of names: callers may send any text as the method.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .iter()
        .zip(NAMES)
        .find(|(known, _)| *known == method)
        .map_or("other", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_counts_the_others() {
        let mut second = LoggedSecond::default();
        let at = Duration::from_millis;
        for (now, admitted) in [
            (at(1_000), Some(0)),
            (at(1_400), Some(0)),
            (at(1_500), None),
            (at(1_999), None),
            (at(2_000), Some(2)),
            (at(2_001), Some(0)),
            (at(2_002), None),
            (at(9_000), Some(1)),
        ] {
            assert_eq!(second.admit_line(now, 2), admitted, "{now:?}");
        }
        assert_eq!(second.admit_line(at(10_000), 0), None, "none at all");
    }

    #[test]
    fn a_word_of_the_callers_is_no_method() {
        assert_eq!(method_label(&Method::PATCH), "PATCH");
        assert_eq!(
            method_label(&Method::from_bytes(b"TOKEN-eyJhbGci").unwrap()),
            "other"
        );
    }
}
