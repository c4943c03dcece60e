//! Tokens an edge signs with its own key to open the link.

use serde::{Deserialize, Serialize};
use wire::{EdgeId, UnixMillis};

use super::{
    Signer, TOKEN_BYTES_MAX, TokenError,
    keys::{signed, unexpired},
};
use crate::{clock::Clock, random};

#[derive(Clone, Serialize, Deserialize)]
struct EdgeClaims {
    sub: EdgeId,
    aud: String,
    iat: i64,
    exp: i64,
    /// Random, so that no two tokens of an edge are alike, whatever its clock says. Older edges
    /// have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    jti: String,
}

const AUDIENCE: &str = "hub";
const LIFE_S: i64 = 120;
const TOKEN_ID_BYTES: usize = 16;
/// An edge makes its tokens itself, so their life and the lead of its clock are bounded here.
const LIFE_S_MAX: i64 = 600;
const AHEAD_S_MAX: i64 = 600;

/// A token of two minutes, for one attempt to connect.
pub fn edge_token(signer: &Signer, edge: &EdgeId, clock: &Clock) -> String {
    let iat = clock.now().0 / 1000;
    let aud = AUDIENCE.to_owned();
    let jti = random::secret_text(TOKEN_ID_BYTES);
    signer.sign(&EdgeClaims { sub: edge.clone(), aud, iat, exp: iat + LIFE_S, jti })
}

/// Whom a token claims to be from. Nothing is checked: it is only to find the key to check it with.
pub fn edge_claim(token: &str) -> Result<EdgeId, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Invalid);
    }
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<EdgeClaims>(token);
    claims.map(|claims| claims.sub).map_err(|_| TokenError::Invalid)
}

/// Whom it is from, if that edge's key signed it for a few minutes about now and it has not
/// expired.
pub fn verify_edge(token: &str, public: &[u8; 32], now: UnixMillis) -> Result<EdgeId, TokenError> {
    let claims: EdgeClaims = signed(token, public)?;
    if claims.aud != AUDIENCE {
        return Err(TokenError::Invalid);
    }
    unexpired(claims.exp, now)?;
    let too_early = claims.iat > now.0 / 1000 + AHEAD_S_MAX;
    if claims.is_too_long() || too_early { Err(TokenError::Invalid) } else { Ok(claims.sub) }
}

/// How far the edge's clock is ahead of `now`, in milliseconds, by a token that its key has just
/// signed and that `verify_edge` refuses for its time. `None` where the token is no good at any
/// time.
pub fn edge_clock_error(token: &str, public: &[u8; 32], now: UnixMillis) -> Option<i64> {
    let claims: EdgeClaims = signed(token, public).ok()?;
    let is_sound = claims.aud == AUDIENCE && !claims.is_too_long();
    is_sound.then(|| claims.iat.saturating_mul(1000).saturating_sub(now.0))
}

impl EdgeClaims {
    fn is_too_long(&self) -> bool {
        self.exp.saturating_sub(self.iat) > LIFE_S_MAX
    }
}
