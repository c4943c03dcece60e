//! The policy of an app's pages: only their own files run or load, and only the two named Trusted
//! Types policies can create script.

use axum::response::Response;
use http::{HeaderName, header};

const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types vue holdfast";

pub const POLICY: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer`, some browsers also hide the origin of a page's own requests.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

#[derive(Clone, Copy)]
struct PageMark;

/// Marks an answer as a page's file, for the `web::protect` module.
pub fn mark_page(mut response: Response) -> Response {
    response.extensions_mut().insert(PageMark);
    response
}

/// Removes the mark; true if it was set.
pub fn take_mark(response: &mut Response) -> bool {
    response.extensions_mut().remove::<PageMark>().is_some()
}
