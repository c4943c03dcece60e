//! Every HTTP server: traces, problems in the caller's language, limits and a clean stop.

mod arrival;
mod certificate;
mod frame;
mod heads;
mod listen;
mod paced;
pub(crate) mod protect;
mod slots;

use std::time::Duration;

use axum::{Router, extract::DefaultBodyLimit};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};

pub use arrival::BodyArrival;
pub use certificate::{Certificate, CertificateError};
pub use listen::{BindError, bind_listener, serve_connections, serve_http, serve_https};
pub use paced::PacedStream;
pub use protect::with_security_headers;
pub use slots::{ConnectionSlots, SlotProof};

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
        .layer(frame::RequestLayer {
            service,
            timeout: TIMEOUT,
        })
        .layer(RequestBodyLimitLayer::new(ANY_BODY_BYTES_MAX))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(frame::answer_panic));
    router.layer(layers)
}

#[cfg(test)]
mod tests;
