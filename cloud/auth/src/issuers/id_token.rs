//! Verifies an ID token (OpenID Connect Core 3.1.3.7): signature, issuer, audience, time and nonce.
//! It is pure: time and keys come in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest;
use serde::{Deserialize, Deserializer};

use super::key_set::{IssuerKeys, TokenAlgorithm};

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
pub struct IdToken<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: TokenAlgorithm,
    kid: Option<String>,
}

/// The values that a token must match. Times are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct TokenExpectation<'e> {
    pub issuer: &'e str,
    pub client_id: &'e str,
    pub nonce: &'e str,
    pub begun_at: i64,
    pub now: i64,
}

/// Why a token is rejected. The text is for the log; people only see that the sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("it is no signed token")]
    Malformed,
    #[error("its signature is of a kind that is not taken")]
    Algorithm,
    #[error("its key is unknown")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it was not issued in this sign-in")]
    IssueTime,
    #[error("it answers another sign-in")]
    Nonce,
    #[error("it names nobody")]
    Subject,
    /// No token for this code: it was used, is too old, or belongs to another flow.
    #[error("there is none for this code")]
    Code,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
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
enum Audience {
    One(String),
    Several(Vec<String>),
}

const TOKEN_BYTES_MAX: usize = 16 * 1024;
const SUBJECT_BYTES_MAX: usize = 255;
/// Tolerated clock skew.
const LEEWAY_S: i64 = 60;

impl<'t> IdToken<'t> {
    pub fn read(text: &'t str) -> Result<Self, TokenFault> {
        let parts = (text.len() <= TOKEN_BYTES_MAX).then(|| text.rsplit_once('.')).flatten();
        let (signed, signature) = parts.ok_or(TokenFault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        if payload.contains('.') {
            return Err(TokenFault::Malformed);
        }
        let header: Header = decoded(header)?;
        let algorithm = serde_json::from_value(header.alg.into());
        let algorithm = algorithm.map_err(|_| TokenFault::Algorithm)?;
        if header.crit.is_some() {
            return Err(TokenFault::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
        Ok(Self { signed, signature, algorithm, kid: header.kid })
    }

    /// Returns the claims if the token is valid.
    pub fn verified(
        &self,
        keys: &IssuerKeys,
        expected: TokenExpectation<'_>,
    ) -> Result<IdentityClaims, TokenFault> {
        let key = keys.find(self.kid.as_deref(), self.algorithm).ok_or(TokenFault::UnknownKey)?;
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(TokenFault::Signature);
        }
        let (_, payload) = self.signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let claims: Claims = decoded(payload)?;
        claims.judge(expected)?;
        Ok(claims.identity)
    }
}

impl Claims {
    fn judge(&self, expected: TokenExpectation<'_>) -> Result<(), TokenFault> {
        let TokenExpectation { issuer, client_id, nonce, begun_at, now } = expected;
        let soon = now.saturating_add(LEEWAY_S);
        let begun = begun_at.saturating_sub(LEEWAY_S);
        let sub = self.identity.sub.len();
        let rules = [
            (self.iss == issuer, TokenFault::Issuer),
            (self.is_for(client_id), TokenFault::Audience),
            (self.exp.saturating_add(LEEWAY_S) > now, TokenFault::Expired),
            ((begun..=soon).contains(&self.iat), TokenFault::IssueTime),
            (self.nbf.is_none_or(|nbf| nbf <= soon), TokenFault::IssueTime),
            (self.nonce.as_deref().is_some_and(|own| is_same(own, nonce)), TokenFault::Nonce),
            ((1..=SUBJECT_BYTES_MAX).contains(&sub), TokenFault::Subject),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, fault)| Err(fault))
    }

    /// A token for several audiences must name its requester.
    fn is_for(&self, client_id: &str) -> bool {
        let is_heard = match &self.aud {
            Audience::One(one) => one == client_id,
            Audience::Several(all) => {
                let needs_party = all.len() > 1;
                all.iter().any(|one| one == client_id) && (!needs_party || self.azp.is_some())
            }
        };
        is_heard && self.azp.as_ref().is_none_or(|party| party == client_id)
    }
}

/// Compares hashes, so that its timing reveals nothing.
pub fn is_same(one: &str, other: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    hash(one).as_ref() == hash(other).as_ref()
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}

/// Some issuers write `"true"`.
fn loose_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value == true || value == "true")
}

#[cfg(test)]
mod tests;
