//! Tokens that an edge signs to open the link.

use serde::{Deserialize, Serialize};
use wire::{EdgeId, UnixMillis};

use super::{
    Signer, TOKEN_BYTES_MAX, TokenError,
    keys::{check_expiry, verify_signed_claims},
};
use crate::{clock::Clock, random};

#[derive(Clone, Serialize, Deserialize)]
struct EdgeClaims {
    sub: EdgeId,
    aud: String,
    iat: i64,
    exp: i64,
    /// Random, so that an edge's tokens differ whatever its clock reads. Older edges omit it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    jti: String,
}

const AUDIENCE: &str = "hub";
const LIFE_S: i64 = 120;
const TOKEN_ID_BYTES: usize = 16;
/// Edges make their own tokens, so lifetime and clock lead are bounded here.
const LIFE_S_MAX: i64 = 600;
const AHEAD_S_MAX: i64 = 600;

/// Valid for two minutes, for one connection attempt.
pub fn edge_token(signer: &Signer, edge: &EdgeId, clock: &Clock) -> String {
    let iat = clock.now().0 / 1000;
    let aud = AUDIENCE.to_owned();
    let jti = random::secret_text(TOKEN_ID_BYTES);
    signer.sign_claims(&EdgeClaims {
        sub: edge.clone(),
        aud,
        iat,
        exp: iat + LIFE_S,
        jti,
    })
}

/// The claimed sender. Unverified: use it only to find the key to check.
pub fn edge_claim(token: &str) -> Result<EdgeId, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Invalid);
    }
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<EdgeClaims>(token);
    claims
        .map(|claims| claims.sub)
        .map_err(|_| TokenError::Invalid)
}

/// The sender, if its key signed the token for a few minutes around now and it has not expired.
pub fn verify_edge(token: &str, public: &[u8; 32], now: UnixMillis) -> Result<EdgeId, TokenError> {
    let claims: EdgeClaims = verify_signed_claims(token, public)?;
    if claims.aud != AUDIENCE {
        return Err(TokenError::Invalid);
    }
    check_expiry(claims.exp, now)?;
    let too_early = claims.iat > now.0 / 1000 + AHEAD_S_MAX;
    if claims.is_too_long() || too_early {
        Err(TokenError::Invalid)
    } else {
        Ok(claims.sub)
    }
}

/// Milliseconds that the edge's clock is ahead of `now`, by a fresh token that `verify_edge`
/// refuses because of its time. `None` if the token is invalid at any time.
pub fn edge_clock_error(token: &str, public: &[u8; 32], now: UnixMillis) -> Option<i64> {
    let claims: EdgeClaims = verify_signed_claims(token, public).ok()?;
    let is_sound = claims.aud == AUDIENCE && !claims.is_too_long();
    is_sound.then(|| claims.iat.saturating_mul(1000).saturating_sub(now.0))
}

impl EdgeClaims {
    fn is_too_long(&self) -> bool {
        self.exp.saturating_sub(self.iat) > LIFE_S_MAX
    }
}
