//! The other sites that may call from their pages, and the header that keeps browsers to TLS.

use axum::{Router, response::Response};
use http::{HeaderName, HeaderValue, Method, Uri, header};
use std::time::Duration;
use tower::util::MapResponseLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};

const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// For a year browsers ask this host by TLS alone, also where a link or a person says `http://`.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

#[derive(Debug, thiserror::Error)]
#[error("gateway.{key}: `{text}` is not an origin such as https://portal.example.com")]
pub struct OriginError {
    key: &'static str,
    text: String,
}

/// Lets pages of these origins call; with none, no preflight is answered.
pub fn cors(router: Router, origins: &[String]) -> Result<Router, OriginError> {
    if origins.is_empty() {
        return Ok(router);
    }
    let origins =
        origins.iter().map(|text| origin("cors_origins", text)).collect::<Result<Vec<_>, _>>()?;
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([RATE_LIMIT, RATE_LIMIT_POLICY, header::RETRY_AFTER])
        .max_age(PREFLIGHT_KEPT);
    Ok(router.layer(layer))
}

/// Makes browsers keep to TLS. Only the process that ends TLS may ask for that: behind a proxy, it
/// is the proxy.
pub fn keep_to_tls(router: Router) -> Router {
    router.layer(MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
        response
    }))
}

/// An origin is compared as text, so it must be written as browsers write it; `*` is not one.
pub fn origin(key: &'static str, text: &str) -> Result<HeaderValue, OriginError> {
    let wrong = || OriginError { key, text: text.to_owned() };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let written = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority)) => format!("{scheme}://{authority}"),
        _ => return Err(wrong()),
    };
    if written != text || text.contains('@') {
        return Err(wrong());
    }
    HeaderValue::from_str(text).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["http://localhost:5173", "https://portal.example.com"] {
            assert!(origin("cors_origins", good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "",
            "null",
            "portal.example.com",
            "https://a.b/",
            "https://a.b/c",
            "ftp://a.b",
            "https://u@a.b",
        ] {
            assert!(origin("cors_origins", bad).is_err(), "{bad}");
        }
    }
}
