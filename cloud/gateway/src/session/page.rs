//! CSRF protection: refuses changes requested by another site's page. The cookie alone proves only
//! the browser.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use process::problem::Problem;
use wire::Code;

use super::{BrowserSession, SessionCookies};
use crate::say;

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// Set by browsers; scripts cannot set it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl SessionCookies {
    /// Accepts a cookie request if it is read-only or comes from our own page.
    pub fn check_csrf(
        &self,
        method: &Method,
        headers: &HeaderMap,
        session: &BrowserSession,
    ) -> Result<(), Problem> {
        if method.is_safe() {
            return Ok(());
        }
        self.check_page(headers)?;
        let mut tokens = headers.get_all(CSRF_TOKEN).into_iter();
        match (tokens.next(), tokens.next()) {
            (Some(token), None) if is_same(token.as_bytes(), session.csrf.as_bytes()) => Ok(()),
            _ => Err(Problem::new(Code::CsrfTokenWrong).with_detail(say::csrf_header)),
        }
    }

    /// Accepts a request from our own page. Older browsers, and all browsers over plain HTTP, send
    /// only `Origin`. A request without either header does not come from a page.
    pub fn check_page(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let site = headers.get(FETCH_SITE).map(|site| site == "same-origin");
        let origin = headers
            .get(header::ORIGIN)
            .map(|origin| self.is_own(origin, headers));
        match (site, origin) {
            (Some(true), None | Some(true)) | (None, Some(true)) => Ok(()),
            _ => Err(Problem::new(Code::ForeignPage).with_detail(say::own_page)),
        }
    }

    fn is_own(&self, origin: &HeaderValue, headers: &HeaderMap) -> bool {
        if let Some(own) = &self.public_origin {
            return own == origin;
        }
        let host = headers
            .get(header::HOST)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default();
        !host.is_empty() && origin.as_bytes().strip_prefix(b"http://") == Some(host)
    }
}

/// Compares hashes in constant time, so timing reveals nothing.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    blake3::hash(one) == blake3::hash(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use process::tokens::{ServiceKey, Signer};

    fn cookies(origin: Option<&'static str>) -> SessionCookies {
        let key = ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        SessionCookies::new(&key, origin.map(HeaderValue::from_static))
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_our_own_page_passes() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:8080");
        const OWN: (&str, &str) = ("origin", "http://127.0.0.1:8080");
        const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
        let plain = cookies(None);
        for (pairs, passes) in [
            (vec![HOST, OWN], true),
            (vec![HOST, SAME], true),
            (vec![HOST, OWN, SAME], true),
            (vec![HOST], false),
            (vec![], false),
            (vec![OWN], false),
            (vec![HOST, ("origin", "null"), SAME], false),
            (vec![HOST, ("origin", "http://evil.example"), SAME], false),
            (vec![HOST, ("origin", "http://127.0.0.1:8081")], false),
            (vec![HOST, ("origin", "https://127.0.0.1:8080")], false),
            (vec![HOST, OWN, ("sec-fetch-site", "cross-site")], false),
            (vec![HOST, OWN, ("sec-fetch-site", "same-site")], false),
            (vec![HOST, ("sec-fetch-site", "none")], false),
        ] {
            assert_eq!(
                plain.check_page(&headers(&pairs)).is_ok(),
                passes,
                "{pairs:?}"
            );
        }
        let public = cookies(Some("https://portal.example.org"));
        for (origin, passes) in [
            ("https://portal.example.org", true),
            ("http://portal.example.org", false),
            ("https://evil.portal.example.org", false),
        ] {
            let said = headers(&[("host", "evil.portal.example.org"), ("origin", origin)]);
            assert_eq!(public.check_page(&said).is_ok(), passes, "{origin}");
        }
    }
}
