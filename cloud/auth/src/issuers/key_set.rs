//! An issuer's signing keys, from its key set (RFC 7517).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

/// The accepted signature algorithms: neither `none` nor a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TokenAlgorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Only the usable keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerKeys(Vec<IssuerKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    kid: Option<String>,
    material: KeyMaterial,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyMaterial {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
pub struct KeySetDocument {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct JsonWebKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// An issuer has two or three. Further ones are ignored.
const KEYS_MAX: usize = 64;
const COORDINATE_LEN: usize = 32;
const UNCOMPRESSED: u8 = 4;

impl IssuerKeys {
    pub fn from_document(document: KeySetDocument) -> Self {
        let keys = document.keys.into_iter().take(KEYS_MAX);
        let written = keys.filter_map(|key| serde_json::from_value(key).ok());
        Self(written.filter_map(IssuerKey::from_jwk).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds the key of a token. Without a `kid`, the algorithm must match exactly one key.
    pub fn find_key(&self, kid: Option<&str>, algorithm: TokenAlgorithm) -> Option<&IssuerKey> {
        let mut fitting = self.0.iter().filter(|key| key.signs_by(algorithm));
        match kid {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

impl IssuerKey {
    fn from_jwk(key: JsonWebKey) -> Option<Self> {
        let JsonWebKey {
            kty,
            kid,
            purpose,
            alg,
            crv,
            n,
            e,
            x,
            y,
        } = key;
        if purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let material = match (kty.as_str(), crv.as_deref()) {
            ("RSA", _) => KeyMaterial::Rsa {
                n: decode_integer(&n?)?,
                e: decode_integer(&e?)?,
            },
            ("EC", Some("P-256")) => {
                let x = decode_coordinate(&x?)?;
                let y = decode_coordinate(&y?)?;
                KeyMaterial::P256([&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519(decode_coordinate(&x?)?),
            _ => return None,
        };
        let own = match material {
            KeyMaterial::Rsa { .. } => "RS256",
            KeyMaterial::P256(_) => "ES256",
            KeyMaterial::Ed25519(_) => "EdDSA",
        };
        alg.is_none_or(|alg| alg == own)
            .then_some(Self { kid, material })
    }

    fn signs_by(&self, algorithm: TokenAlgorithm) -> bool {
        matches!(
            (&self.material, algorithm),
            (KeyMaterial::Rsa { .. }, TokenAlgorithm::Rs256)
                | (KeyMaterial::P256(_), TokenAlgorithm::Es256)
                | (KeyMaterial::Ed25519(_), TokenAlgorithm::EdDsa)
        )
    }

    pub fn is_signature_valid(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            KeyMaterial::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            KeyMaterial::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            KeyMaterial::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
        };
        verified.is_ok()
    }
}

/// Strips leading zeros, which ring rejects.
fn decode_integer(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

fn decode_coordinate(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() == COORDINATE_LEN)
}
