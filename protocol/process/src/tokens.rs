//! Identity of a caller: signed tokens of people, services and edges, all Ed25519. A token cannot
//! choose another algorithm, because no code here verifies tokens by one. Devices prove their keys
//! by ECDSA on P-256, which every browser has.
//!
//! Invariants: a token is trusted only after a check of its signature here, and its expiry is
//! checked at every use; a person's token opens only the audience that it names: the cloud or one
//! region's edges.

mod caller;
mod keys;
mod machines;
mod proof;
mod provider;
mod signer;

use serde::{Deserialize, Serialize};
use wire::{
    Actor, CommandId, DeviceId, DeviceKey, ProviderVerification, Region, Role, SessionId,
    UnixMillis, UserId,
};

pub(crate) use caller::GuardDecision;
pub use caller::{
    AdminCaller, Caller, HeldPermissions, ServiceCaller, TokenVerifier, USER_PERMISSIONS,
    bearer_token,
};
pub use keys::{FORMER_KEYS_MAX, TokenKeys, TokenKeysError};
pub use machines::{ServiceKey, edge_claim, edge_clock_error, edge_token, verify_edge};
pub use proof::{NONCE_VALID, PresentedToken, ProofNonces, signed_text};
pub use provider::{install_crypto_provider as install_provider, verify_bytes};
pub use signer::{
    KeySet, KeyVault, PublishedKey, Signer, SignerError, create_key_file, is_sound_key,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// From a sign-in, valid for an hour. It opens the cloud.
    Access,
    /// For one device, to work offline for a stated time.
    DeviceGrant,
    /// From a session, valid to its end. It opens the edges of one region.
    Edge,
    /// From a sign-in that requested it, valid as long as the session may last. It opens nothing.
    Refresh,
}

/// The audience that a person's token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAudience {
    Cloud,
    Edges(Region),
    /// Opens nothing: it vouches for one command in the log of an edge of that region.
    Command(Region, CommandId),
    /// Opens nothing: auth exchanges it for new access tokens of the session.
    Refresh,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub sub: UserId,
    pub role: Role,
    pub jti: SessionId,
    /// Unix seconds, as JWT requires.
    pub iat: i64,
    pub exp: i64,
    pub kind: TokenKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The region whose edges accept it; absent from a cloud token.
    #[serde(default, rename = "aud", skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The only command that it vouches for.
    #[serde(default, rename = "cmd", skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// An admin has verified this provider.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// The profile version that `verified` refers to; 0 if auth has not received one.
    #[serde(default, rename = "mark", skip_serializing_if = "is_zero")]
    pub mark_version: u64,
    /// The sender must prove that they hold this key.
    #[serde(default, rename = "cnf", skip_serializing_if = "Option::is_none")]
    pub binding: Option<TokenBinding>,
}

/// The confirmation claim of RFC 7800.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBinding {
    pub key: DeviceKey,
}

impl Claims {
    /// The owner's verification, according to the token.
    pub fn provider_mark(&self) -> ProviderVerification {
        let Self {
            sub: user,
            mark_version: version,
            verified,
            ..
        } = *self;
        ProviderVerification {
            user,
            version,
            verified,
        }
    }

    pub fn with_provider_mark(self, verification: Option<ProviderVerification>) -> Self {
        let (verified, mark_version) =
            verification.map_or((false, 0), |mark| (mark.verified, mark.version));
        Self {
            verified,
            mark_version,
            ..self
        }
    }

    pub fn actor(&self) -> Actor {
        Actor {
            user_id: self.sub,
            role: self.role,
        }
    }

    /// `None` for a combination of kind, region and command that we never issue.
    pub fn audience(&self) -> Option<TokenAudience> {
        match (self.kind, self.region, self.command) {
            (TokenKind::Access, None, None) => Some(TokenAudience::Cloud),
            (TokenKind::DeviceGrant | TokenKind::Edge, Some(region), None) => {
                Some(TokenAudience::Edges(region))
            }
            (TokenKind::Edge, Some(region), Some(command)) => {
                Some(TokenAudience::Command(region, command))
            }
            (TokenKind::Refresh, None, None) => Some(TokenAudience::Refresh),
            _ => None,
        }
    }

    pub fn issued_at(&self) -> UnixMillis {
        UnixMillis(self.iat.saturating_mul(1_000))
    }

    pub fn expires_at(&self) -> UnixMillis {
        UnixMillis(self.exp.saturating_mul(1_000))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not one of ours")]
    Invalid,
    #[error("the token is for another audience")]
    Elsewhere,
    #[error("the token has expired")]
    Expired,
}

fn is_zero(version: &u64) -> bool {
    *version == 0
}

/// Longer texts are not our tokens, nor worth hashing.
const TOKEN_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests;
