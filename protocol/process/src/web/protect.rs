//! Security headers for browsers. Data must not run, be framed, be sniffed, be cached for another
//! person or send a referrer. An app's pages have a separate policy.

use axum::{Router, response::Response};
use http::{HeaderName, HeaderValue, header};
use tower::util::MapResponseLayer;

use crate::pages;

const OF_DATA: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Routes cannot remove these security headers.
pub fn with_security_headers(router: Router) -> Router {
    router.layer(MapResponseLayer::new(set_security_headers))
}

pub(crate) fn set_security_headers(mut response: Response) -> Response {
    let is_page = pages::take_mark(&mut response);
    let policy: &[_] = if is_page { &pages::POLICY } else { &OF_DATA };
    let headers = response.headers_mut();
    for (name, value) in policy.iter().cloned() {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
