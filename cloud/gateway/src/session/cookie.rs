//! The cookie of a browser's session.

use http::{HeaderMap, HeaderValue, header};
use process::tokens::ServiceKey;

use super::{BrowserSession, seal::CookieSeal};

/// Reads and writes the cookies. Clones share the key.
#[derive(Clone)]
pub struct SessionCookies {
    seal: CookieSeal,
    /// The origin that browsers use, if they do not connect to this gateway directly.
    pub(super) public_origin: Option<HeaderValue>,
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

impl SessionCookies {
    pub fn new(key: &ServiceKey, public_origin: Option<HeaderValue>) -> Self {
        Self {
            seal: CookieSeal::new(key.derive_secret(KEY)),
            public_origin,
        }
    }

    /// `None` if the cookie is missing or duplicated: a site on a sibling domain may have set the
    /// second one.
    pub fn read(&self, headers: &HeaderMap) -> Option<BrowserSession> {
        self.seal.open(find_single_cookie(headers, self.name())?)
    }

    /// The secret by which auth recognizes this browser. It outlives the session.
    pub fn device_secret(&self, headers: &HeaderMap) -> Option<String> {
        find_single_cookie(headers, self.device_name()).map(str::to_owned)
    }

    pub fn write_device(&self, secret: &str) -> Option<HeaderValue> {
        self.set(self.device_name(), secret, DEVICE_AGE)
    }

    /// A session cookie: it expires when the browser closes.
    pub fn write(&self, session: &BrowserSession) -> HeaderValue {
        self.session_cookie(&self.seal.close(session), "")
    }

    pub fn clear_session(&self) -> HeaderValue {
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
