//! CORS for pages of other sites, and the HSTS header that keeps browsers on TLS.

use axum::{Router, response::Response};
use http::{HeaderName, HeaderValue, Method, Uri, header};
use std::time::Duration;
use tower::util::MapResponseLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};

const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// Browsers use only TLS for this host for one year, even for `http://` links.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

#[derive(Debug, thiserror::Error)]
#[error("gateway.{key}: `{text}` is not an origin such as https://portal.example.com")]
pub struct OriginError {
    key: &'static str,
    text: String,
}

/// Allows pages of these origins to call; without any, preflights get no answer.
pub fn with_cors(router: Router, origins: &[String]) -> Result<Router, OriginError> {
    if origins.is_empty() {
        return Ok(router);
    }
    let origins = origins
        .iter()
        .map(|text| parse_origin("cors_origins", text))
        .collect::<Result<Vec<_>, _>>()?;
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
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

/// Sets HSTS. Only the process that terminates TLS may set it; behind a proxy that is the proxy.
pub fn with_hsts(router: Router) -> Router {
    router.layer(MapResponseLayer::new(|mut response: Response| {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
        response
    }))
}

/// Origins are compared as text, so require the form that browsers send; `*` is invalid.
pub fn parse_origin(key: &'static str, text: &str) -> Result<HeaderValue, OriginError> {
    as_written_by_browsers(text).ok_or_else(|| OriginError {
        key,
        text: text.to_owned(),
    })
}

fn as_written_by_browsers(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let scheme @ ("http" | "https") = uri.scheme_str()? else {
        return None;
    };
    let written = format!("{scheme}://{}", uri.authority()?);
    if written != text || text.contains('@') {
        return None;
    }
    HeaderValue::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["http://localhost:5173", "https://portal.example.com"] {
            assert!(parse_origin("cors_origins", good).is_ok(), "{good}");
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
            assert!(parse_origin("cors_origins", bad).is_err(), "{bad}");
        }
    }
}
