//! Signed links that open one file for a short time to anyone who has them.

use process::{clock::Clock, tokens::ServiceKey};
use ring::hmac;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::UnixMillis;

use super::FileId;

/// Signs and verifies links. Every replica of a part derives the same key.
#[derive(Clone)]
pub struct FileLinkSigner {
    key: hmac::Key,
    clock: Clock,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkQuery {
    /// In milliseconds since 1970.
    pub expires: i64,
    /// In hexadecimal digits.
    pub signature: String,
}

/// Long enough for a page to show the file, or a person to save it.
const LIFE_MS: i64 = 5 * 60 * 1000;

impl FileLinkSigner {
    pub fn new(service_key: &ServiceKey, clock: Clock) -> Self {
        let secret = service_key.derive_secret("links to files");
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            clock,
        }
    }

    pub fn sign_link(&self, file: FileId) -> LinkQuery {
        let expires = self.clock.now().plus_ms(LIFE_MS).0;
        let tag = hmac::sign(&self.key, &bytes_to_sign(file, expires));
        LinkQuery {
            expires,
            signature: hex::encode(tag),
        }
    }

    /// Compares in constant time, and checks the expiry last, so that only a valid link can be
    /// found expired.
    pub fn is_good(&self, file: FileId, link: &LinkQuery) -> bool {
        let Ok(tag) = hex::decode(&link.signature) else {
            return false;
        };
        let is_true = hmac::verify(&self.key, &bytes_to_sign(file, link.expires), &tag).is_ok();
        is_true && self.clock.now() < UnixMillis(link.expires)
    }
}

fn bytes_to_sign(file: FileId, expires: i64) -> [u8; 24] {
    let mut text = [0; 24];
    text[..16].copy_from_slice(file.0.as_bytes());
    text[16..].copy_from_slice(&expires.to_be_bytes());
    text
}

#[cfg(test)]
mod tests {
    use process::tokens::Signer;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_opens_one_file_until_its_time() {
        let key = || ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let service_key = key();
        let at = UnixMillis(1_764_000_000_000);
        let links = |now| FileLinkSigner::new(&service_key, Clock::fixed_at(now));
        let file = FileId(Uuid::from_u128(1));
        let other = FileId(Uuid::from_u128(2));
        let link = links(at).sign_link(file);
        assert!(links(at).is_good(file, &link), "on every replica");
        assert!(links(at.plus_ms(LIFE_MS - 1)).is_good(file, &link));
        assert!(!links(at.plus_ms(LIFE_MS)).is_good(file, &link));
        assert!(!links(at).is_good(other, &link));
        let longer = LinkQuery {
            expires: link.expires + 1,
            ..link.clone()
        };
        assert!(!links(at).is_good(file, &longer));
        for signature in ["", "00", "no digits", &link.signature[2..]] {
            let forged = LinkQuery {
                signature: signature.to_owned(),
                ..link.clone()
            };
            assert!(!links(at).is_good(file, &forged), "{signature}");
        }
        assert!(!FileLinkSigner::new(&key(), Clock::fixed_at(at)).is_good(file, &link));
    }
}
