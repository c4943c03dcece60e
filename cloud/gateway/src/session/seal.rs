//! Seals browser sessions, so only this platform's gateways can read or create them.
//!
//! ChaCha20-Poly1305 with random nonces. A key is safe for 2^32 seals: one sign-in per second for
//! over a century.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::random;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::BrowserSession;

#[derive(Clone)]
pub struct CookieSeal(Arc<LessSafeKey>);

/// Change this with the sealed format, so that old cookies are rejected.
const FORM: &[u8] = b"holdfast browser session 1";

impl CookieSeal {
    pub fn new(key: [u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    pub fn close(&self, session: &BrowserSession) -> String {
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
    pub fn open(&self, text: &str) -> Option<BrowserSession> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.0.open_in_place(nonce, Aad::from(FORM), sealed).ok()?;
        serde_json::from_slice(plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
