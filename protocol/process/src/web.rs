//! What every HTTP server here does alike: traces, problems in the caller's language, limits, metrics,
//! and a stop that lets answers finish.

mod frame;
mod listen;
mod protect;

use std::time::Duration;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};

pub use listen::{BindError, bind, serve};
pub use protect::protect;

/// What one request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For bodies that an extractor reads; a route may set its own with `DefaultBodyLimit`.
    pub body_bytes: usize,
    /// For any body, whatever a route says.
    pub body_bytes_max: usize,
    /// Until the head of the answer.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let body_bytes = 256 * 1024;
        Self { body_bytes, body_bytes_max: 16 * 1024 * 1024, timeout: Duration::from_secs(30) }
    }
}

/// Wraps the finished router of `service`; routes added afterwards would stand outside.
pub fn standard(router: Router, service: &'static str) -> Router {
    standard_with(router, service, Limits::default())
}

pub fn standard_with(router: Router, service: &'static str, limits: Limits) -> Router {
    let frame = frame::Frame { service, timeout: limits.timeout };
    router
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes_max))
        .layer(middleware::from_fn_with_state(frame, frame::around))
}

#[cfg(test)]
mod tests;
