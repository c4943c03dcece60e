//! Signs people's tokens in place of auth.

use process::tokens::{Claims, Signer, TokenKeys, TokenKind};
use uuid::Uuid;
use wire::{Actor, Region, Role, SessionId, UnixMillis};

#[derive(Clone)]
pub struct Issuer {
    pub signer: Signer,
}

const LASTS_S: i64 = 3_600;

impl Issuer {
    /// # Panics
    /// If a freshly generated key is invalid.
    pub fn new() -> Self {
        let signer = Signer::from_pkcs8(&Signer::generate_pkcs8());
        Self {
            signer: signer.unwrap_or_else(|error| panic!("{error}")),
        }
    }

    /// The keys of a service that trusts this issuer.
    ///
    /// # Panics
    /// If a service cannot read the published keys.
    pub fn keys(&self) -> TokenKeys {
        let keys = TokenKeys::empty();
        keys.replace_key_set(&self.signer.jwks())
            .unwrap_or_else(|error| panic!("{error}"));
        keys
    }

    /// An access token for the next hour.
    pub fn token(&self, actor: Actor, now: UnixMillis) -> String {
        self.signer.sign_claims(&claims(actor, now))
    }

    /// A token for the edges of that region, for the next hour.
    pub fn edge_token(&self, actor: Actor, region: Region, now: UnixMillis) -> String {
        self.signer.sign_claims(&edge_claims(actor, region, now))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// The claims of an access token issued at that time. Each person has one session, and providers
/// are verified.
pub fn claims(actor: Actor, now: UnixMillis) -> Claims {
    let iat = now.0 / 1_000;
    Claims {
        iss: "holdfast".into(),
        sub: actor.user_id,
        role: actor.role,
        jti: SessionId(Uuid::from_u128(actor.user_id.0.as_u128() + 5_000)),
        iat,
        exp: iat + LASTS_S,
        kind: TokenKind::Access,
        device: None,
        region: None,
        command: None,
        verified: actor.role == Role::Provider,
        mark_version: 0,
        binding: None,
    }
}

/// The claims of a token of the same session for the edges of that region.
pub fn edge_claims(actor: Actor, region: Region, now: UnixMillis) -> Claims {
    Claims {
        kind: TokenKind::Edge,
        region: Some(region),
        ..claims(actor, now)
    }
}
