//! The origins of pages: whether a page is the listener's own, and which others may call it.
//!
//! Invariant: a page reached over plain HTTP never counts as the own page of a listener that speaks
//! TLS, because anyone on the network can write that page.

use std::time::Duration;

use axum::Router;
use http::{HeaderName, HeaderValue, Method, Uri, header, uri::Authority};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::trace::IDEMPOTENCY_KEY;

#[derive(Debug, thiserror::Error)]
#[error("{key}: `{text}` is not an origin such as https://portal.example.com")]
pub struct OriginError {
    key: &'static str,
    text: String,
}

/// Request extension: the connection that carries the request is encrypted.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("https") {
            Some(Self::Https)
        } else if text.eq_ignore_ascii_case("http") {
            Some(Self::Http)
        } else {
            None
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// `key` is the setting that lists it. Origins are compared as text, so require the form that
/// browsers send; `*` is invalid.
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

/// True if `origin` names the host and port to which the request went. `scheme` is the one by which
/// the client reached us; `None` if a proxy that we do not trust may have changed it.
pub fn is_own_origin(origin: &HeaderValue, host: &str, scheme: Option<Scheme>) -> bool {
    find_own_origin(origin, host, scheme).is_some()
}

fn find_own_origin(origin: &HeaderValue, host: &str, scheme: Option<Scheme>) -> Option<()> {
    let origin: Uri = origin.to_str().ok()?.parse().ok()?;
    let said = Scheme::parse(origin.scheme_str()?)?;
    let page = origin.authority()?;
    let ours: Authority = host.parse().ok()?;
    let default = said.default_port();
    let is_same = scheme.is_none_or(|scheme| scheme == said)
        && page.host().eq_ignore_ascii_case(ours.host())
        && page.port_u16().unwrap_or(default) == ours.port_u16().unwrap_or(default);
    is_same.then_some(())
}

const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// Allows pages of these origins to call and to read the `exposed` headers; without any origin,
/// preflights get no answer.
pub fn with_cors<const N: usize>(
    router: Router,
    origins: Vec<HeaderValue>,
    exposed: [HeaderName; N],
) -> Router {
    if origins.is_empty() {
        return router;
    }
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
            HeaderName::from_static(IDEMPOTENCY_KEY),
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers(exposed)
        .max_age(PREFLIGHT_KEPT);
    router.layer(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["http://localhost:5173", "https://portal.example.com"] {
            assert!(parse_origin("origins", good).is_ok(), "{good}");
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
            assert!(parse_origin("origins", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_own_page_has_the_host_and_port_of_the_request() {
        use Scheme::{Http, Https};
        for (origin, host, scheme, is_own) in [
            ("https://shop.local", "shop.local", Some(Https), true),
            ("https://shop.local", "SHOP.local:443", Some(Https), true),
            (
                "https://shop.local:8443",
                "shop.local:8443",
                Some(Https),
                true,
            ),
            (
                "https://[fd00::1]:8443",
                "[fd00::1]:8443",
                Some(Https),
                true,
            ),
            ("http://127.0.0.1:8100", "127.0.0.1:8100", Some(Http), true),
            // A proxy may have ended TLS.
            ("https://shop.local", "shop.local", None, true),
            ("http://shop.local", "shop.local", None, true),
            // The plain page of the same machine.
            ("http://shop.local", "shop.local", Some(Https), false),
            ("http://shop.local:443", "shop.local", Some(Https), false),
            ("https://shop.local", "shop.local:8443", Some(Https), false),
            ("https://shop.local", "shop.local", Some(Http), false),
            ("https://evil.example", "shop.local", None, false),
            ("https://shop.local.evil.example", "shop.local", None, false),
            ("null", "shop.local", None, false),
            ("", "shop.local", None, false),
            ("ftp://shop.local", "shop.local", None, false),
            ("https://shop.local", "", None, false),
        ] {
            let said = HeaderValue::from_static(origin);
            assert_eq!(
                is_own_origin(&said, host, scheme),
                is_own,
                "{origin} {host} {scheme:?}"
            );
        }
    }
}
