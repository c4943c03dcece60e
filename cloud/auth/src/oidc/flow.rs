//! An OpenID Connect flow: the browser's way to an issuer and back. The browser keeps its state as
//! a sealed ticket: auth stores nothing for unfinished flows, so they cannot fill a database.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use process::random;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{SessionId, UnixMillis, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcFlow {
    /// The idempotency key under which the flow ends once.
    pub id: Uuid,
    /// The issuer's name in our configuration.
    pub issuer: String,
    pub state: String,
    pub nonce: String,
    verifier: String,
    pub begun_at: UnixMillis,
    /// Present if a signed-in person links the identity to their account.
    pub link: Option<LinkingSession>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkingSession {
    pub user: UserId,
    pub session: SessionId,
    /// When the password that allowed it was set.
    pub password_of: Option<UnixMillis>,
}

/// Enough to sign in elsewhere, even with a code from a phone.
const FLOW_MS: i64 = 10 * 60 * 1000;
const SECRET_BYTES: usize = 32;
const SEAL_CONTEXT: &[u8] = b"holdfast visit at an issuer 1";
/// A flow has some 400 bytes. Longer texts do not open.
const TICKET_BYTES_MAX: usize = 2048;

impl OidcFlow {
    pub fn new(id: Uuid, issuer: &str, begun_at: UnixMillis, link: Option<LinkingSession>) -> Self {
        let [state, nonce, verifier] = [(); 3].map(|()| random::secret_text(SECRET_BYTES));
        Self {
            id,
            issuer: issuer.to_owned(),
            state,
            nonce,
            verifier,
            begun_at,
            link,
        }
    }

    pub fn ends_at(&self) -> UnixMillis {
        self.begun_at.plus_ms(FLOW_MS)
    }

    pub fn pkce_verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.verifier.clone())
    }

    pub fn pkce_challenge(&self) -> PkceCodeChallenge {
        PkceCodeChallenge::from_code_verifier_sha256(&self.pkce_verifier())
    }
}

/// ChaCha20-Poly1305 under a random nonce, safe for 2^32 flows.
#[derive(Clone)]
pub(super) struct OidcFlowSeal(Arc<LessSafeKey>);

impl OidcFlowSeal {
    pub(super) fn new(key: [u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    pub(super) fn close(&self, flow: &OidcFlow) -> String {
        let nonce = random::draw_bytes::<NONCE_LEN>();
        let mut sealed = serde_json::to_vec(flow)
            .expect("a sign-in flow contains only strings and numbers, so it serializes");
        let at = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(at, Aad::from(SEAL_CONTEXT), &mut sealed)
            .expect("a sign-in flow is shorter than 256 GiB");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// `None` if no auth of this platform sealed the text.
    pub(super) fn open(&self, ticket: &str) -> Option<OidcFlow> {
        let mut bytes = URL_SAFE_NO_PAD
            .decode(ticket.get(..TICKET_BYTES_MAX.min(ticket.len()))?)
            .ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(SEAL_CONTEXT), sealed)
            .ok()?;
        serde_json::from_slice(plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_hides_its_visit_and_only_its_own_key_opens_it() {
        let visit = OidcFlow::new(Uuid::nil(), "acme", UnixMillis(5), None);
        let seal = OidcFlowSeal::new([7; 32]);
        let ticket = seal.close(&visit);
        assert_eq!(seal.open(&ticket), Some(visit.clone()));
        assert!(ticket.len() < 800, "{}", ticket.len());
        assert!(OidcFlowSeal::new([8; 32]).open(&ticket).is_none());
        let mut changed = ticket.clone().into_bytes();
        changed[40] = if changed[40] == b'A' { b'B' } else { b'A' };
        for nothing in [
            "",
            "x",
            "ü",
            &ticket[..40],
            &String::from_utf8(changed).unwrap(),
        ] {
            assert!(seal.open(nothing).is_none(), "{nothing}");
        }
        let other = OidcFlow::new(Uuid::nil(), "acme", UnixMillis(5), None);
        assert!(other.state != visit.state && other.nonce != visit.nonce);
        assert_ne!(
            other.pkce_verifier().secret(),
            visit.pkce_verifier().secret()
        );
    }
}
