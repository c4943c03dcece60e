//! Services share a key, and know each other by tokens of a minute that name both sides.

use std::path::Path;

use ring::digest;
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

use super::{
    Signer, SignerError, TokenError,
    keys::{signed, unexpired},
};
use crate::clock::Clock;

/// The key of the trust domain. Clones share it.
#[derive(Clone, Debug)]
pub struct ServiceKey(Signer);

#[derive(Clone, Serialize, Deserialize)]
struct ServiceClaims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

const LIFE_S: i64 = 60;
/// How far the clocks of two machines of one platform may differ.
const SKEW_S: i64 = 30;

impl ServiceKey {
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, SignerError> {
        Signer::load_or_create(path).map(Self)
    }

    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignerError> {
        Signer::from_pkcs8(der).map(Self)
    }

    /// A secret that every holder of this key derives alike, one for each purpose. An Ed25519 signature is
    /// the same each time, and nobody without the key can make it; the signed text is no token's.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        let signature = self.0.sign_bytes(format!("holdfast secret: {purpose}").as_bytes());
        let mut secret = [0; 32];
        secret.copy_from_slice(digest::digest(&digest::SHA256, &signature).as_ref());
        secret
    }

    pub fn token(&self, from: &'static str, to: &'static str, clock: &Clock) -> String {
        let iat = clock.now().0 / 1000;
        let (iss, aud) = (from.to_owned(), to.to_owned());
        self.0.sign(&ServiceClaims { iss, aud, iat, exp: iat + LIFE_S })
    }

    /// Which service asks `to`.
    pub fn verify(&self, token: &str, to: &str, now: UnixMillis) -> Result<String, TokenError> {
        let claims: ServiceClaims = signed(token, &self.0.public_key())?;
        if claims.aud != to {
            return Err(TokenError::Invalid);
        }
        unexpired(claims.exp.saturating_add(SKEW_S), now)?;
        Ok(claims.iss)
    }
}
