//! The key set at `/.well-known/jwks.json`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wire::UnixMillis;

use super::signer::key_thumbprint;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet {
    /// Keys with live tokens, the present key and the next, in signing order.
    pub keys: Vec<PublishedKey>,
    /// Keys whose tokens have all expired. They identify people in an edge's old log, but admit no
    /// one.
    pub former_keys: Vec<PublishedKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedKey {
    pub public: [u8; 32],
    /// Earlier tokens of the key are refused; 0 for a key that was always trusted.
    pub trusted_from: UnixMillis,
}

impl KeySet {
    pub fn to_json(&self) -> String {
        let mut set = json!({ "keys": list_keys(&self.keys) });
        if !self.former_keys.is_empty() {
            set["former_keys"] = list_keys(&self.former_keys).into();
        }
        set.to_string()
    }
}

fn list_keys(keys: &[PublishedKey]) -> Vec<Value> {
    keys.iter().copied().map(PublishedKey::to_json).collect()
}

impl PublishedKey {
    pub fn kid(&self) -> String {
        key_thumbprint(&self.public)
    }

    fn to_json(self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.public);
        let mut key = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid(), "x": x,
        });
        if self.trusted_from > UnixMillis(0) {
            // Round up: a key is never trusted early.
            key["trusted_from"] = (self.trusted_from.0 + 999).div_euclid(1000).into();
        }
        key
    }
}
