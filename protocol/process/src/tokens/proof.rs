//! Proof of possession: a grant that is bound to a device's key admits only a sender who signs a
//! nonce of this process with that key. A copy of the grant alone opens nothing.
//!
//! Invariants: a nonce is valid for a few minutes by the monotonic clock of the process that issued
//! it, because the clocks of tablets are wrong; nothing is stored per nonce. A signature covers the
//! nonce and the token, so it proves nothing after a restart or for another token.
//!
//! The signed text names no edge: a rogue edge can have a tablet sign another edge's nonce, and use
//! that proof there until the nonce expires.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use wire::DeviceKey;

use crate::random;

/// How long a nonce is valid, and so how long a copied proof opens the edge that it was made for.
pub const NONCE_VALID: Duration = Duration::from_secs(900);

/// Longer texts are not our nonces.
const NONCE_CHARS_MAX: usize = 64;
const SEPARATOR: char = '~';

/// A token as its holder sends it: alone, or with a proof, as `TOKEN~NONCE~SIGNATURE`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PresentedToken<'a> {
    /// The token alone. Only this part may be stored or passed on.
    pub token: &'a str,
    proof: Option<PossessionProof<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct PossessionProof<'a> {
    nonce: &'a str,
    /// Of the form that browsers make: 64 bytes, as base64url without padding.
    signature: &'a str,
}

impl<'a> PresentedToken<'a> {
    pub fn parse(text: &'a str) -> Self {
        let mut parts = text.splitn(3, SEPARATOR);
        let token = parts.next().unwrap_or_default();
        let nonce = parts.next();
        let signature = parts.next();
        let proof = match (nonce, signature) {
            (Some(nonce), Some(signature)) => Some(PossessionProof { nonce, signature }),
            _ => None,
        };
        Self { token, proof }
    }
}

/// Issues the nonces that devices sign, and recognises them. A restart invalidates all.
#[derive(Clone)]
pub struct ProofNonces(hmac::Key);

impl ProofNonces {
    pub fn new() -> Self {
        let secret = random::draw_bytes::<32>();
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// Returns a nonce that is valid for `NONCE_VALID`. `now` is monotonic.
    pub fn issue_nonce(&self, now: Duration) -> String {
        let issued = now.as_secs().to_be_bytes();
        let tag = hmac::sign(&self.0, &issued);
        URL_SAFE_NO_PAD.encode([issued.as_slice(), tag.as_ref()].concat())
    }

    /// True if the sender holds the private half of `key` and signed a nonce that is still valid.
    pub fn is_proven(&self, presented: PresentedToken<'_>, key: &DeviceKey, now: Duration) -> bool {
        presented.proof.is_some_and(|proof| {
            self.is_valid(proof.nonce, now)
                && is_signed_by(
                    key,
                    &signed_text(proof.nonce, presented.token),
                    proof.signature,
                )
        })
    }

    fn is_valid(&self, nonce: &str, now: Duration) -> bool {
        if nonce.len() > NONCE_CHARS_MAX {
            return false;
        }
        let bytes = URL_SAFE_NO_PAD.decode(nonce).unwrap_or_default();
        let Some((issued, tag)) = bytes.split_first_chunk::<8>() else {
            return false;
        };
        let age = now.as_secs().checked_sub(u64::from_be_bytes(*issued));
        hmac::verify(&self.0, issued, tag).is_ok()
            && age.is_some_and(|age| age <= NONCE_VALID.as_secs())
    }
}

impl Default for ProofNonces {
    fn default() -> Self {
        Self::new()
    }
}

/// The text that a device signs.
pub fn signed_text(nonce: &str, token: &str) -> String {
    format!("holdfast device proof 1\n{nonce}\n{token}")
}

fn is_signed_by(key: &DeviceKey, text: &str, signature: &str) -> bool {
    let Ok(public) = URL_SAFE_NO_PAD.decode(key.as_str()) else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
        .verify(text.as_bytes(), &signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };

    use super::*;

    struct Device {
        pair: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Device {
        fn new() -> Self {
            let random = SystemRandom::new();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
            Self { pair, random }
        }

        fn key(&self) -> DeviceKey {
            let public = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
            public.parse().unwrap()
        }

        fn present(&self, token: &str, nonce: &str) -> String {
            let text = signed_text(nonce, token);
            let signature = self.pair.sign(&self.random, text.as_bytes()).unwrap();
            format!("{token}~{nonce}~{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn only_the_holder_of_the_key_proves_a_token() {
        let nonces = ProofNonces::new();
        let device = Device::new();
        let other = Device::new();
        let nonce = nonces.issue_nonce(NOW);
        let proves =
            |text: &str, key: &DeviceKey| nonces.is_proven(PresentedToken::parse(text), key, NOW);
        let own = device.present("a.b.c", &nonce);
        assert!(proves(&own, &device.key()));
        assert!(!proves(&own, &other.key()), "signed by another device");
        assert!(!proves("a.b.c", &device.key()), "no proof");
        assert!(!proves(&format!("a.b.c~{nonce}"), &device.key()));
        let moved = own.replacen("a.b.c", "a.b.d", 1);
        assert!(!proves(&moved, &device.key()), "a proof for another token");
        assert!(!proves(&format!("{own}~"), &device.key()));
    }

    #[test]
    fn a_proof_ends_with_its_nonce_and_is_for_the_process_that_issued_it() {
        let nonces = ProofNonces::new();
        let device = Device::new();
        let text = device.present("a.b.c", &nonces.issue_nonce(NOW));
        let proves = |nonces: &ProofNonces, now| {
            nonces.is_proven(PresentedToken::parse(&text), &device.key(), now)
        };
        assert!(proves(&nonces, NOW + NONCE_VALID));
        assert!(!proves(&nonces, NOW + NONCE_VALID + Duration::from_secs(1)));
        assert!(
            !proves(&nonces, NOW - Duration::from_secs(1)),
            "from the future"
        );
        assert!(!proves(&ProofNonces::new(), NOW), "of another process");
    }

    #[test]
    fn what_is_stored_of_a_presented_token_is_the_token() {
        for text in ["a.b.c", "a.b.c~n", "a.b.c~n~s", "a.b.c~n~s~x"] {
            assert_eq!(PresentedToken::parse(text).token, "a.b.c");
        }
    }

    /// Made by a browser's WebCrypto: the edge must read what tablets write.
    #[test]
    fn a_browsers_key_and_signature_are_read() {
        let key: DeviceKey = BROWSER_KEY.parse().unwrap();
        let text = signed_text("nonce", "a.b.c");
        assert!(is_signed_by(&key, &text, BROWSER_SIGNATURE));
        assert!(!is_signed_by(&key, "another text", BROWSER_SIGNATURE));
        assert!(!is_signed_by(&key, &text, "not base64url!"));
    }

    const BROWSER_KEY: &str =
        "BK4Q0CMM0tAIjwcIP514RINkpp-pmZruQzSHQwpxOYku0CpshpOWbfc1O4UpsG07Xzy7hcLNsM3EPxH6ZKWg4eI";
    const BROWSER_SIGNATURE: &str =
        "2OD_ueaRBL4-_Qi74Ylz65_0qAExvXAfTZfKHTteQ9gPOCh-U86p-ATZi6RrcpZ8cDtk-fZYzvyoSpRs5j9hBA";
}
