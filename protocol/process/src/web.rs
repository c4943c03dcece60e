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
pub use listen::{BindError, bind, converse_with_all, serve, serve_by_tls};
pub use paced::PacedStream;
pub use protect::protected;
pub use slots::{SlotProof, Slots};

/// For bodies held whole, by an extractor or on the way to a part; routes may set their own with
/// `DefaultBodyLimit`.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// For any body, on every route.
pub const ANY_BODY_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Until the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Wraps the finished router of `service`; routes added afterwards stay outside.
pub fn standard(router: Router, service: &'static str) -> Router {
    // One layer, because the router boxes each layer and copies every box per request.
    let layers = ServiceBuilder::new()
        .layer(frame::RequestFrame { service, timeout: TIMEOUT })
        .layer(RequestBodyLimitLayer::new(ANY_BODY_BYTES_MAX))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(frame::panicked));
    router.layer(layers)
}

#[cfg(test)]
mod tests;
