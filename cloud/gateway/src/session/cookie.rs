//! The cookie of a browser's session.

use http::{HeaderMap, HeaderValue, header};
use process::tokens::ServiceKey;

use super::{BrowserSession, seal::Seal};

/// Reads and writes the cookie. Clones share the key.
#[derive(Clone)]
pub struct Cookies {
    seal: Seal,
    /// The origin at which browsers reach this gateway, where it is not the address they connect to.
    pub(super) public_origin: Option<HeaderValue>,
}

/// Browsers let only this very host set it, over HTTPS and for every path.
const NAME_BY_TLS: &str = "__Host-holdfast";
const NAME: &str = "holdfast";
/// Every gateway of the platform derives the same key.
const KEY: &str = "browser sessions";

impl Cookies {
    pub fn new(key: &ServiceKey, public_origin: Option<HeaderValue>) -> Self {
        Self { seal: Seal::new(key.secret(KEY)), public_origin }
    }

    /// `None` without a session, and with two: another site below the same name may have added one.
    pub fn read(&self, headers: &HeaderMap) -> Option<BrowserSession> {
        let lines =
            headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut own = pairs.filter(|(name, _)| name.trim() == self.name());
        match (own.next(), own.next()) {
            (Some((_, sealed)), None) => self.seal.open(sealed.trim()),
            _ => None,
        }
    }

    /// Without an end of its own: a browser that is closed forgets it.
    pub fn write(&self, session: &BrowserSession) -> HeaderValue {
        self.set(&self.seal.close(session), "")
    }

    pub fn forget(&self) -> HeaderValue {
        self.set("", "; Max-Age=0")
    }

    fn set(&self, value: &str, age: &str) -> HeaderValue {
        let secure = if self.is_by_tls() { "; Secure" } else { "" };
        let name = self.name();
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
        HeaderValue::from_str(&text).expect("a sealed session is base64")
    }

    fn name(&self) -> &'static str {
        if self.is_by_tls() { NAME_BY_TLS } else { NAME }
    }

    fn is_by_tls(&self) -> bool {
        let origin = self.public_origin.as_ref();
        origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"))
    }
}
