//! The key by which push services recognise this platform: RFC 8292 (VAPID).

use std::{fs, io, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::create_key_file;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use wire::UnixMillis;

/// Services take proofs of up to a day.
const PROOF_LIFE_S: i64 = 12 * 60 * 60;

pub(super) struct ServerKey {
    pair: EcdsaKeyPair,
    /// As browsers want it: the uncompressed point in base64url.
    public: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ServerKeyError {
    #[error("could not read or create the file")]
    File(#[from] io::Error),
    #[error("the file is not a P-256 private key in PKCS#8")]
    NotAKey,
}

/// Creates the file with a new key, readable by its owner alone; keeps an existing file.
pub fn create_if_missing(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    create_key_file(path, &generate_key()).map(drop)
}

impl ServerKey {
    pub(super) fn load_or_create(path: &Path) -> Result<Self, ServerKeyError> {
        create_if_missing(path)?;
        Self::from_pkcs8(&fs::read(path)?)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, ServerKeyError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random)
            .map_err(|_| ServerKeyError::NotAKey)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        Ok(Self { pair, public })
    }

    pub(super) fn public(&self) -> &str {
        &self.public
    }

    /// The header `Authorization` for a service. The proof is good for that service alone.
    pub(super) fn authorize(&self, origin: &str, contact: &str, now: UnixMillis) -> String {
        let header = json!({ "typ": "JWT", "alg": "ES256" });
        let exp = now.0 / 1_000 + PROOF_LIFE_S;
        let claims = json!({ "aud": origin, "exp": exp, "sub": contact });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = match self.pair.sign(&SystemRandom::new(), signed.as_bytes()) {
            Ok(signature) => URL_SAFE_NO_PAD.encode(signature),
            // As in `random`: no signature is safe without random bytes.
            Err(_) => panic!("the operating system provided no random bytes"),
        };
        format!("vapid t={signed}.{signature}, k={}", self.public)
    }
}

fn generate_key() -> Vec<u8> {
    let random = SystemRandom::new();
    match EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random) {
        Ok(document) => document.as_ref().to_vec(),
        Err(_) => panic!("the operating system provided no random bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_proof_names_the_service_and_verifies_by_the_public_key() {
        let key = ServerKey::from_pkcs8(&generate_key()).unwrap();
        let now = UnixMillis(1_764_000_000_999);
        let header = key.authorize("https://push.example.org", "mailto:ops@example.org", now);
        let (token, public) = header
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let [public, signature] = [public, signature].map(|t| URL_SAFE_NO_PAD.decode(t).unwrap());
        assert_eq!((public.len(), public[0]), (65, 4));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let [header, claims] = [0, 1].map(|n| {
            let part = signed.split('.').nth(n).unwrap();
            serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        });
        assert_eq!(header, json!({ "typ": "JWT", "alg": "ES256" }));
        let expected = json!({
            "aud": "https://push.example.org",
            "exp": 1_764_000_000 + PROOF_LIFE_S,
            "sub": "mailto:ops@example.org",
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("push.key");
        let first = ServerKey::load_or_create(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = ServerKey::load_or_create(&path).unwrap();
        assert_eq!(first.public(), again.public());
        fs::write(&path, b"no key").unwrap();
        assert!(matches!(
            ServerKey::load_or_create(&path),
            Err(ServerKeyError::NotAKey)
        ));
    }
}
