//! The public keys that verify people's tokens, and a cache of verified tokens: a check costs 35
//! µs, and a tablet sends the same token with every command.
//!
//! Invariant: a key admits no one before it is trusted, and a former key admits no one.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hashlink::LruCache;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use ring::digest;
use serde::{Deserialize, de::DeserializeOwned};
use wire::UnixMillis;

use super::{Claims, TOKEN_BYTES_MAX, TokenAudience, TokenError, provider};

#[derive(Clone)]
pub struct TokenKeys(Arc<RwLock<Inner>>);

struct Inner {
    jwks: String,
    by_kid: HashMap<String, KnownKey>,
    /// Verified tokens by hash. An evicted one is only verified again.
    checked: LruCache<[u8; 32], CheckedToken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KnownKey {
    public: [u8; 32],
    /// Unix seconds.
    trusted_from: i64,
    is_former: bool,
}

#[derive(Clone)]
struct CheckedToken {
    claims: Claims,
    key: KnownKey,
}

#[derive(Debug, thiserror::Error)]
pub enum TokenKeysError {
    #[error("could not parse the key set")]
    Unreadable(#[source] serde_json::Error),
    #[error("the key set contains no Ed25519 key")]
    Empty,
    #[error(
        "the key set contains more than {KEYS_MAX} keys, or more than {FORMER_KEYS_MAX} former ones"
    )]
    TooMany,
}

/// Each rotation adds a key and drops the oldest; a larger set is a mistake.
const KEYS_MAX: usize = 32;
/// Keys whose last token has expired, for the logs of long-disconnected edges.
pub const FORMER_KEYS_MAX: usize = 64;
const CHECKED_MAX: usize = 4096;
/// How far a clock may be behind when a key becomes trusted.
const CLOCK_BEHIND_S: i64 = 300;

impl KnownKey {
    fn lets_in(&self, now: UnixMillis) -> bool {
        !self.is_former && self.is_trusted(now.0.div_euclid(1000))
    }

    fn is_trusted(&self, at_s: i64) -> bool {
        at_s.saturating_add(CLOCK_BEHIND_S) >= self.trusted_from
    }
}

impl Inner {
    fn new(jwks: &str, by_kid: HashMap<String, KnownKey>) -> Self {
        Self {
            jwks: jwks.to_owned(),
            by_kid,
            checked: LruCache::new(CHECKED_MAX),
        }
    }
}

impl TokenKeys {
    /// Every token is invalid until a key set arrives.
    pub fn empty() -> Self {
        Self(Arc::new(RwLock::new(Inner::new("", HashMap::new()))))
    }

    /// Keys that the set lacks lose their trust. Returns true if any did.
    pub fn replace_key_set(&self, jwks: &str) -> Result<bool, TokenKeysError> {
        let by_kid = parse_key_set(jwks)?;
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let lost = !inner.by_kid.iter().all(|(kid, key)| {
            by_kid
                .get(kid)
                .is_some_and(|found| found.public == key.public)
        });
        if inner.by_kid != by_kid {
            *inner = Inner::new(jwks, by_kid);
        }
        Ok(lost)
    }

    pub fn is_empty(&self) -> bool {
        self.read_inner().by_kid.is_empty()
    }

    /// The key set as received, to pass on.
    pub fn jwks(&self) -> String {
        self.read_inner().jwks.clone()
    }

    /// The claims of an unexpired token that one of these keys signed for `audience`.
    pub fn verify(
        &self,
        token: &str,
        audience: TokenAudience,
        now: UnixMillis,
    ) -> Result<Claims, TokenError> {
        let CheckedToken { claims, key } = self.find_or_verify(token)?;
        if claims.audience() != Some(audience) {
            return Err(TokenError::Elsewhere);
        }
        check_expiry(claims.exp, now)?;
        if key.lets_in(now) {
            Ok(claims)
        } else {
            Err(TokenError::Invalid)
        }
    }

    /// The claims of a token by any of these keys, former ones included, for any audience and time.
    /// They admit no one.
    pub fn read(&self, token: &str) -> Result<Claims, TokenError> {
        self.find_or_verify(token).map(|checked| checked.claims)
    }

    fn find_or_verify(&self, token: &str) -> Result<CheckedToken, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let hash = hash_token(token);
        let known = self.read_inner().checked.peek(&hash).cloned();
        known.map_or_else(|| self.verify_signature(token, hash), Ok)
    }

    fn verify_signature(&self, token: &str, hash: [u8; 32]) -> Result<CheckedToken, TokenError> {
        provider::install_crypto_provider();
        let kid = read_kid(token)?;
        let key = *self
            .read_inner()
            .by_kid
            .get(&kid)
            .ok_or(TokenError::Invalid)?;
        let claims: Claims = verify_signed_claims(token, &key.public)?;
        if !key.is_trusted(claims.iat) {
            return Err(TokenError::Invalid);
        }
        let checked = CheckedToken { claims, key };
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // The keys may have changed meanwhile.
        if inner.by_kid.get(&kid) == Some(&key) {
            inner.checked.insert(hash, checked.clone());
        }
        Ok(checked)
    }

    #[cfg(test)]
    pub(super) fn cached_count(&self) -> usize {
        self.read_inner().checked.len()
    }

    fn read_inner(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.read_inner().by_kid.keys())
            .finish()
    }
}

/// Checks the signature only; the caller has the time and checks the expiry.
pub(super) fn verify_signed_claims<C: DeserializeOwned + Clone>(
    token: &str,
    public: &[u8; 32],
) -> Result<C, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Invalid);
    }
    provider::install_crypto_provider();
    let mut wanted = Validation::new(Algorithm::EdDSA);
    wanted.required_spec_claims.clear();
    wanted.validate_exp = false;
    wanted.validate_aud = false;
    // This takes the raw key, not DER.
    let key = DecodingKey::from_ed_der(public);
    let token = jsonwebtoken::decode::<C>(token, &key, &wanted);
    token
        .map(|token| token.claims)
        .map_err(|_| TokenError::Invalid)
}

pub(super) fn check_expiry(exp: i64, now: UnixMillis) -> Result<(), TokenError> {
    if exp.saturating_mul(1000) > now.0 {
        Ok(())
    } else {
        Err(TokenError::Expired)
    }
}

fn read_kid(token: &str) -> Result<String, TokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
    header.kid.ok_or(TokenError::Invalid)
}

fn hash_token(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

#[derive(Deserialize)]
struct JwksDocument {
    keys: Vec<JwksKey>,
    /// Other issuers omit it.
    #[serde(default)]
    former_keys: Vec<JwksKey>,
}

#[derive(Deserialize)]
struct JwksKey {
    #[serde(default)]
    kid: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    trusted_from: i64,
}

impl JwksKey {
    /// The key by its name; `None` for other than a named Ed25519 key.
    fn into_known_key(self, is_former: bool) -> Option<(String, KnownKey)> {
        let public: [u8; 32] = URL_SAFE_NO_PAD.decode(&self.x).ok()?.try_into().ok()?;
        let key = KnownKey {
            public,
            trusted_from: self.trusted_from,
            is_former,
        };
        (self.crv == "Ed25519" && !self.kid.is_empty()).then_some((self.kid, key))
    }
}

/// Skips keys other than Ed25519.
fn parse_key_set(jwks: &str) -> Result<HashMap<String, KnownKey>, TokenKeysError> {
    let set: JwksDocument = serde_json::from_str(jwks).map_err(TokenKeysError::Unreadable)?;
    if set.keys.len() > KEYS_MAX || set.former_keys.len() > FORMER_KEYS_MAX {
        return Err(TokenKeysError::TooMany);
    }
    let mut by_kid = HashMap::new();
    by_kid.extend(
        set.former_keys
            .into_iter()
            .filter_map(|key| key.into_known_key(true)),
    );
    let former_count = by_kid.len();
    by_kid.extend(
        set.keys
            .into_iter()
            .filter_map(|key| key.into_known_key(false)),
    );
    if by_kid.len() == former_count {
        Err(TokenKeysError::Empty)
    } else {
        Ok(by_kid)
    }
}
