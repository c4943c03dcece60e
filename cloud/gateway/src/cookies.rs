//! The cookies of a browser: its session, which holds the access token sealed and out of reach of
//! scripts, and its device secret. The session cookie alone proves only the browser, so changes
//! also need a CSRF check.
//!
//! Invariants: only this platform's gateways can read or create a session cookie; a cookie request
//! changes data only if it comes from our own page with the session's CSRF token.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use process::{problem::Problem, random, tokens::ServiceKey};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use wire::Code;

use crate::{caller::BrowserSession, say};

/// Reads and writes the cookies. Clones share the key.
#[derive(Clone)]
pub(crate) struct SessionCookies {
    seal: CookieSeal,
    /// The origin that browsers use, if they do not connect to this gateway directly.
    public_origin: Option<HeaderValue>,
}

/// With the `__Host-` prefix, browsers accept the cookie only from this exact host over HTTPS, for
/// every path.
const NAME_BY_TLS: &str = "__Host-holdfast";
const NAME: &str = "holdfast";
const DEVICE_NAME_BY_TLS: &str = "__Host-holdfast-device";
const DEVICE_NAME: &str = "holdfast-device";
/// 90 days, as long as auth remembers a device.
const DEVICE_AGE: &str = "; Max-Age=7776000";
/// All gateways of the platform derive the same key.
const KEY: &str = "browser sessions";
const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// Set by browsers; scripts cannot set it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl SessionCookies {
    pub(crate) fn new(key: &ServiceKey, public_origin: Option<HeaderValue>) -> Self {
        Self {
            seal: CookieSeal::new(key.derive_secret(KEY)),
            public_origin,
        }
    }

    /// `None` if the cookie is missing or duplicated: a site on a sibling domain may have set the
    /// second one.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<BrowserSession> {
        self.seal.open(find_single_cookie(headers, self.name())?)
    }

    /// The secret by which auth recognizes this browser. It outlives the session.
    pub(crate) fn device_secret(&self, headers: &HeaderMap) -> Option<String> {
        find_single_cookie(headers, self.device_name()).map(str::to_owned)
    }

    pub(crate) fn write_device(&self, secret: &str) -> Option<HeaderValue> {
        self.set(self.device_name(), secret, DEVICE_AGE)
    }

    /// A session cookie: it expires when the browser closes.
    pub(crate) fn write(&self, session: &BrowserSession) -> HeaderValue {
        self.session_cookie(&self.seal.close(session), "")
    }

    pub(crate) fn clear_session(&self) -> HeaderValue {
        self.session_cookie("", "; Max-Age=0")
    }

    fn session_cookie(&self, value: &str, age: &str) -> HeaderValue {
        self.set(self.name(), value, age)
            .expect("a sealed session is base64, which a header may hold")
    }

    fn set(&self, name: &str, value: &str, age: &str) -> Option<HeaderValue> {
        let secure = if self.is_by_tls() { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
        HeaderValue::from_str(&text).ok()
    }

    fn device_name(&self) -> &'static str {
        if self.is_by_tls() {
            DEVICE_NAME_BY_TLS
        } else {
            DEVICE_NAME
        }
    }

    fn name(&self) -> &'static str {
        if self.is_by_tls() { NAME_BY_TLS } else { NAME }
    }

    fn is_by_tls(&self) -> bool {
        let origin = self.public_origin.as_ref();
        origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"))
    }

    /// Accepts a cookie request if it is read-only or comes from our own page.
    pub(crate) fn check_csrf(
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
    pub(crate) fn check_page(&self, headers: &HeaderMap) -> Result<(), Problem> {
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

fn find_single_cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let lines = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    let mut own = pairs.filter(|(name, _)| name.trim() == wanted);
    match (own.next(), own.next()) {
        (Some((_, value)), None) => Some(value.trim()),
        _ => None,
    }
}

/// Compares hashes in constant time, so timing reveals nothing.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    blake3::hash(one) == blake3::hash(other)
}

/// Seals sessions with ChaCha20-Poly1305 and random nonces. A key is safe for 2^32 seals: one
/// sign-in per second for over a century.
#[derive(Clone)]
struct CookieSeal(Arc<LessSafeKey>);

/// Change this with the sealed format, so that old cookies are rejected.
const FORM: &[u8] = b"holdfast browser session 1";

impl CookieSeal {
    fn new(key: [u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    fn close(&self, session: &BrowserSession) -> String {
        let nonce = random::draw_bytes::<NONCE_LEN>();
        let mut sealed =
            serde_json::to_vec(session).expect("a session contains only strings, so it serializes");
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(FORM),
                &mut sealed,
            )
            .expect("a session is shorter than 256 GiB");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// `None` if no gateway of this platform sealed the text.
    fn open(&self, text: &str) -> Option<BrowserSession> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.0.open_in_place(nonce, Aad::from(FORM), sealed).ok()?;
        serde_json::from_slice(plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use process::tokens::Signer;

    use super::*;

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

    fn session() -> BrowserSession {
        let [token, csrf, username] = ["a.b.c", "secret", "李四"].map(str::to_owned);
        BrowserSession {
            token,
            csrf,
            username,
            ends_at: None,
        }
    }

    #[test]
    fn a_sealed_session_reads_back_and_hides_its_token() {
        let seal = CookieSeal::new([7; 32]);
        let text = seal.close(&session());
        assert!(text.len() < 300 && text.is_ascii());
        let read = seal.open(&text).unwrap();
        assert_eq!(
            (read.token, read.username),
            (session().token, session().username)
        );
        assert_ne!(seal.close(&session()), text, "each seal has its own nonce");
    }

    #[test]
    fn a_changed_text_and_another_platforms_text_are_nothing() {
        let seal = CookieSeal::new([7; 32]);
        let text = seal.close(&session());
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character contains unused bits.
            let is_same = URL_SAFE_NO_PAD.decode(&changed) == URL_SAFE_NO_PAD.decode(&text);
            assert!(is_same || seal.open(&changed).is_none(), "{place}");
        }
        assert!(CookieSeal::new([8; 32]).open(&text).is_none());
        for nothing in ["", "x", "AAAA", &text[..20], "ü"] {
            assert!(seal.open(nothing).is_none(), "{nothing}");
        }
    }
}
