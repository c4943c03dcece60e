//! Verifies an ID token (OpenID Connect Core 3.1.3.7): signature, issuer, audience, time and nonce,
//! with the signing keys from the issuer's key set (RFC 7517). It is pure: time and keys come in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::{Deserialize, Deserializer};

use crate::constant_time::constant_time_eq;

/// A verified token's claims about its person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct IdentityClaims {
    pub sub: String,
    pub email: Option<String>,
    #[serde(default, deserialize_with = "loose_bool")]
    pub email_verified: bool,
    pub preferred_username: Option<String>,
    pub name: Option<String>,
}

/// A parsed token, not yet verified.
pub(super) struct IdToken<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: TokenAlgorithm,
    kid: Option<String>,
}

/// The values that a token must match. Times are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedClaims<'e> {
    pub issuer: &'e str,
    pub client_id: &'e str,
    pub nonce: &'e str,
    pub begun_at: i64,
    pub now: i64,
}

/// Why a token is rejected. The text is for the log; people only see that the sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    #[error("it is not a signed token")]
    Malformed,
    #[error("its signature algorithm is not supported")]
    Algorithm,
    #[error("its signing key is unknown")]
    UnknownKey,
    #[error("its signature is invalid")]
    Signature,
    #[error("it was issued by another issuer")]
    Issuer,
    #[error("it was issued for another audience")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it was not issued during this sign-in")]
    IssueTime,
    #[error("its nonce belongs to another sign-in")]
    Nonce,
    #[error("it has no subject")]
    Subject,
    /// No token for this code: it was used, is too old, or belongs to another flow.
    #[error("the issuer refused the authorization code as invalid, used or expired")]
    Code,
}

#[derive(Deserialize)]
struct IdTokenHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct IdTokenClaims {
    iss: String,
    aud: AudienceClaim,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    #[serde(flatten)]
    identity: IdentityClaims,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AudienceClaim {
    One(String),
    Several(Vec<String>),
}

const TOKEN_BYTES_MAX: usize = 16 * 1024;
const SUBJECT_BYTES_MAX: usize = 255;
/// Tolerated clock skew.
const LEEWAY_S: i64 = 60;

impl<'t> IdToken<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, IdTokenError> {
        let parts = (text.len() <= TOKEN_BYTES_MAX)
            .then(|| text.rsplit_once('.'))
            .flatten();
        let (signed, signature) = parts.ok_or(IdTokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(IdTokenError::Malformed)?;
        if payload.contains('.') {
            return Err(IdTokenError::Malformed);
        }
        let header: IdTokenHeader = decode_part(header)?;
        let algorithm = serde_json::from_value(header.alg.into());
        let algorithm = algorithm.map_err(|_| IdTokenError::Algorithm)?;
        if header.crit.is_some() {
            return Err(IdTokenError::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| IdTokenError::Malformed)?;
        Ok(Self {
            signed,
            signature,
            algorithm,
            kid: header.kid,
        })
    }

    /// Returns the claims if the token is valid.
    pub(super) fn verify_claims(
        &self,
        keys: &IssuerKeys,
        expected: ExpectedClaims<'_>,
    ) -> Result<IdentityClaims, IdTokenError> {
        let key = keys
            .find_key(self.kid.as_deref(), self.algorithm)
            .ok_or(IdTokenError::UnknownKey)?;
        if !key.is_signature_valid(self.signed.as_bytes(), &self.signature) {
            return Err(IdTokenError::Signature);
        }
        let (_, payload) = self.signed.split_once('.').ok_or(IdTokenError::Malformed)?;
        let claims: IdTokenClaims = decode_part(payload)?;
        claims.check_against(expected)?;
        Ok(claims.identity)
    }
}

impl IdTokenClaims {
    fn check_against(&self, expected: ExpectedClaims<'_>) -> Result<(), IdTokenError> {
        let ExpectedClaims {
            issuer,
            client_id,
            nonce,
            begun_at,
            now,
        } = expected;
        let soon = now.saturating_add(LEEWAY_S);
        let begun = begun_at.saturating_sub(LEEWAY_S);
        let sub = self.identity.sub.len();
        let rules = [
            (self.iss == issuer, IdTokenError::Issuer),
            (self.is_audience(client_id), IdTokenError::Audience),
            (
                self.exp.saturating_add(LEEWAY_S) > now,
                IdTokenError::Expired,
            ),
            ((begun..=soon).contains(&self.iat), IdTokenError::IssueTime),
            (
                self.nbf.is_none_or(|nbf| nbf <= soon),
                IdTokenError::IssueTime,
            ),
            (
                self.nonce
                    .as_deref()
                    .is_some_and(|own| constant_time_eq(own, nonce)),
                IdTokenError::Nonce,
            ),
            (
                (1..=SUBJECT_BYTES_MAX).contains(&sub),
                IdTokenError::Subject,
            ),
        ];
        rules
            .into_iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, fault)| Err(fault))
    }

    /// A token for several audiences must name its requester.
    fn is_audience(&self, client_id: &str) -> bool {
        let is_heard = match &self.aud {
            AudienceClaim::One(one) => one == client_id,
            AudienceClaim::Several(all) => {
                let needs_party = all.len() > 1;
                all.iter().any(|one| one == client_id) && (!needs_party || self.azp.is_some())
            }
        };
        is_heard && self.azp.as_ref().is_none_or(|party| party == client_id)
    }
}

fn decode_part<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, IdTokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| IdTokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| IdTokenError::Malformed)
}

/// Some issuers write `"true"`.
fn loose_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value == true || value == "true")
}

/// The accepted signature algorithms: neither `none` nor a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum TokenAlgorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Only the usable keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IssuerKeys(Vec<IssuerKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IssuerKey {
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
pub(super) struct KeySetDocument {
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
    pub(super) fn from_document(document: KeySetDocument) -> Self {
        let keys = document.keys.into_iter().take(KEYS_MAX);
        let written = keys.filter_map(|key| serde_json::from_value(key).ok());
        Self(written.filter_map(IssuerKey::from_jwk).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds the key of a token. Without a `kid`, the algorithm must match exactly one key.
    pub(super) fn find_key(
        &self,
        kid: Option<&str>,
        algorithm: TokenAlgorithm,
    ) -> Option<&IssuerKey> {
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

    pub(super) fn is_signature_valid(&self, message: &[u8], signature: &[u8]) -> bool {
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

#[cfg(test)]
mod tests;
