//! Sign-in at other services (issuers) by OpenID Connect, with the authorization code flow and
//! PKCE.
//!
//! Invariants: requests to an issuer use TLS or stay on this machine, and never follow redirects;
//! the size, duration and number of its answers are bounded; an unavailable issuer fails only its
//! own sign-ins; no claim counts before the ID token's signature, audience and nonce are verified.

mod call;
mod config;
mod id_token;
mod issuer;
mod key_set;
mod visit;

use std::sync::Arc;

use process::{clock::Clock, tokens::ServiceKey};

pub use config::{IssuerConfig, IssuerConfigError};
pub use id_token::{IdentityClaims, constant_time_eq};
pub use issuer::{AuthorizationResponse, Issuer, OidcFlowError, VerifiedIdentity};
pub use visit::{LinkingSession, OidcFlow};

use visit::OidcFlowSeal;

/// The purpose under which the replicas of auth derive a shared key.
const VISITS: &str = "visits at issuers";

/// The configured issuers. Clones share their cached metadata and keys.
#[derive(Clone)]
pub struct Issuers {
    known: Arc<[Issuer]>,
    seal: OidcFlowSeal,
}

impl Issuers {
    pub fn new(
        configs: &[IssuerConfig],
        return_to: &str,
        clock: &Clock,
        key: &ServiceKey,
    ) -> Result<Self, IssuerConfigError> {
        config::check_issuer_configs(configs, return_to)?;
        let known = configs
            .iter()
            .map(|config| Issuer::new(config, return_to, clock));
        Ok(Self {
            known: known.collect(),
            seal: OidcFlowSeal::new(key.derive_secret(VISITS)),
        })
    }

    pub fn all(&self) -> &[Issuer] {
        &self.known
    }

    pub fn find_by_name(&self, name: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.name() == name)
    }

    /// Finds the issuer whose tokens carry this address.
    pub fn find_by_address(&self, address: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.address() == address)
    }

    /// Seals the flow for the browser that started it; only auth can open the ticket.
    pub fn seal_ticket(&self, flow: &OidcFlow) -> String {
        self.seal.close(flow)
    }

    pub fn open_ticket(&self, ticket: &str) -> Option<OidcFlow> {
        self.seal.open(ticket)
    }
}
